"""Checks of the symbolic gradient: by central differences, op by op, and in another precision."""
