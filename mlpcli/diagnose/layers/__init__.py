"""What happens in each layer: signals, gradients, saturation, the size of weights."""
