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
class Pass:
    """An epoch, or as much of one as was done. totals: of each followed output, summed over the rows seen.

    whole: whether every row was seen. Sums, not means: an epoch that is broken off goes on to the same bits.
    """

    totals: Mapping[str, float]
    rows: int
    batches: int
    whole: bool

    @property
    def means(self) -> dict[str, float]:
        """The mean of each output over the rows seen."""
        return {name: total / self.rows for name, total in self.totals.items()}


@dataclass(frozen=True)
class Stretch:
    """Some epochs, one after the other.

    costs: the mean of each followed output (names) in each epoch, (epochs, outputs). order, passed: of
    the last epoch. ended: why no further epoch can change anything; "" where one can.
    """

    names: tuple[str, ...]
    costs: NDArray[np.float64]
    order: NDArray[np.intp]
    passed: Pass
    ended: str = ""

    @property
    def batches(self) -> int:
        """How many were done in the last epoch."""
        return self.passed.batches

    @property
    def epochs(self) -> int:
        """How many were done."""
        return len(self.costs)

    @property
    def means(self) -> list[dict[str, float]]:
        """The means of each epoch, by name."""
        return [dict(zip(self.names, row, strict=True)) for row in self.costs.tolist()]

    @property
    def last(self) -> dict[str, float]:
        """The means of the last epoch, by name."""
        return dict(zip(self.names, self.costs[-1].tolist(), strict=True))


class EpochRunner:
    """Passes over the rows in some order, in batches; the last batch may be smaller.

    outputs: scalars to follow, "cost" first. rows: for each placeholder.
    """

    longest = 1
    """Epochs that are worth doing in one stretch."""
    divisible = True
    """Whether an epoch that was broken off can be gone on with."""

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

    def stretch(
        self,
        count: int,
        rng: np.random.Generator | None,
        cost_below: float,
        should_stop: Callable[[], bool],
    ) -> Stretch:
        """Up to `count` epochs, each in a new order drawn from rng (None: as the rows stand).

        Ends early with an epoch whose cost is below the limit or not finite, and as run() does.
        """
        costs = []
        for _ in range(count):
            order = np.arange(self._count) if rng is None else rng.permutation(self._count)
            passed = self.run(order, should_stop)
            mean = passed.means
            costs.append(list(mean.values()))
            if not math.isfinite(mean["cost"]) or mean["cost"] < cost_below or should_stop():
                break
        return Stretch(tuple(mean), np.array(costs), order, passed)

    def run(
        self, order: NDArray[np.intp], should_stop: Callable[[], bool], begun: Pass | None = None
    ) -> Pass:
        """One epoch in that order, or the rest of one that was begun; each batch's outputs before its update.

        Ends early when should_stop() says so after a batch, or after the first cost that is not finite.
        """
        begun = begun or Pass(dict.fromkeys(self._output_names(), 0.0), 0, 0, False)
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
        return Pass(totals, seen, batches, seen == self._count)

    def replay(self, order: NDArray[np.intp], batches: int) -> NDArray[np.intp]:
        """Run `batches` batches again, and give the rows of the one after them."""
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
    """Outputs with a batch axis, computed for any number of rows in fixed chunks.

    The last chunk is filled up with zeros, so that what comes out for a row depends neither on how
    many rows there are nor, BLAS willing, on its place among them.
    """

    def __init__(
        self, executor: Executor, outputs: Mapping[str, Node], state: State, chunk: int = CHUNK
    ) -> None:
        self._function = executor.compile(make_plan(outputs, batch=chunk), state)
        self._chunk = chunk

    def chunks(self, rows: Rows) -> Iterator[tuple[slice, dict[str, NDArray[Any]]]]:
        """For each chunk: which rows, and the outputs for them (valid until the next one)."""
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
        """Outputs that depend on no rows."""
        with arithmetic():
            self._function.run()
        return dict(self._function.outputs)

    def __call__(self, rows: Rows) -> dict[str, NDArray[Any]]:
        """Every output for all rows."""
        results: dict[str, list[NDArray[Any]]] = {name: [] for name in self._function.outputs}
        for _part, outputs in self.chunks(rows):
            for name, array in outputs.items():
                results[name].append(array.copy())
        empty = {n: np.empty((0, *a.shape[1:]), a.dtype) for n, a in self._function.outputs.items()}
        return {n: np.concatenate(parts) if parts else empty[n] for n, parts in results.items()}
