"""Running plans over many rows: batch by batch in training, in fixed chunks for everything else."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.execute.executor import Executor, Function, State, arithmetic
from mlpcli.graph.node import Node
from mlpcli.plan.make_plan import make_plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

Rows = Mapping[str, "NDArray[Any]"]
"""Placeholder name -> array whose first axis is the rows."""

CHUNK = 256
"""Rows computed at once outside training: enough for BLAS, small enough for the cache."""


@dataclass(frozen=True)
class EpochTotals:
    """One epoch, or as much of it as was done. totals: of each tracked output, summed over the rows seen.

    whole: whether every row was seen. They are sums, not means: an epoch that is interrupted resumes to the
    same bits.
    """

    totals: Mapping[str, float]
    rows: int
    batches: int
    whole: bool

    @property
    def means(self) -> dict[str, float]:
        """The mean of each output over the rows seen, by name."""
        return {name: total / self.rows for name, total in self.totals.items()}


@dataclass(frozen=True, kw_only=True)
class EpochBlock:
    """Some epochs, one after the other.

    costs: the mean of each tracked output (names) in each epoch, (epochs, outputs). order, passed: order of
    the rows and totals of the last epoch. ended: why no further epoch can change anything; "" where one can.
    """

    names: tuple[str, ...]
    costs: NDArray[np.float64]
    order: NDArray[np.intp]
    passed: EpochTotals
    ended: str = ""

    @property
    def batches(self) -> int:
        """The number of batches done in the last epoch."""
        return self.passed.batches

    @property
    def epochs(self) -> int:
        """The number of epochs done."""
        return len(self.costs)

    @property
    def means(self) -> list[dict[str, float]]:
        """The means of each epoch, by name."""
        return [dict(zip(self.names, row, strict=True)) for row in self.costs.tolist()]

    @property
    def last(self) -> dict[str, float]:
        """The means of the last epoch, by name."""
        return dict(zip(self.names, self.costs[-1].tolist(), strict=True))


@dataclass(frozen=True)
class EpochRequest:
    """The work that an epoch runner is asked to do; see EpochRunner.run_epochs()."""

    count: int
    rng: np.random.Generator | None
    cost_below: float
    should_stop: Callable[[], bool]


class EpochRunner:
    """A runner of epochs: passes over the rows in some order, in batches, of which the last may be smaller.

    outputs: scalars to track, "cost" first. updates: states and their new values. rows: of each placeholder.
    """

    longest = 1
    """Epochs that are worth doing in one call."""
    divisible = True
    """Whether an epoch that was interrupted can be resumed."""

    def __init__(
        self,
        executor: Executor,
        outputs: Mapping[str, Node],
        updates: Mapping[Node, Node],
        state: State,
        rows: Rows,
        batch_size: int,
    ) -> None:
        self._rows = dict(rows)
        self._count = len(next(iter(rows.values())))
        self._batch = min(batch_size, self._count)

        def compiled(batch: int) -> Function:
            return executor.compile(make_plan(outputs, updates, batch), state)

        self._compiled = cache(compiled)

    def run_epochs(
        self,
        count: int,
        rng: np.random.Generator | None,
        cost_below: float,
        should_stop: Callable[[], bool],
    ) -> EpochBlock:
        """Run up to `count` epochs, each in a new order drawn from rng (None: as the rows stand).

        Ends early after an epoch whose cost is below cost_below or not finite, and as run() does.
        """
        return self._run_epochs(EpochRequest(count, rng, cost_below, should_stop))

    def _run_epochs(self, wanted: EpochRequest) -> EpochBlock:
        costs = []
        for _ in range(wanted.count):
            rng = wanted.rng
            order = np.arange(self._count) if rng is None else rng.permutation(self._count)
            totals = self.run(order, wanted.should_stop)
            mean = totals.means
            costs.append(list(mean.values()))
            if not math.isfinite(mean["cost"]) or mean["cost"] < wanted.cost_below or wanted.should_stop():
                break
        return EpochBlock(names=tuple(mean), costs=np.array(costs), order=order, passed=totals)

    def run(
        self, order: NDArray[np.intp], should_stop: Callable[[], bool], begun: EpochTotals | None = None
    ) -> EpochTotals:
        """Run one epoch in that order, or the rest of one that was begun; outputs are those before each
        batch's update.

        Ends early when should_stop() returns true after a batch, or after the first cost that is not finite.
        """
        begun = begun or EpochTotals(dict.fromkeys(self._output_names(), 0.0), 0, 0, False)
        totals, seen, batches = dict(begun.totals), begun.rows, begun.batches
        with arithmetic():
            for start in range(seen, self._count, self._batch):
                size = min(self._batch, self._count - start)
                for name, value in self._step(order[start : start + size]).items():
                    totals[name] += float(value) * size
                seen += size
                batches += 1
                if should_stop() or not math.isfinite(totals["cost"]):
                    break
        return EpochTotals(totals, seen, batches, seen == self._count)

    def replay(self, order: NDArray[np.intp], batches: int) -> NDArray[np.intp]:
        """Run `batches` batches again; return the rows of the batch after them."""
        with arithmetic():
            for start in range(0, batches * self._batch, self._batch):
                self._step(order[start : start + self._batch])
        return order[batches * self._batch : (batches + 1) * self._batch]

    def _output_names(self) -> Iterable[str]:
        return self._compiled(self._batch).outputs

    def _step(self, chosen: NDArray[np.intp]) -> Mapping[str, NDArray[Any]]:
        function = self._compiled(len(chosen))
        for name, buffer in function.inputs.items():
            # mode="clip" lets take write straight into the buffer; the order is always within range.
            np.take(self._rows[name], chosen, 0, buffer, "clip")
        function.run()
        return function.outputs


class RowFunction:
    """Outputs with a batch axis, computed for any number of rows in chunks of one size.

    The last chunk is filled up with zeros, so that what comes out for a row depends neither on how many rows
    there are nor, with machine code, on its place among them.
    """

    def __init__(
        self, executor: Executor, outputs: Mapping[str, Node], state: State, chunk: int = CHUNK
    ) -> None:
        self._function = executor.compile(make_plan(outputs, batch=chunk), state)
        self._chunk = chunk

    def chunks(self, rows: Rows) -> Iterator[tuple[slice, dict[str, NDArray[Any]]]]:
        """Yield the rows of each chunk, and the outputs for them (valid until the next one)."""
        count = len(next(iter(rows.values())))
        for start in range(0, count, self._chunk):
            part = slice(start, min(start + self._chunk, count))
            for name, buffer in self._function.inputs.items():
                buffer[: part.stop - start] = rows[name][part]
                buffer[part.stop - start :] = 0
            with arithmetic():
                self._function.run()
            yield part, {n: a[: part.stop - start] for n, a in self._function.outputs.items()}

    def scalars(self) -> dict[str, NDArray[Any]]:
        """Return the outputs of a function that depends on no rows."""
        with arithmetic():
            self._function.run()
        return dict(self._function.outputs)

    def __call__(self, rows: Rows) -> dict[str, NDArray[Any]]:
        """Return every output for all rows."""
        results: dict[str, list[NDArray[Any]]] = {name: [] for name in self._function.outputs}
        for _part, outputs in self.chunks(rows):
            for name, array in outputs.items():
                results[name].append(array.copy())
        empty = {n: np.empty((0, *a.shape[1:]), a.dtype) for n, a in self._function.outputs.items()}
        return {n: np.concatenate(parts) if parts else empty[n] for n, parts in results.items()}
