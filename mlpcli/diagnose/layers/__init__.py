"""The state of each layer: signals, gradients, saturation, the size of weights."""
