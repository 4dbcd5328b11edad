"""The reference executor: a list of NumPy calls on buffers that were all allocated beforehand."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.execute.executor import Executor, Function, State, aligned, view_of
from mlpcli.execute.numpy.scalar_ops import Call, Scratch, constant_array, elementwise_calls, joining_ufunc
from mlpcli.plan.kernel import Buffer, Kernel, Plan

if TYPE_CHECKING:
    from numpy.typing import NDArray


class NumpyFunction(Function):
    """A plan as a list of NumPy calls, in order."""

    def __init__(self, plan: Plan, state: State) -> None:
        pieces = [aligned(size) for size in plan.storage]
        arrays = [_array(buffer, pieces, state) for buffer in plan.buffers]
        scratch: Scratch = {}
        calls: list[Call] = []
        for kernel in plan.kernels:
            calls += _KINDS[kernel.op.kind](kernel, arrays, scratch)
        calls += [partial(np.copyto, arrays[target], arrays[value]) for target, value in plan.updates]
        self._calls = tuple(calls)
        self.inputs = {b.name: a for b, a in zip(plan.buffers, arrays, strict=True) if b.role == "input"}
        self.outputs = {name: arrays[index] for name, index in plan.outputs.items()}

    def run(self) -> None:
        for call in self._calls:
            call()


class NumpyExecutor(Executor):
    """The reference: slow, plain, trusted."""

    name = "numpy"

    def compile(self, plan: Plan, state: State) -> NumpyFunction:
        return NumpyFunction(plan, state)


def _array(buffer: Buffer, pieces: list[NDArray[Any]], state: State) -> NDArray[Any]:
    dtype = np.dtype(buffer.dtype)
    if buffer.role == "state":
        array = state[buffer.name]
        if array.shape != buffer.shape or array.dtype != dtype or not array.flags.c_contiguous:
            raise ValueError(
                f"state {buffer.name!r} must be a C-contiguous {buffer.dtype} array {buffer.shape}"
            )
        return array
    if buffer.role == "constant":
        return constant_array(buffer.value, dtype)
    if buffer.storage >= 0:
        return pieces[buffer.storage].view(dtype)[: _count(buffer.shape)].reshape(buffer.shape)
    return np.zeros(buffer.shape, dtype)  # an input; a view of another buffer replaces it below


def _count(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=np.int64))


def _elementwise(kernel: Kernel, arrays: list[NDArray[Any]], scratch: Scratch) -> list[Call]:
    operands = [arrays[i] for i in kernel.inputs]
    return elementwise_calls(kernel, operands, arrays[kernel.output], scratch)


def _reduce(kernel: Kernel, arrays: list[NDArray[Any]], scratch: Scratch) -> list[Call]:
    x, out = arrays[kernel.inputs[0]], arrays[kernel.output]
    settings: dict[str, Any] = dict(kernel.attributes)
    axes, keep = settings["axes"], settings["keep"]
    if all(x.shape[axis] == 1 for axis in axes):
        return [partial(np.copyto, out, x.reshape(out.shape))]
    if x.flags.c_contiguous and axes == tuple(range(x.ndim)):
        x, axes, out, keep = x.reshape(-1), 0, out.reshape(()), False
    return [partial(joining_ufunc(kernel.op).reduce, x, axes, None, out, keep)]


def _matmul(kernel: Kernel, arrays: list[NDArray[Any]], scratch: Scratch) -> list[Call]:
    a, b = (arrays[i] for i in kernel.inputs)
    settings: dict[str, Any] = dict(kernel.attributes)
    left = a.T if settings["transpose_a"] else a
    right = b.T if settings["transpose_b"] else b
    return [partial(np.dot, left, right, arrays[kernel.output])]


def _view(kernel: Kernel, arrays: list[NDArray[Any]], scratch: Scratch) -> list[Call]:
    x, out = arrays[kernel.inputs[0]], arrays[kernel.output]
    if kernel.op.is_view:
        arrays[kernel.output] = view_of(kernel, x, out.shape)
        return []
    return [partial(out.fill, 0), partial(np.copyto, view_of(kernel, out, out.shape), x)]


_KINDS: dict[str, Callable[[Kernel, list[NDArray[Any]], Scratch], list[Call]]] = {
    "elementwise": _elementwise,
    "reduce": _reduce,
    "matmul": _matmul,
    "view": _view,
}
