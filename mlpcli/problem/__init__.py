"""A config and its data made ready for training: matrices, network, optimiser, initial weights."""
