"""The version of the package, which models and runs record."""

__version__ = "0.1.0"
