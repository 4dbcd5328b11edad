"""Whether the symbolic gradient is right, by finite differences and by other precisions."""
