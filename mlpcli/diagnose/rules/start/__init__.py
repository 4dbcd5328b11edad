"""What the first forward and backward pass show."""
