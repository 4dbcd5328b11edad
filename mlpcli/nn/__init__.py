"""Networks, and the tables of what they are made of."""
