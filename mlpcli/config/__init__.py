"""Stage 1: a YAML file becomes frozen dataclasses; every key knows its line."""
