"""Stage 12: a model file and rows become predictions and scores."""
