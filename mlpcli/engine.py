"""The symbolic engine on its own, for those who come to learn. docs/engine.md has a tour.

x = placeholder("x", (None, 2))
w = parameter("w", (2, 1))
cost = reduce_mean((x @ w) ** 2)
(slope,) = gradients(cost, [w])
compute({"cost": cost, "slope": slope}, {"w": [[1.0], [2.0]]}, {"x": [[1.0, 1.0]]})
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.errors import DisconnectedError, Fault, GraphError, ShapeError, nearest
from mlpcli.execute import Executor, NumpyExecutor
from mlpcli.execute.executor import arithmetic
from mlpcli.grad.reverse import gradients
from mlpcli.graph.node import (
    PARAMETER,
    PLACEHOLDER,
    Node,
    Op,
    constant,
    describe,
    parameter,
    placeholder,
    topological,
)
from mlpcli.graph.show import as_dot, as_text
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.stable import use_logit_forms
from mlpcli.ops.elementwise import (
    clip,
    exp,
    expm1,
    greater,
    greater_equal,
    log,
    log1p,
    maximum,
    minimum,
    sigmoid,
    sign,
    softplus,
    sqrt,
    stop_gradient,
    tanh,
    where,
)
from mlpcli.ops.matmul import matmul
from mlpcli.ops.reduce import reduce_max, reduce_mean, reduce_sum
from mlpcli.plan.kernel import Plan
from mlpcli.plan.make_plan import make_plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "ACTIVATIONS",
    "LOSSES",
    "DisconnectedError",
    "Executor",
    "GraphError",
    "Node",
    "NumpyExecutor",
    "Op",
    "Plan",
    "ShapeError",
    "as_dot",
    "as_text",
    "clip",
    "compute",
    "constant",
    "exp",
    "expm1",
    "gradients",
    "greater",
    "greater_equal",
    "log",
    "log1p",
    "make_plan",
    "matmul",
    "maximum",
    "minimum",
    "parameter",
    "placeholder",
    "reduce_max",
    "reduce_mean",
    "reduce_sum",
    "sigmoid",
    "sign",
    "softplus",
    "sqrt",
    "stop_gradient",
    "tanh",
    "use_logit_forms",
    "where",
]


def compute(
    outputs: Mapping[str, Node],
    parameters: Mapping[str, Any] | None = None,
    inputs: Mapping[str, Any] | None = None,
    executor: Executor | None = None,
) -> dict[str, NDArray[Any]]:
    """Compute the values of nodes, once: plan, compile, run. parameters and inputs: name -> array.

    For many runs make the plan and compile it yourself; this compiles anew each time. Raises GraphError for a
    parameter or placeholder of the graph without a value and for a value that the graph has no use for,
    ShapeError for a value of another shape.
    """
    given = {name: np.asarray(value) for name, value in (inputs or {}).items()}
    sources = [node for node in topological(outputs.values()) if node.op in (PLACEHOLDER, PARAMETER)]
    for source, values in ((PLACEHOLDER, given), (PARAMETER, parameters or {})):
        needed = [node.name for node in sources if node.op is source]
        missing = [name for name in needed if name not in values]
        if missing:
            raise GraphError(Fault("compute", f"No value is given for: {', '.join(missing)}."))
        unknown = [name for name in values if name not in needed]
        if unknown:
            what = f"The graph of these outputs has no {source.name} {unknown[0]!r}."
            remedy = nearest(unknown[0], needed, len(needed)) if needed else "It has none: leave it out."
            raise GraphError(Fault("compute", what, remedy))
    batch = 1
    for node in sources:
        shape = given[node.name].shape if node.op is PLACEHOLDER else np.shape((parameters or {})[node.name])
        if node.shape[:1] == (None,) and shape:
            batch = shape[0]
        wanted = tuple(batch if size is None else size for size in node.shape)
        if shape != wanted:
            raise ShapeError(Fault("compute", f"{describe(node)} is given a value of shape {shape}."))
    plan = make_plan(outputs, batch=batch)
    dtypes = {buffer.name: buffer.dtype for buffer in plan.buffers if buffer.role == "state"}
    state = {
        name: np.array(value, dtypes.get(name, "float64"), order="C")
        for name, value in (parameters or {}).items()
    }
    function = (executor or NumpyExecutor()).compile(plan, state)
    for name, buffer in function.inputs.items():
        buffer[...] = given[name]
    with arithmetic():
        function.run()
    return {name: array.copy() for name, array in function.outputs.items()}
