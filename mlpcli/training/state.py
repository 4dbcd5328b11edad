"""All that changes while a training runs, to a checkpoint and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.execute.executor import State
from mlpcli.execute.rows import EpochTotals
from mlpcli.optim.step import TrainingStep
from mlpcli.problem.problem import Problem, random_stream
from mlpcli.runs.checkpoint import Checkpoint, understood
from mlpcli.runs.records import CheckpointHeader, Halving, PartialEpoch, RunOrigin
from mlpcli.training.best_weights import BestWeights, keeps_best
from mlpcli.training.events import Record, ReportedFinding
from mlpcli.training.loop_state import InterruptedEpoch, LoopState
from mlpcli.training.plateau import PlateauCounter
from mlpcli.training.runner import first_state
from mlpcli.training.stopping import Stopping

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class _Shape:
    """The rows of the training part, and of a batch: an interrupted epoch has to fit them."""

    rows: int
    batch_rows: int


@dataclass(kw_only=True)
class TrainingState:
    """The state of a training under way: what decides the next epochs, and what is to be written of the past.

    loop: arrays, random stream and counters. best: the weights that become the model. history: printed
    epochs. findings: those that were reported. halvings: of the learning rate, each with its epoch, the one
    gone back to, and the factor. rng: draws the orders; a checkpoint has it even where rows are not shuffled.
    """

    loop: LoopState
    best: BestWeights
    rng: np.random.Generator
    history: list[Record] = field(default_factory=list)
    findings: list[ReportedFinding] = field(default_factory=list)
    halvings: list[Halving] = field(default_factory=list)
    may_halve: bool
    counts_epochs: bool
    """Whether every epoch counts for stopping; if not, no counter has anything for a checkpoint to keep."""
    shape: _Shape

    @classmethod
    def initial(cls, prepared: Problem, step: TrainingStep, arrays: State | None = None) -> TrainingState:
        """Return the state before the first epoch. arrays: to be filled; None for new ones."""
        training, dataset = prepared.config.training, prepared.dataset
        parameters = prepared.initial_values()
        first = first_state(prepared.optimizer, step, parameters)
        if arrays is None:
            arrays = first
        else:
            for name, array in first.items():
                arrays[name][...] = array
        rng = random_stream(prepared.config.seed, "shuffle")
        loop = LoopState(
            arrays=arrays,
            stream=rng if training.shuffle else None,
            stopping=Stopping(training.stop),
            plateau=PlateauCounter.of(prepared.optimizer),
        )
        counts = dataset.validation is not None or training.stop.patience is not None
        return cls(
            loop=loop,
            best=BestWeights({name: arrays[name] for name in parameters}, keeps_best(training, dataset)),
            rng=rng,
            may_halve=training.on_divergence == "halve",
            counts_epochs=counts or loop.plateau is not None,
            shape=_Shape(dataset.training.rows, prepared.batch_rows),
        )

    @property
    def weights(self) -> list[NDArray[Any]]:
        """The live arrays of the parameters, without those of the optimiser."""
        return [self.loop.arrays[name] for name in self.best.weights]

    @property
    def is_exact(self) -> bool:
        """Whether a checkpoint of now would keep everything that decides what follows."""
        return not self._needs_previous or self.loop.previous.epoch == max(self.loop.epoch - 1, 0)

    @property
    def _needs_previous(self) -> bool:
        # Where the next batch shows that these weights are no good, those before them are the last good ones.
        return self.may_halve or not self.best.follows_best

    def checkpoint(self, given: RunOrigin, stopped: str = "") -> Checkpoint:
        """Return a checkpoint of the current state, after a record.

        given: provenance and config texts stored with it. stopped: why training is over; "" where it is not.
        """
        loop, part, previous = self.loop, self.loop.interrupted, self.loop.previous
        values: CheckpointHeader = {
            "epoch": loop.epoch,
            "seconds": loop.seconds,
            "random": {"shuffle": dict(self.rng.bit_generator.state)},
            "counters": {n: c.as_json() for n, c in loop.counters.items()} if self.counts_epochs else {},
            "kept": self.best.as_json(),
            "history": list(self.history[0]) if self.history else [],
            "halvings": self.halvings,
            "findings": [each.as_json() for each in self.findings],
            "part": None,
            "earlier": None,
            "stopped": stopped,
            **given,
        }
        groups: dict[str, State] = {"state": loop.arrays, "history": _table(self.history)}
        if self.best.follows_best:
            groups["kept"] = self.best.weights
        if part is not None:
            totals, done = dict(part.passed.totals), part.passed
            values["part"] = {"totals": totals, "rows": done.rows, "batches": done.batches}
            groups["part"] = {"order": part.order}
        if part is not None or (self._needs_previous and loop.epoch and previous.epoch == loop.epoch - 1):
            values["earlier"] = {"epoch": previous.epoch, "random": previous.random}
            names = loop.arrays if part is not None or self.may_halve else self.best.weights
            groups["earlier"] = {name: previous.arrays[name] for name in names}
        return Checkpoint(values, groups)

    def restore(self, found: Checkpoint, path: Path) -> None:
        """Take over everything that a checkpoint has. path: of its file, for messages.

        Raises ModelFileError where it is damaged, or of another network or optimiser.
        """
        values, groups, loop = found.values, found.groups, self.loop
        with understood(path):
            _fill(loop.arrays, groups["state"])
            states = [values["earlier"]["random"]] if values["earlier"] is not None else []
            # The last one stays; those before it are tried, so that one of another kind is refused here.
            for state in (*states, values["random"]["shuffle"]):
                if state is not None:
                    self.rng.bit_generator.state = state
            loop.epoch, loop.seconds = int(values["epoch"]), float(values["seconds"])
            if self.counts_epochs:
                for name, counted in values["counters"].items():
                    loop.counters[name].restore(counted)
            self.best.restore(values["kept"])
            if self.best.follows_best:
                _fill(self.best.weights, groups["kept"])
            self.history[:] = records(values["history"], groups["history"])
            self.findings[:] = map(ReportedFinding.from_json, values["findings"])
            self.halvings[:] = values["halvings"]
            loop.halvings = len(self.halvings)
            loop.previous = previous = loop.snapshot()
            if values["earlier"] is not None:
                previous.epoch, previous.random = int(values["earlier"]["epoch"]), values["earlier"]["random"]
                _fill({name: previous.arrays[name] for name in groups["earlier"]}, groups["earlier"])
            if values["part"] is not None:
                loop.interrupted = _interrupted(values["part"], groups["part"]["order"], self.shape)


def _interrupted(found: PartialEpoch, order: NDArray[Any], shape: _Shape) -> InterruptedEpoch:
    """Return the interrupted epoch. Raises ValueError where it does not fit the rows."""
    # Machine code takes rows in that order without a check of its own.
    if order.dtype != np.intp or not np.array_equal(np.sort(order), np.arange(shape.rows)):
        raise ValueError("the order of the epoch that was begun is not one of these rows")
    totals, rows, batches = found["totals"], found["rows"], found["batches"]
    if rows != min(batches * shape.batch_rows, shape.rows) or "cost" not in totals:
        raise ValueError("what was done of the epoch that was begun does not fit its rows")
    return InterruptedEpoch(order, EpochTotals(totals, rows, batches, whole=False))


def _fill(arrays: State, found: State) -> None:
    """Copy arrays of the same names, shapes and types. Raises ValueError for others."""
    if {n: (a.shape, a.dtype) for n, a in arrays.items()} != {
        n: (a.shape, a.dtype) for n, a in found.items()
    }:
        raise ValueError("its arrays are not those of this network and optimiser")
    for name, array in arrays.items():
        array[...] = found[name]


def _table(history: list[Record]) -> dict[str, NDArray[Any]]:
    """Return the records as numbers, and which of them are given, (rows, columns) each."""
    rows = [list(record.values()) for record in history]
    given = np.array([[value is not None for value in row] for row in rows], np.bool_)
    values = np.array([[0.0 if value is None else value for value in row] for row in rows], np.float64)
    return {"values": values, "given": given}


def records(columns: list[str], table: State) -> list[Record]:
    """Return the printed epochs of a checkpoint. Raises LookupError or ValueError for a damaged one."""
    rows = zip(table["values"].tolist(), table["given"].tolist(), strict=True)
    records = [
        dict(zip(columns, (v if g else None for v, g in zip(*row, strict=True)), strict=True)) for row in rows
    ]
    return [{**record, "epoch": int(record["epoch"] or 0)} for record in records]
