"""Ops, nodes and the checks that keep a graph well-formed."""
