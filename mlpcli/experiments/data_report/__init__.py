"""`mlp data`: what is in a table before anything is trained on it, and what a network has to beat."""
