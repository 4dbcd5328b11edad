"""Parameters and gradients become updated parameters, as graph."""
