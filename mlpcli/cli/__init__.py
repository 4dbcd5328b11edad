"""Stage 15: a thin shell around the library."""
