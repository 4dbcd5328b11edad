"""Stage 5: networks, and the tables of what they are made of."""
