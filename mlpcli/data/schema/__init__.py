"""Schema: what each column of a table means, found once, said, and the same for every later file."""
