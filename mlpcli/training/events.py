"""The events that a training reports while it runs, and the run that it leaves.

Views import this module, so it imports nothing of the engine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlpcli.config.schema import LOWER_IS_BETTER
from mlpcli.training.stop_reasons import INTERRUPTED, NON_FINITE

if TYPE_CHECKING:
    from mlpcli.problem.problem import Problem
    from mlpcli.runs.finding import Finding
    from mlpcli.runs.records import ReportedFindingRecord
    from mlpcli.scoring.evaluation import Evaluation

Record = dict[str, int | float | None]
"""A row of history.csv: epoch, cost, loss where there is a penalty, what else is followed, the loss and
scores of the validation rows (of the training rows, without validation), seconds."""

VALIDATION_COST, SEAL = "validation_cost", "sha256"
"""Columns of repeat.csv in earlier versions: a loss with the penalty in it, and a digest of the row."""


@dataclass(frozen=True, kw_only=True)
class Started:
    """Everything is ready, and the first epoch follows. after: epochs that a resumed run has already.

    batches: how many are done of the next epoch. notes: what to say about resuming.
    """

    prepared: Problem
    folder: Path
    after: int = 0
    batches: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Planned:
    """Seeds or folds come first. prepared: the problem that they are trainings of."""

    prepared: Problem
    folder: Path


@dataclass(frozen=True, kw_only=True)
class SeedResult:
    """A training that was repeated from a seed. cost, validation_loss: of the epoch that it would keep.

    scores: of the weights that it would keep, on the validation part or else the training part, and on the
    test part. reached: whether its loss came to what was asked for; None where nothing was. halvings: of the
    learning rate, after non-finite costs. penalised: whether the validation loss has the penalty in it, as
    in files of an earlier version.
    """

    seed: int
    epochs: int
    cost: float
    validation_loss: float | None
    scores: Mapping[str, float]
    stopped: str
    reached: bool | None = None
    halvings: int = 0
    penalised: bool = False

    @property
    def failed(self) -> bool:
        """Whether its cost became infinite or NaN."""
        return self.stopped in NON_FINITE

    @property
    def followed(self) -> float:
        """The validation loss (the cost, without validation rows); infinity for a training that failed."""
        value = self.cost if self.validation_loss is None else self.validation_loss
        return value if math.isfinite(value) and not self.failed else math.inf

    def judged(self, metric: str | None) -> float:
        """Return the value that seeds are ranked by, in ascending order. metric: training.stop.metric."""
        if metric in (None, "loss") or self.failed:
            return self.followed
        value = self.scores[f"validation_{metric}"]
        return value if metric in LOWER_IS_BETTER else -value

    def as_record(self) -> dict[str, Any]:
        """Return the row of repeat.csv."""
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

    @classmethod
    def from_record(cls, row: Mapping[str, str]) -> SeedResult:
        """Read a row of repeat.csv, also of an earlier version. Raises ValueError for anything else."""
        old = VALIDATION_COST in row
        validation = VALIDATION_COST if old else "validation_loss"
        own = {"seed", "epochs", "cost", validation, "stopped", "reached", "halvings"}
        missing, reached = sorted(own - set(row)), row.get("reached", "")
        if missing:
            raise ValueError(f"there is no column {missing[0]}")
        if reached not in ("", "0", "1"):
            raise ValueError(f"{reached!r} says neither that a cost was reached nor that it was not")
        result = cls(
            seed=int(row["seed"]),
            epochs=int(row["epochs"]),
            cost=float(row["cost"]),
            validation_loss=float(row[validation]) if row[validation] else None,
            scores={name: float(text) for name, text in row.items() if name not in {*own, SEAL}},
            stopped=row["stopped"],
            reached=reached == "1" if reached else None,
            halvings=int(row["halvings"]),
            penalised=old,
        )
        if math.isnan(result.cost) and not result.failed:
            raise ValueError(f"the cost of seed {result.seed} is no number")
        return result


@dataclass(frozen=True)
class EpochDone:
    """One epoch is over. record: only for the epochs that are printed."""

    number: int
    of: int
    record: Record | None


@dataclass(frozen=True)
class ReportedFinding:
    """A finding of a training under way. epoch: 0 before the first. batch: of that epoch, if it is known."""

    epoch: int
    finding: Finding
    batch: int | None = None

    def as_json(self) -> ReportedFindingRecord:
        """Return the entry of findings.json: the finding's fields after epoch and batch."""
        return {"epoch": self.epoch, "batch": self.batch, **self.finding.as_json()}

    @classmethod
    def from_json(cls, found: ReportedFindingRecord) -> ReportedFinding:
        """Read what as_json returned. Raises ValueError for a severity that does not exist."""
        from mlpcli.runs.finding import Finding  # seldom needed

        return cls(found["epoch"], Finding.from_json(found), found["batch"])


