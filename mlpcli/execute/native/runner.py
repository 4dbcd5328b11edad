"""Stretches of epochs in one native call, which releases the GIL and can be asked to stop."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.execute.executor import Executor, State, address, aligned
from mlpcli.execute.native.argument_block import ArgumentBlock, Slot
from mlpcli.execute.native.codegen.epochs import FEW, epochs_text
from mlpcli.execute.native.codegen.modules import module_texts
from mlpcli.execute.native.codegen.program import step_text
from mlpcli.execute.native.codegen.shuffle import SHUFFLE
from mlpcli.execute.native.module import CompiledModule, machine
from mlpcli.execute.native.products.worker_pool import WorkerPool
from mlpcli.execute.native.threads.interruptible import call_in_thread
from mlpcli.execute.rows import EpochBlock, EpochRequest, EpochRunner, EpochTotals, Rows
from mlpcli.graph.node import Node
from mlpcli.plan.kernel import Buffer
from mlpcli.plan.make_plan import make_plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHORT_STEPS = 1000
"""Calls of up to so many steps (of microseconds each) are not worth a thread."""


class NativeEpochRunner(EpochRunner):
    """Epochs, their shuffles included, without coming back to Python."""

    longest = 1 << 40

    def __init__(
        self,
        executor: Executor,
        outputs: Mapping[str, Node],
        updates: Mapping[Node, Node],
        state: State,
        rows: Rows,
        batch_size: int,
    ) -> None:
        super().__init__(executor, outputs, updates, state, rows, batch_size)
        plan = make_plan(outputs, updates, self._batch)
        whole = step_text("whole", plan, machine())
        steps, left, rest = [whole], self._count % self._batch, None
        if left:
            rest_plan = make_plan(outputs, updates, left)
            rest = step_text("rest", rest_plan, machine(), len(whole.shared), whole.attributes)
            assert set(rest.keys) == set(whole.keys)
            steps.append(rest)
        self._code = CompiledModule(
            module_texts(plan, steps, SHUFFLE, epochs_text(self._count, whole, plan, rest))
        )
        self._train = self._code.function("train")
        self._outputs = list(dict.fromkeys(plan.outputs.values()))
        self._names = tuple(plan.outputs)
        self._places = [self._outputs.index(index) for index in plan.outputs.values()]
        self.divisible = -(-self._count // self._batch) > FEW
        self._stop = np.zeros(1, np.uint8)
        self._order = np.arange(self._count)
        self._arena = aligned(max(step.arena for step in steps))
        self._kept: list[Any] = [state, rows]
        self._pool = WorkerPool(steps, self._code)
        arguments = [plan.buffers[index] for index in whole.arguments]
        self._block = ArgumentBlock(self._addresses(arguments, state, rows))
        self._block[Slot.STOP] = address(self._stop)
        self._block[Slot.ARENA] = address(self._arena)
        self._block[Slot.PRODUCT] = self._pool.address

    def _addresses(self, arguments: Sequence[Buffer], state: State, rows: Rows) -> list[int]:
        """Return the pointers of an ArgumentBlock; the arrays behind them are kept as long as the runner."""
        pointers, gathered = [], []
        for buffer in arguments:
            if buffer.role == "input":
                source = np.ascontiguousarray(rows[buffer.name], buffer.dtype)
                target = aligned(math.prod(buffer.shape) * source.itemsize)
                self._kept += [source, target]
                pointers.append(address(source))
                gathered.append(address(target))
            else:  # an output has no pointer: it lies on the stack of `train`
                pointers.append(address(state[buffer.name]) if buffer.role == "state" else 0)
        return [*pointers, *gathered]

    def run(
        self, order: NDArray[np.intp], should_stop: Callable[[], bool], begun: EpochTotals | None = None
    ) -> EpochTotals:
        assert begun is None or self.divisible
        wanted = EpochRequest(1, None, -math.inf, should_stop)
        return self._call(wanted, np.ascontiguousarray(order), begun)[1]

    def _run_epochs(self, wanted: EpochRequest) -> EpochBlock:
        order = None if wanted.rng is None else self._order
        costs, totals = self._call(wanted, order)
        done = np.arange(self._count) if order is None else order.copy()
        return EpochBlock(names=self._names, costs=costs, order=done, passed=totals)

    def _call(
        self, wanted: EpochRequest, order: NDArray[np.intp] | None, begun: EpochTotals | None = None
    ) -> tuple[NDArray[np.float64], EpochTotals]:
        """Run epochs; return the means of each, (epochs, outputs), and the totals of the last.

        order: of the rows, shuffled in place where there is a generator; None: as they stand. begun: what is
        done already of the first epoch.
        """
        costs = np.empty((wanted.count, len(self._outputs)))
        totals = np.zeros(len(self._outputs))
        if begun is not None:
            totals[self._places] = list(begun.totals.values())
        block = self._block
        block[Slot.EPOCHS], block[Slot.COSTS] = wanted.count, address(costs)
        block[Slot.ORDER] = 0 if order is None else address(order)
        block.put_double(Slot.COST_BELOW, wanted.cost_below)
        block[Slot.NEXT_UINT32] = block[Slot.RANDOM_STATE] = 0
        block[Slot.BEGUN], block[Slot.TOTALS] = begun.batches if begun else 0, address(totals)
        self._stop[0] = wanted.should_stop()  # then one batch is done, as batch by batch
        if wanted.rng is None:
            self._call_interruptible(wanted)
        else:
            interface = wanted.rng.bit_generator.ctypes
            block[Slot.NEXT_UINT32] = ctypes.cast(interface.next_uint32, ctypes.c_void_p).value or 0
            block[Slot.RANDOM_STATE] = interface.state_address
            with wanted.rng.bit_generator.lock:
                self._call_interruptible(wanted)
        done, batches = block[Slot.DONE], block[Slot.BATCHES]
        sums = costs[:done, self._places]
        seen = min(batches * self._batch, self._count)
        last = dict(zip(self._names, sums[-1].tolist(), strict=True))
        means = sums / self._count
        means[-1] = sums[-1] / seen  # the last epoch may have ended before all rows were seen
        return means, EpochTotals(last, seen, batches, seen == self._count)

    def _call_interruptible(self, wanted: EpochRequest) -> None:
        """Call the machine code; a long call in a thread, so that this one can look whether to stop."""
        at = self._block.address
        if wanted.count * -(-self._count // self._batch) <= SHORT_STEPS and not self._pool:
            self._train(at)
            return
        call_in_thread(lambda: self._train(at), lambda: self._poll(wanted.should_stop), self._request_stop)

    def _poll(self, should_stop: Callable[[], bool]) -> None:
        if should_stop():
            self._request_stop()

    def _request_stop(self) -> None:
        """Make the batch at hand the last."""
        self._stop[0] = 1
