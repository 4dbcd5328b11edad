"""Stage 3: ops, nodes and the checks that keep a graph well-formed."""
