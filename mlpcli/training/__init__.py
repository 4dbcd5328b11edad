"""A training, from its initial weights to its run folder: the epochs, what they decide, and how to resume."""
