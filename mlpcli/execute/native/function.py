"""A compiled plan: one native call a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.execute.executor import Function, State, address, aligned, view_of
from mlpcli.execute.native.codegen.modules import module_texts
from mlpcli.execute.native.codegen.program import run_text, step_text
from mlpcli.execute.native.module import CompiledModule, machine
from mlpcli.execute.native.products.worker_pool import WorkerPool
from mlpcli.plan.kernel import Buffer, Plan

if TYPE_CHECKING:
    from numpy.typing import NDArray


class NativeFunction(Function):
    """One native call a run, on buffers of its own."""

    def __init__(self, plan: Plan, state: State) -> None:
        step = step_text("step", plan, machine())
        self._code = CompiledModule(module_texts(plan, [step], run_text(step)))
        self._run = self._code.function("run_step")
        self._arena = aligned(step.arena)
        arrays = {index: _array(plan.buffers[index], state) for index in step.arguments}
        for kernel in plan.kernels:
            if kernel.op.is_view and kernel.inputs[0] in arrays:
                arrays[kernel.output] = view_of(
                    kernel, arrays[kernel.inputs[0]], plan.buffers[kernel.output].shape
                )
        self._pool = WorkerPool([step], self._code)
        pointers = [*(address(arrays[i]) for i in step.arguments), address(self._arena), self._pool.address]
        self._pointers = np.array(pointers, np.int64)
        self._at = address(self._pointers)
        self._arrays = arrays
        self.inputs = {plan.buffers[i].name: a for i, a in arrays.items() if plan.buffers[i].role == "input"}
        self.outputs = {name: arrays[index] for name, index in plan.outputs.items()}

    def run(self) -> None:
        self._pool.run(self._run, self._at)


def _array(buffer: Buffer, state: State) -> NDArray[Any]:
    if buffer.role == "state":
        return state[buffer.name]
    if buffer.role == "constant":  # an output that is, or is a view of, a constant
        return np.array(buffer.value, buffer.dtype)
    return np.zeros(buffer.shape, buffer.dtype)
