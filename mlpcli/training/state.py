"""A training under way: all that changes while it runs, to a checkpoint and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.execute.rows import Pass
from mlpcli.optim.step import TrainingStep
from mlpcli.problem.problem import Problem, random_stream
from mlpcli.runs.checkpoint import Checkpoint, understood
from mlpcli.runs.records import Begun, Given, Halving, Values
from mlpcli.training.best_weights import Kept, follows
from mlpcli.training.events import Noticed, Record
from mlpcli.training.plateau import Plateau
from mlpcli.training.progress import Part, Progress
from mlpcli.training.runner import first_state
from mlpcli.training.stopping import Stopping

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[Any]]


@dataclass
class Session:
    """state: parameters and optimiser slots, which training changes in place. rng: draws the orders.

    history: printed epochs. halvings: of the rate, each with its epoch, the one gone back to, and the factor.
    """

    state: dict[str, NDArray[Any]]
    rng: np.random.Generator
    progress: Progress
    kept: Kept
    halving: bool
    counting: bool
    """Whether every epoch counts for stopping; if not, nothing is counted that a checkpoint would keep."""
    rows: int
    batch_size: int
    history: list[Record] = field(default_factory=list)
    noticed: list[Noticed] = field(default_factory=list)
    halvings: list[Halving] = field(default_factory=list)

    @classmethod
    def begin(
        cls, prepared: Problem, step: TrainingStep, state: dict[str, NDArray[Any]] | None = None
    ) -> Session:
        """Before the first epoch. state: arrays to be filled, instead of new ones."""
        training, validation = prepared.config.training, prepared.dataset.validation
        parameters = prepared.initial_values()
        first = first_state(prepared.optimizer, step, parameters)
        if state is None:
            state = first
        else:
            for name, array in first.items():
                state[name][...] = array
        rng = random_stream(prepared.config.seed, "shuffle")
        random, plateau = rng if training.shuffle else None, Plateau.of(prepared.optimizer)
        progress = Progress(Stopping(training.stop), state, random, plateau=plateau)
        counting = validation is not None or training.stop.patience is not None or plateau is not None
        kept = Kept({name: state[name] for name in parameters}, follows(training, prepared.dataset))
        halving, rows = training.on_divergence == "halve", prepared.dataset.training.rows
        return cls(state, rng, progress, kept, halving, counting, rows, prepared.batch_rows)

    @property
    def exact(self) -> bool:
        """Whether a checkpoint of now would keep all that decides what follows."""
        progress = self.progress
        return not self._needs_earlier or progress.earlier.epoch == max(progress.done - 1, 0)

    @property
    def _needs_earlier(self) -> bool:
        # Where the next batch shows that these weights are no good, those before them are the last good ones.
        return self.halving or not self.kept.following

    def checkpoint(self, given: Given, stopped: str = "") -> Checkpoint:
        """As it is now, after a record. given: to keep beside it. stopped: why it is over."""
        progress, part, earlier = self.progress, self.progress.part, self.progress.earlier
        values: Values = {
            "epoch": progress.done,
            "seconds": progress.seconds,
            "random": {"shuffle": dict(self.rng.bit_generator.state)},
            "counters": {n: c.as_json() for n, c in progress.counters.items()} if self.counting else {},
            "kept": self.kept.as_json(),
            "history": list(self.history[0]) if self.history else [],
            "halvings": self.halvings,
            "findings": [each.as_json() for each in self.noticed],
            "part": None,
            "earlier": None,
            "stopped": stopped,
            **given,
        }
        groups: dict[str, Arrays] = {"state": self.state, "history": _table(self.history)}
        if self.kept.following:
            groups["kept"] = self.kept.weights
        if part is not None:
            totals, done = dict(part.passed.totals), part.passed
            values["part"] = {"totals": totals, "rows": done.rows, "batches": done.batches}
            groups["part"] = {"order": part.order}
        if part is not None or (self._needs_earlier and progress.done and earlier.epoch == progress.done - 1):
            values["earlier"] = {"epoch": earlier.epoch, "random": earlier.random}
            whole = part is not None or self.halving
            names = self.state if whole else self.kept.weights
            groups["earlier"] = {name: earlier.arrays[name] for name in names}
        return Checkpoint(values, groups)

    def restore(self, found: Checkpoint, path: Path) -> None:
        """Everything as it was. Raises ModelFileError where it is a checkpoint of something else."""
        values, groups, progress = found.values, found.groups, self.progress
        with understood(path):
            _fill(self.state, groups["state"])
            states = [values["earlier"]["random"]] if values["earlier"] is not None else []
            for state in (*states, values["random"]["shuffle"]):  # those of another kind are refused here
                if state is not None:
                    self.rng.bit_generator.state = state
            progress.done, progress.seconds = int(values["epoch"]), float(values["seconds"])
            if self.counting:
                for name, counted in values["counters"].items():
                    progress.counters[name].restore(counted)
            self.kept.restore(values["kept"])
            if self.kept.following:
                _fill(self.kept.weights, groups["kept"])
            self.history[:] = records(values["history"], groups["history"])
            self.noticed[:] = map(Noticed.from_json, values["findings"])
            self.halvings[:] = values["halvings"]
            progress.halvings = len(self.halvings)
            progress.earlier = earlier = progress.fresh()
            if values["earlier"] is not None:
                earlier.epoch, earlier.random = int(values["earlier"]["epoch"]), values["earlier"]["random"]
                _fill({name: earlier.arrays[name] for name in groups["earlier"]}, groups["earlier"])
            if values["part"] is not None:
                progress.part = self._part(values["part"], groups["part"]["order"])

    def _part(self, found: Begun, order: NDArray[Any]) -> Part:
        """Machine code takes rows in that order, so it has to be one."""
        if order.dtype != np.intp or not np.array_equal(np.sort(order), np.arange(self.rows)):
            raise ValueError("the order of the epoch that was begun is not one of these rows")
        totals, rows, batches = found["totals"], found["rows"], found["batches"]
        if rows != min(batches * self.batch_size, self.rows) or "cost" not in totals:
            raise ValueError("what was done of the epoch that was begun does not fit its rows")
        return Part(order, Pass(totals, rows, batches, whole=False))


def _fill(arrays: Arrays, found: Arrays) -> None:
    if {n: (a.shape, a.dtype) for n, a in arrays.items()} != {
        n: (a.shape, a.dtype) for n, a in found.items()
    }:
        raise ValueError("its arrays are not those of this network and optimiser")
    for name, array in arrays.items():
        array[...] = found[name]


def _table(history: list[Record]) -> dict[str, NDArray[Any]]:
    """The records as numbers, and which of them there are. (rows, columns) each."""
    rows = [list(record.values()) for record in history]
    given = np.array([[value is not None for value in row] for row in rows], np.bool_)
    values = np.array([[0.0 if value is None else value for value in row] for row in rows], np.float64)
    return {"values": values, "given": given}


def records(columns: list[str], table: Arrays) -> list[Record]:
    """The printed epochs that a checkpoint has. Raises as restore does."""
    rows = zip(table["values"].tolist(), table["given"].tolist(), strict=True)
    records = [
        dict(zip(columns, (v if g else None for v, g in zip(*row, strict=True)), strict=True)) for row in rows
    ]
    return [{**record, "epoch": int(record["epoch"] or 0)} for record in records]
