"""Facts of the graph."""
