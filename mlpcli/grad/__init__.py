"""Derivatives of a graph: symbolic by reverse mode, numeric by central differences."""

from mlpcli.grad.reverse import gradients

__all__ = ["gradients"]
