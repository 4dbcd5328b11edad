"""Clipping: gradients that are too large are made smaller before the optimiser sees them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from mlpcli.graph.node import Node, constant
from mlpcli.ops.elementwise import clip, greater, maximum, minimum, sqrt, where
from mlpcli.ops.reduce import reduce_max, reduce_sum


def clipped(
    gradients: Sequence[Node], value: float | None, norm: float | None
) -> tuple[list[Node], Node | None]:
    """Return the gradients of all parameters, clipped, and whether anything was: 1 or 0, a scalar.

    First the value, g ← max(−value, min(value, g)), entry by entry; then the norm, g ← g·min(1, norm/‖g‖),
    ‖g‖ being that of all gradients together as the first has left them. So both limits hold. value, norm:
    None for no limit; without any, the second result is None.

    Source: Pascanu, Mikolov, Bengio 2013, arXiv:1211.5063, algorithm 1; as torch.nn.utils.clip_grad_norm_
    without the 1e-6 that it adds to ‖g‖.
    """
    found = list(gradients)
    happened: list[Node] = []
    if value is not None:
        largest = reduce(maximum, [reduce_max(abs(gradient)) for gradient in found])
        happened.append(greater(largest, value))
        found = [clip(gradient, low=-value, high=value) for gradient in found]
    if norm is not None:  # of what the first limit has left
        length = sqrt(reduce(lambda a, b: a + b, [reduce_sum(gradient * gradient) for gradient in found]))
        happened.append(greater(length, norm))
        factor = minimum(norm / length, 1.0)
        found = [gradient * factor for gradient in found]
    if not happened:
        return found, None
    yes, no = (constant(number, found[0].dtype) for number in (1.0, 0.0))
    return found, reduce(maximum, [where(each, yes, no) for each in happened])
