"""An elementwise formula as NumPy calls that write where they are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.graph.node import Op
from mlpcli.ops.scalar_ops import (
    BOOL_OPS,
    NUMPY_OPS,
    SPLITMIX_ROUNDS,
    SPLITMIX_STEP,
    UNIFORM_BITS,
)
from mlpcli.plan.kernel import Kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

Call = Callable[[], object]
Temporary = Callable[[str], "NDArray[Any]"]
Scratch = dict[tuple[tuple[int, ...], str], list["NDArray[Any]"]]


@dataclass(frozen=True)
class _Instruction:
    """One scalar op applied to arrays, or to results of earlier instructions."""

    op: str
    operands: tuple[Any, ...]


class _Recorder:
    """Scalar ops that record their calls; each returns the number of its result."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.instructions: list[_Instruction] = []
        self._dtype = dtype

    def __getattr__(self, op: str) -> Callable[..., _Result]:
        def record(*operands: Any) -> _Result:
            # A 0-d array of the right dtype is quicker for NumPy than a Python number.
            kept = tuple(
                o if isinstance(o, (np.ndarray, _Result)) else constant_array(o, self._dtype)
                for o in operands
            )
            self.instructions.append(_Instruction(op, kept))
            return _Result(len(self.instructions) - 1)

        return record


@dataclass(frozen=True)
class _Result:
    number: int


def constant_array(value: Any, dtype: Any) -> NDArray[Any]:
    """Return a read-only array."""
    array = np.array(value, dtype, order="C")
    array.setflags(write=False)
    return array


def joining_ufunc(op: Op) -> Any:
    """Return the ufunc that a reduction's formula names."""
    recorder = _Recorder(np.dtype(np.float64))
    assert op.formula is not None
    op.formula(recorder, 0.0, 0.0)
    return NUMPY_OPS[recorder.instructions[0].op]


def elementwise_calls(
    kernel: Kernel,
    operands: Sequence[NDArray[Any]],
    out: NDArray[Any],
    scratch: Scratch,
) -> list[Call]:
    """Return the calls that leave the kernel's formula in `out`, with temporaries from `scratch`."""
    floats = [o.dtype for o in operands if o.dtype != np.bool_]
    recorder = _Recorder(floats[0] if floats else out.dtype)
    assert kernel.op.formula is not None
    kernel.op.formula(recorder, *operands, **dict(kernel.attributes))
    steps = recorder.instructions
    last_use = {
        o.number: at for at, step in enumerate(steps) for o in step.operands if isinstance(o, _Result)
    }

    place: dict[int, NDArray[Any]] = {}
    free: dict[str, list[NDArray[Any]]] = {}
    taken: dict[str, int] = {}
    calls: list[Call] = []

    def temporary(dtype: str) -> NDArray[Any]:
        if free.get(dtype):
            return free[dtype].pop()
        pool = scratch.setdefault((out.shape, dtype), [])
        at = taken.get(dtype, 0)
        taken[dtype] = at + 1
        if at == len(pool):
            pool.append(np.zeros(out.shape, dtype))
        return pool[at]

    def out_is_free(at: int) -> bool:
        """Return whether `out` holds no operand read after step `at`, nor a result needed then."""
        later = [o for step in steps[at + 1 :] for o in step.operands if isinstance(o, np.ndarray)]
        held = any(place.get(number) is out and end > at for number, end in last_use.items() if number < at)
        return not held and not any(np.may_share_memory(out, o) for o in later)

    for at, step in enumerate(steps):
        dtype = "bool" if step.op in BOOL_OPS else str(recorder._dtype)
        values = [place[o.number] if isinstance(o, _Result) else o for o in step.operands]
        # An operand may be a view of `out`: it must not be overwritten before it is read for the last time.
        if at == len(steps) - 1 or (dtype == str(out.dtype) and out_is_free(at)):
            target = out
        else:
            target = temporary(dtype)
        place[at] = target
        calls += _op_calls(step.op, values, target, temporary, scratch)
        for operand in step.operands:
            if isinstance(operand, _Result) and last_use[operand.number] == at:
                array = place[operand.number]
                if array is not out and array is not target:
                    free.setdefault(str(array.dtype), []).append(array)
    return calls


