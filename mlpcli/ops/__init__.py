"""Stage 4: the primitive ops, one block each."""

from mlpcli.ops import elementwise, matmul, move, reduce

__all__ = ["elementwise", "matmul", "move", "reduce"]
