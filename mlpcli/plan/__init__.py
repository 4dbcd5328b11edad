"""A graph becomes a plan: kernels in order, on buffers whose lifetimes are known."""
