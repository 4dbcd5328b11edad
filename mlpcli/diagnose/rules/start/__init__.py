"""Problems that the first forward and backward pass show."""
