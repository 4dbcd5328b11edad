"""Stage 7: parameters and gradients become updated parameters, as graph."""
