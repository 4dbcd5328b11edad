"""What a training is handed from outside: who is told of it, who watches it, who explains a failure.

The diagnosis stands after the training; it implements the observer and the explanation, and
experiments/train.py hands them in.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mlpcli.execute.executor import State
from mlpcli.execute.rows import EpochRunner
from mlpcli.problem.problem import Problem
from mlpcli.training.epoch import Epoch
from mlpcli.training.events import Event, Record
from mlpcli.training.part_evaluator import PartEvaluator

if TYPE_CHECKING:
    from mlpcli.runs.finding import Finding

Report = Callable[[Event], None]
Interrupted = Callable[[], bool]

NOT_FINITE_RULE, FORMULA_RULE = "cost_not_finite", "formula_not_finite"
NON_FINITE_RULES = (NOT_FINITE_RULE, FORMULA_RULE)
"""Rules of the findings that say where a cost, or weights, stopped being finite."""


class TrainingObserver(Protocol):
    """A watcher of one training: it reads the arrays, changes nothing, and returns what it finds."""

    def facts(self, interrupted: Interrupted) -> list[Finding]:
        """Return what is certain before the first epoch; nothing where it was interrupted."""

    def resume(self, history: Iterable[Record], reported: Container[str]) -> None:
        """Take up the printed epochs of a training that is resumed.

        reported: rules of the findings that were reported already, and are not reported again.
        """

    def after(self, epoch: Epoch) -> list[Finding]:
        """Return what is found for the first time at this report epoch."""


class MakeObserver(Protocol):
    """A function that makes the observer of one training."""

    def __call__(self, prepared: Problem, state: State) -> TrainingObserver:
        """Return the observer of a training. state: the arrays, by name, that it changes."""


class NonFiniteCost(NamedTuple):
    """Where a cost, or weights, stopped being finite. batch: of the epoch; None after its last update."""

    finding: Finding
    batch: int | None


class ExplainNonFiniteCost(Protocol):
    """A function that finds where a cost, or weights, stopped being finite."""

    def __call__(
        self, prepared: Problem, runner: EpochRunner, state: State, epoch: Epoch, evaluator: PartEvaluator
    ) -> NonFiniteCost:
        """Return what was found. state: as before the epoch; it is that again afterwards.

        evaluator: of the part whose cost is computed after each epoch.
        """


@dataclass(frozen=True, kw_only=True)
class TrainingHooks:
    """What a training calls on its way, handed through unchanged from the front door to the epochs.

    report: called with every event. interrupted: asked after every batch; when it says yes, training ends
    there and is saved. keep_every: seconds between two checkpoints; None: so that they take next to no time.
    make_observer: called only where training.monitors is on; explain: only where a cost is not finite.
    """

    report: Report
    interrupted: Interrupted
    keep_every: float | None
    make_observer: MakeObserver
    explain: ExplainNonFiniteCost
