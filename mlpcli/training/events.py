"""What a training tells while it runs, and what it leaves."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.config.schema import LOWER_IS_BETTER
from mlpcli.training.loop import INTERRUPTED, LOST

if TYPE_CHECKING:
    from mlpcli.problem.build import Prepared
    from mlpcli.runs.finding import Finding
    from mlpcli.runs.records import Seen
    from mlpcli.scoring.evaluation import Evaluation

Record = dict[str, int | float | None]
"""What is printed of an epoch: epoch, cost, loss where there is a penalty, the loss and scores of the
validation rows (of the training rows, without validation), seconds."""


@dataclass(frozen=True)
class Started:
    """Everything is ready; the next epoch comes next. after: the epochs that a resumed run has already.

    batches: those done of the next epoch. notes: what is to be said of going on.
    """

    prepared: Prepared
    folder: Path
    after: int = 0
    batches: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Planned:
    """Seeds or folds come first; what they are trainings of."""

    prepared: Prepared
    folder: Path


@dataclass(frozen=True)
class Repeated:
    """A training that was repeated from a seed. cost, validation_loss: of the epoch that it would keep.

    scores: of the weights that it would keep, on the validation part or else the training part, and on the
    test part. reached: whether its loss came to what was asked for; None where nothing was.
    """

    seed: int
    epochs: int
    cost: float
    validation_loss: float | None
    scores: Mapping[str, float]
    stopped: str
    reached: bool | None = None
    halvings: int = 0
    """Of the rate, after costs that were not finite."""
    penalised: bool = False
    """Whether the validation loss has the penalty in it: that of an earlier version has."""

    @property
    def lost(self) -> bool:
        """Whether its cost became infinite or NaN."""
        return self.stopped in LOST

    @property
    def followed(self) -> float:
        """Its validation loss (its cost, without validation rows); infinity for one that was lost."""
        value = self.cost if self.validation_loss is None else self.validation_loss
        return value if math.isfinite(value) and not self.lost else math.inf

    def judged(self, metric: str | None) -> float:
        """The value that seeds are ranked by, the lowest first. metric: training.stop.metric."""
        if metric in (None, "loss") or self.lost:
            return self.followed
        value = self.scores[f"validation_{metric}"]
        return value if metric in LOWER_IS_BETTER else -value

    def as_record(self) -> dict[str, Any]:
        """A row of repeat.csv."""
        return {
            "seed": self.seed,
            "epochs": self.epochs,
            "cost": self.cost,
            "validation_loss": self.validation_loss,
            **self.scores,
            "stopped": self.stopped,
            "reached": None if self.reached is None else int(self.reached),
            "halvings": self.halvings,
        }


@dataclass(frozen=True)
class EpochDone:
    """One pass is over. record: only for the epochs that are printed."""

    number: int
    of: int
    record: Record | None


@dataclass(frozen=True)
class Noticed:
    """Something goes wrong. epoch: 0 before the first. batch: of that epoch, where it is known."""

    epoch: int
    finding: Finding
    batch: int | None = None

    def as_json(self) -> Seen:
        """As in findings.json: the finding's fields after epoch and batch."""
        return {"epoch": self.epoch, "batch": self.batch, **self.finding.as_json()}

    @classmethod
    def from_json(cls, found: Seen) -> Noticed:
        """What as_json gave."""
        from mlpcli.runs.finding import Finding  # seldom needed

        return cls(found["epoch"], Finding.from_json(found), found["batch"])


@dataclass(frozen=True)
class Halved:
    """The cost was lost in an epoch; training goes on after epoch `after`, its rate times `factor`."""

    epoch: int
    after: int
    factor: float
    cause: str


