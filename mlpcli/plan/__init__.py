"""Stage 8: a graph becomes a plan: kernels in order, on buffers whose lifetimes are known."""
