"""Facts of the data."""
