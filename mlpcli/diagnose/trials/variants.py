"""Variants of a problem: its config with changes, built from the tables in memory, trained, and compared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mlpcli.diagnose.trials.baseline import mean_loss
from mlpcli.diagnose.trials.budget import Budget
from mlpcli.diagnose.trials.facts import Facts
from mlpcli.diagnose.trials.runner import TrialRunner
from mlpcli.diagnose.trials.trial import MUCH_BETTER, Trial
from mlpcli.diagnose.trials.trials import Trials, Tried, key_of, last_of_each
from mlpcli.errors import MlpError
from mlpcli.execute.numpy.executor import NumpyExecutor
from mlpcli.execute.rows import RowFunction, Rows
from mlpcli.problem.build import rebuild
from mlpcli.training.auto_rate import resolve_auto_rate
from mlpcli.wording import told_apart

HARDLY_LEARNS = 0.6
"""Share of the baseline's loss that a trial leaves which has come to rest and learned next to nothing."""


@dataclass(frozen=True)
class VariantOutcome:
    """What a variant does. trial: None where its config cannot be built; error then says why.

    much_better: whether it succeeds, and leaves less than half of the share of the baseline that the
    problem's own trial leaves.
    """

    trial: Trial | None
    much_better: bool = False
    error: str = ""

    @property
    def learns(self) -> bool:
        """Whether it ends clearly below its baseline and its initial loss."""
        return self.trial is not None and self.trial.succeeds

    @property
    def finite(self) -> bool:
        """Whether it was trained, and no cost or weight became infinite or NaN."""
        return self.trial is not None and self.trial.finite

    @property
    def left(self) -> float:
        """The share of what there is to gain on the baseline that it leaves; 1 where it cannot be built."""
        return 1.0 if self.trial is None else self.trial.left

    @property
    def text(self) -> str:
        """Where it ends, in words."""
        if self.trial is None:
            return f"cannot be made: {self.error}"
        if not self.trial.finite:
            return "runs away: its cost becomes infinite or NaN"
        loss, baseline = told_apart(self.trial.loss, self.trial.baseline, digits=3)
        return f"ends at a loss of {loss} (the best constant: {baseline})"


class Variants:
    """Trials of the config with changes. What a rule tries here is what its remedy says, and trained once."""

    def __init__(
        self, facts: Facts, trials: Trials, budget: Budget, tried: Tried, changes: tuple[str, ...]
    ) -> None:
        """Begin without a trial. tried: what is tried already; changes: what this problem is there."""
        self._facts, self._trials, self._budget = facts, trials, budget
        self._tried, self._changes = tried, changes

    def trial(self, changes: Sequence[str]) -> Trial | str:
        """Return the trial of the config with these changes; a text says why it cannot be built.

        Raises OutOfBudget.
        """
        if not changes:
            return self._trials.own
        key = key_of((*self._changes, *changes))
        if key not in self._tried:
            self._tried[key] = self._run(changes)
        return self._tried[key]

    def outcome(self, changes: Sequence[str]) -> VariantOutcome:
        """Compare the config with these changes to the problem's own trial. Raises OutOfBudget."""
        return self._compared(self.trial(changes))

    def outcome_on(self, rows: Rows) -> VariantOutcome:
        """Compare the training on other rows, which no config can say, to the own one. Raises OutOfBudget."""
        problem = self._budget.cheapest(self._facts.problem)
        return self._compared(TrialRunner(problem, rows, self._budget).run())

    def start_loss(self, changes: Sequence[str], rows: Rows) -> float:
        """Return the mean loss before the first step with these changes; infinite if it cannot be built."""
        try:
            problem = rebuild(self._facts.problem, last_of_each(changes))
        except MlpError:
            return math.inf
        loss = RowFunction(NumpyExecutor(), {"loss": problem.network.row_loss}, problem.initial_values())
        with np.errstate(all="ignore"):
            return mean_loss(loss(rows)["loss"], rows)

    def _run(self, changes: Sequence[str]) -> Trial | str:
        try:
            problem = resolve_auto_rate(rebuild(self._facts.problem, last_of_each(changes)))
        except MlpError as error:
            return error.faults[0].what
        runner = TrialRunner(self._budget.cheapest(problem), budget=self._budget)
        return runner.run(watch=Facts(problem).some_validation)

    def _compared(self, trial: Trial | str) -> VariantOutcome:
        if isinstance(trial, str):
            return VariantOutcome(None, error=trial)
        own = self._trials.own
        if not trial.succeeds:
            return VariantOutcome(trial)
        if not trial.baseline or not own.baseline:  # a constant that is right everywhere: nothing to compare
            return VariantOutcome(trial, True)
        return VariantOutcome(trial, not (own.finite and own.left > 0) or trial.left < MUCH_BETTER * own.left)

    def severity_of(self, outcome: VariantOutcome) -> str:
        """Say how severe it is that a variant's changes are lacking; "" where it hardly matters."""
        own = self._trials.own
        if not own.learns:
            return "problem" if outcome.learns else "warning"
        if not (own.leaves_much and outcome.much_better):
            return ""
        hardly = own.at_rest and own.left > HARDLY_LEARNS and outcome.left < MUCH_BETTER**2 * own.left
        return "problem" if hardly else "warning"