@dataclass(frozen=True)
class Run:
    """A training that ended. path: the folder. kept_epoch: of the model.

    cost, loss: of that epoch, each batch's before its update; NaN or None where they are not known. scores:
    of the model's weights on all rows of a part, training_loss and the like; empty where they are not known.
    """

    path: Path
    stopped: str
    epochs: int
    cost: float
    kept_epoch: int
    seconds: float
    history: tuple[Record, ...]
    test: Evaluation | None
    findings: tuple[Noticed, ...] = ()
    loss: float | None = None
    scores: Mapping[str, float | None] = field(default_factory=dict)

    def __fspath__(self) -> str:
        return str(self.path)

    @property
    def failed(self) -> bool:
        """Whether the cost became infinite or NaN."""
        return self.stopped in LOST

    @property
    def interrupted(self) -> bool:
        """Whether it was asked to end before it was done."""
        return self.stopped == INTERRUPTED


@dataclass(frozen=True)
class SeedDone:
    """One of the repeated trainings is over. of: how many there are."""

    result: Repeated
    of: int


@dataclass(frozen=True)
class SeedsDone:
    """What the trainings from several seeds came to; made by a SeedTally.

    best: the seed that is trained once more, and kept. lowest, median, highest: of their validation losses
    (their costs, without validation rows), infinity for one that was lost. followed: the name of these.
    reached: how many came to the cost that was asked for; None where none was. cost_below: that cost, where
    it is known.
    """

    count: int
    best: int
    lowest: float
    median: float
    highest: float
    reached: int | None
    followed: str
    cost_below: float | None = None


class SeedTally:
    """Collects what the seeds came to in a few bytes each, as there may be a million of them.

    metric: training.stop.metric, by which the best is chosen.
    """

    def __init__(self, metric: str | None = None) -> None:
        self._metric, self._followed = metric, "cost"
        self._costs = array("d")
        self._best = (math.inf, math.inf)
        self._reached: int | None = None

    def add(self, result: Repeated) -> None:
        """One more seed is done."""
        self._costs.append(result.followed)
        self._best = min(self._best, (result.judged(self._metric), result.seed))
        if result.validation_loss is not None:
            self._followed = "validation cost" if result.penalised else "validation loss"
        if result.reached is not None:
            self._reached = (self._reached or 0) + result.reached

    def done(self, cost_below: float | None = None) -> SeedsDone | None:
        """What they came to; None where there is none."""
        count = len(self._costs)
        if not count:
            return None
        costs = np.sort(np.frombuffer(self._costs))
        lowest, low, high, highest = (float(costs[at]) for at in (0, (count - 1) // 2, count // 2, -1))
        median = (low + high) / 2
        best, reached = int(self._best[1]), self._reached
        return SeedsDone(count, best, lowest, median, highest, reached, self._followed, cost_below)


@dataclass(frozen=True)
class FoldDone:
    """One training of a cross-validation is over. scores: on the rows that it has not seen, of the weights of
    kept_epoch. halvings: of the rate."""

    number: int
    of: int
    epochs: int
    kept_epoch: int
    scores: Mapping[str, float]
    halvings: int = 0


@dataclass(frozen=True)
class FoldsDone:
    """All of them are. folds: the scores of each, on the rows that it has not seen."""

    folds: tuple[Mapping[str, float], ...]
    predictions: Path

    @property
    def table(self) -> dict[str, tuple[float, float]]:
        """Of each score its mean and standard deviation over the folds."""
        columns = {name: np.array([each[name] for each in self.folds]) for name in self.folds[0]}
        with np.errstate(invalid="ignore"):
            return {name: (float(v.mean()), float(v.std(ddof=1))) for name, v in columns.items()}


@dataclass(frozen=True)
class BrokenOff:
    """The run was interrupted, among its seeds or folds or where no batch was at hand to be finished; what is
    done of it is in the folder."""

    folder: Path


@dataclass(frozen=True)
class Ended:
    """Training is over, well or not, and everything is in its folder. anew: false where it was before."""

    run: Run
    anew: bool = True


Beside = Planned | SeedDone | SeedsDone | FoldDone | FoldsDone | BrokenOff
"""What is told of seeds and folds, before the training itself."""
Event = Started | Noticed | EpochDone | Halved | Beside | Ended
