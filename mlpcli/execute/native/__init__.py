"""The native executor: a plan as machine code."""
