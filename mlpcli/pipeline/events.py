"""What a training tells while it runs, and what it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlpcli.pipeline.prepare import Prepared
from mlpcli.predict.scores import Evaluation
from mlpcli.training.loop import INTERRUPTED, NOT_FINITE

if TYPE_CHECKING:
    from mlpcli.diagnose.finding import Finding

Record = dict[str, int | float | None]
"""What is printed of an epoch: epoch, cost, validation_cost, scores, seconds."""


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

    def as_json(self) -> dict[str, Any]:
        """As in findings.json: the finding's fields after epoch and batch."""
        return {"epoch": self.epoch, "batch": self.batch, **self.finding.as_json()}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Noticed:
        """What as_json gave. Raises LookupError, TypeError or AttributeError for anything else."""
        from mlpcli.diagnose.finding import Finding  # seldom needed

        rest = dict(found)
        return cls(rest.pop("epoch"), batch=rest.pop("batch"), finding=Finding.from_json(rest))


@dataclass(frozen=True)
class Halved:
    """The cost was lost in an epoch; training goes on after epoch `after`, its rate times `factor`."""

    epoch: int
    after: int
    factor: float
    cause: str


@dataclass(frozen=True)
class Run:
    """A training that ended. path: the folder. cost: of the last finite epoch; kept_epoch: of the model."""

    path: Path
    stopped: str
    epochs: int
    cost: float
    kept_epoch: int
    seconds: float
    history: tuple[Record, ...]
    test: Evaluation | None
    findings: tuple[Noticed, ...] = ()

    def __fspath__(self) -> str:
        return str(self.path)

    @property
    def failed(self) -> bool:
        """Whether the cost became infinite or NaN."""
        return self.stopped == NOT_FINITE

    @property
    def interrupted(self) -> bool:
        """Whether it was asked to end before it was done."""
        return self.stopped == INTERRUPTED


@dataclass(frozen=True)
class Ended:
    """Training is over, well or not, and everything is in its folder. anew: false where it was before."""

    run: Run
    anew: bool = True


Event = Started | Noticed | EpochDone | Halved | Ended
