"""The primitive ops, one block each."""

from mlpcli.ops import elementwise, matmul, reduce, view

__all__ = ["elementwise", "matmul", "reduce", "view"]