def _op_calls(
    op: str, values: list[NDArray[Any]], target: NDArray[Any], temporary: Temporary, scratch: Scratch
) -> list[Call]:
    if op == "uniform":
        return _uniform_calls(values, target, scratch)
    if op != "where":
        return [partial(NUMPY_OPS[op], *values, out=target)]
    condition, a, b = values
    choose = _choose_by_copy if target.size <= FEW else _choose_by_bits
    return choose(condition, a, b, target, temporary)


FEW = 512
"""Up to here the calls cost more than the entries; beyond, a masked copy of a mask without pattern costs
8 ns an entry (the branch is guessed wrong), twenty times as much as choosing by bits. Measured."""


def _choose_by_copy(
    condition: NDArray[Any], a: NDArray[Any], b: NDArray[Any], target: NDArray[Any], temporary: Temporary
) -> list[Call]:
    if np.may_share_memory(target, a) and not np.may_share_memory(target, b):
        opposite = temporary("bool")
        return [
            partial(np.logical_not, condition, opposite),
            partial(np.copyto, target, b, where=opposite),
        ]
    calls: list[Call] = [] if np.may_share_memory(target, b) else [partial(np.copyto, target, b)]
    return [*calls, partial(np.copyto, target, a, where=condition)]


def _choose_by_bits(
    condition: NDArray[Any], a: NDArray[Any], b: NDArray[Any], target: NDArray[Any], temporary: Temporary
) -> list[Call]:
    """Return the calls for (a and mask) or (b and not mask) on the bits: exact.

    The mask has all ones or all zeros for each entry.
    """
    bits = f"int{8 * target.itemsize}"
    mask, result = temporary(bits), target.view(bits)
    calls: list[Call] = [
        partial(np.copyto, mask, condition.view(np.int8)),
        partial(np.negative, mask, mask),
    ]
    if _is_zero(b):
        return [*calls, partial(np.bitwise_and, a.view(bits), mask, result)]
    if _is_zero(a):
        return [*calls, partial(np.invert, mask, mask), partial(np.bitwise_and, b.view(bits), mask, result)]
    first = temporary(bits)
    return [
        *calls,
        partial(np.bitwise_and, a.view(bits), mask, first),
        partial(np.invert, mask, mask),
        partial(np.bitwise_and, b.view(bits), mask, mask),
        partial(np.bitwise_or, first, mask, result),
    ]


def _uniform_calls(values: list[NDArray[Any]], target: NDArray[Any], scratch: Scratch) -> list[Call]:
    """Return the calls for hashed_uniform(), without allocating.

    Each round runs over the shape of the operands so far, so that what is the same for all rows, or for all
    units, is mixed once.
    """
    word = f"uint{8 * target.itemsize}"
    mixed = constant_array(0, np.uint64)
    shape: tuple[int, ...] = ()
    calls: list[Call] = []
    # Integers wrap around in NumPy as SplitMix64 wants it, and a copy from floats to their bits is a view.
    for value in values:
        shape = np.broadcast_shapes(shape, value.shape)
        pool = scratch.setdefault((shape, "uint64"), [])
        pool.extend(np.zeros(shape, np.uint64) for _ in range(2 - len(pool)))
        before, mixed, shifted = mixed, pool[0], pool[1]
        calls.append(partial(np.copyto, shifted, value.view(word)))
        calls.append(partial(np.bitwise_xor, before, shifted, mixed))
        calls.append(partial(np.add, mixed, constant_array(SPLITMIX_STEP, np.uint64), mixed))
        for shift, factor in SPLITMIX_ROUNDS:
            calls.append(partial(np.right_shift, mixed, constant_array(shift, np.uint64), shifted))
            calls.append(partial(np.bitwise_xor, mixed, shifted, mixed))
            if factor != 1:
                calls.append(partial(np.multiply, mixed, constant_array(factor, np.uint64), mixed))
    count = UNIFORM_BITS[str(target.dtype)]
    calls.append(partial(np.right_shift, mixed, constant_array(64 - count, np.uint64), mixed))
    calls.append(partial(np.copyto, target, mixed, casting="unsafe"))
    calls.append(partial(np.multiply, target, constant_array(2.0**-count, target.dtype), target))
    return calls


def _is_zero(value: NDArray[Any]) -> bool:
    """Return whether it is the constant +0, whose bits are all 0; a scalar that is
    computed may be anything.
    """
    return value.ndim == 0 and not value.flags.writeable and value.tobytes().strip(b"\0") == b""
