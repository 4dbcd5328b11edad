"""The native executor: a plan becomes machine code through LLVM. Needs the extra `native` (llvmlite)."""

from __future__ import annotations

from collections.abc import Mapping

from mlpcli.execute.executor import Executor, Function, State
from mlpcli.execute.native.function import NativeFunction
from mlpcli.execute.native.program import multiplications
from mlpcli.execute.native.runner import NativeEpochRunner
from mlpcli.execute.numpy_executor import NumpyFunction
from mlpcli.execute.rows import EpochRunner, Rows
from mlpcli.graph.node import Node
from mlpcli.plan.kernel import Plan
from mlpcli.plan.make_plan import make_plan

LARGEST_PRODUCT = 8_000_000
"""Multiplications of one matrix product up to which generated code is used. Measured on two hidden layers:
here float64 is level with NumPy and a BLAS on two cores; float32 is level at twice as many."""


def native_epoch_runner(
    executor: Executor,
    outputs: Mapping[str, Node],
    updates: Mapping[Node, Node],
    state: State,
    rows: Rows,
    batch_size: int,
) -> EpochRunner:
    """Many epochs a call where every product is small; else batch by batch."""
    count = len(next(iter(rows.values())))
    small = is_small(make_plan(outputs, updates, min(batch_size, count)))
    runner = NativeEpochRunner if small else EpochRunner
    return runner(executor, outputs, updates, state, rows, batch_size)


class NativeExecutor(Executor):
    """Machine code for small networks; a plan with a large product runs on NumPy and its BLAS."""

    name = "native"
    epoch_runner = staticmethod(native_epoch_runner)

    def compile(self, plan: Plan, state: State) -> Function:
        return NativeFunction(plan, state) if is_small(plan) else NumpyFunction(plan, state)


def is_small(plan: Plan) -> bool:
    """Whether generated products are ahead of BLAS in all of the plan."""
    products = (kernel for kernel in plan.kernels if kernel.op.kind == "matmul")
    return all(multiplications(plan, kernel) <= LARGEST_PRODUCT for kernel in products)