@dataclass(frozen=True)
class Halved:
    """The cost of an epoch was not finite; training resumes after epoch `after`, its rate times `factor`."""

    epoch: int
    after: int
    factor: float
    cause: str


@dataclass(frozen=True, kw_only=True)
class Run:
    """A training that ended. path: the run folder. kept_epoch: the epoch whose weights became the model.

    cost, loss: of that epoch, each batch's before its update; NaN or None where they are not known. scores:
    of the model's weights on all rows of a part, training_loss and the like; empty where they are not known.
    """

    path: Path
    stopped: str
    epochs: int
    cost: float
    loss: float | None = None
    kept_epoch: int
    seconds: float
    history: tuple[Record, ...]
    scores: Mapping[str, float | None] = field(default_factory=dict)
    test: Evaluation | None
    findings: tuple[ReportedFinding, ...] = ()

    def __fspath__(self) -> str:
        return str(self.path)

    @property
    def failed(self) -> bool:
        """Whether the cost became infinite or NaN."""
        return self.stopped in NON_FINITE

    @property
    def interrupted(self) -> bool:
        """Whether it was asked to end before it was done."""
        return self.stopped == INTERRUPTED


@dataclass(frozen=True)
class SeedDone:
    """One of the repeated trainings is over. of: how many there are."""

    result: SeedResult
    of: int


@dataclass(frozen=True, kw_only=True)
class SeedsDone:
    """All repeated trainings are finished; of a run that is read back, those that repeat.csv has.

    best: the seed that is trained once more, and kept. lowest, median, highest: of their validation losses
    (their costs, without validation rows), infinity for one that failed. followed: the name of these.
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


@dataclass(frozen=True, kw_only=True)
class FoldDone:
    """One training of a cross-validation is over. halvings: of its learning rate.

    scores: on the rows that it has not seen, of the weights of kept_epoch.
    """

    number: int
    of: int
    epochs: int
    kept_epoch: int
    scores: Mapping[str, float]
    halvings: int = 0


@dataclass(frozen=True)
class FoldsDone:
    """All folds are trained. folds: the scores of each, on the rows that it has not seen."""

    folds: tuple[Mapping[str, float], ...]
    predictions: Path

    @property
    def table(self) -> dict[str, tuple[float, float]]:
        """The mean and the standard deviation over the folds, of each score by name."""
        import numpy as np  # a view of a plain training does without

        columns = {name: np.array([each[name] for each in self.folds]) for name in self.folds[0]}
        with np.errstate(invalid="ignore"):
            return {name: (float(v.mean()), float(v.std(ddof=1))) for name, v in columns.items()}


@dataclass(frozen=True)
class RunInterrupted:
    """The run was interrupted among its seeds or folds, or where no batch was at hand to be finished.

    What is done of it is in the folder.
    """

    folder: Path


@dataclass(frozen=True)
class RunEnded:
    """Training is over, well or not, and everything is in its folder. anew: false if it was over before."""

    run: Run
    anew: bool = True


ExperimentEvent = Planned | SeedDone | SeedsDone | FoldDone | FoldsDone | RunInterrupted
"""An event of seeds or folds, which come before the training itself."""
Event = Started | ReportedFinding | EpochDone | Halved | ExperimentEvent | RunEnded
