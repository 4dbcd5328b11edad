"""A YAML file becomes frozen dataclasses; every key knows its line."""
