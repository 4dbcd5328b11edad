"""Plans run by NumPy."""
