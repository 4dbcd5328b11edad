"""Stage 6: derivatives, symbolic and numeric."""

from mlpcli.grad.reverse import gradients

__all__ = ["gradients"]
