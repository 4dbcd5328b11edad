"""The native executor: a plan becomes machine code through LLVM. Needs the extra `native` (llvmlite)."""

from __future__ import annotations

from mlpcli.execute.executor import Executor, State
from mlpcli.execute.native.function import NativeFunction
from mlpcli.execute.native.module import processor
from mlpcli.execute.native.runner import NativeEpochRunner
from mlpcli.plan.kernel import Plan


class NativeExecutor(Executor):
    """Machine code generated for the processor at hand, matrix products included."""

    name = "native"
    epoch_runner = NativeEpochRunner

    @property
    def identity(self) -> dict[str, str]:
        return {**super().identity, **processor()}

    def compile(self, plan: Plan, state: State) -> NativeFunction:
        return NativeFunction(plan, state)
