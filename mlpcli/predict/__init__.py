"""A model file and rows become predictions and scores."""
