"""The trials of a problem's own network: as the config says, and with another rate, seed or length."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

from mlpcli.diagnose.trials.budget import Budget
from mlpcli.diagnose.trials.facts import Facts
from mlpcli.diagnose.trials.runner import TrialRunner
from mlpcli.diagnose.trials.trial import Trial

OTHER_SEEDS = 8
"""Seeds beside the config's own that are tried, the next ones."""

Tried = dict[frozenset[str], "Trial | str"]
"""Trials by the changes to the config that they belong to; a text says why a config cannot be built."""


def last_of_each(changes: Iterable[str]) -> tuple[str, ...]:
    """Return the last change of each key, in order: an earlier one has no effect."""
    ordered = tuple(changes)
    last = {change.partition("=")[0]: at for at, change in enumerate(ordered)}
    return tuple(ordered[at] for at in sorted(last.values()))


def key_of(changes: Iterable[str]) -> frozenset[str]:
    """Return what tells one config with changes from another, whatever order they are written in."""
    return frozenset(last_of_each(changes))


class Trials:
    """Trials of one problem, each run when first asked for, and once. All may raise OutOfBudget but `own`.

    Those that a config with changes would run as well are kept under these changes, so that a remedy which
    proposes one of them is not trained again.
    """

    def __init__(self, facts: Facts, budget: Budget, tried: Tried, changes: tuple[str, ...] = ()) -> None:
        """Begin without a trial.

        budget: pays for the trials. tried: what is tried already; changes: what this problem is there.
        """
        self._facts, self._problem, self._budget = facts, facts.problem, budget
        self._tried, self._changes = tried, changes
        self._seeds: dict[int, Trial] = {}

    @cached_property
    def runner(self) -> TrialRunner:
        """What runs the trials."""
        return TrialRunner(self._problem, budget=self._budget, own=True)

    @cached_property
    def own(self) -> Trial:
        """The config's own training, in full where that is short."""
        return self._kept((), lambda: self.runner.run(watch=self._facts.some_validation))

    @cached_property
    def other_seeds(self) -> list[Trial]:
        """The training with the next seeds: other initial weights and other orders, on the same rows."""
        # Some of them alone would say nothing.
        self._budget.reserve(0.0, OTHER_SEEDS * self.runner.seconds())
        return [self.with_seed(offset) for offset in range(1, OTHER_SEEDS + 1)]

    def with_seed(self, seed_offset: int) -> Trial:
        """Return the trial of the config's seed plus seed_offset: other initial weights and orders."""
        if seed_offset not in self._seeds:
            self._seeds[seed_offset] = self._of_seed(seed_offset)
        return self._seeds[seed_offset]

    def _of_seed(self, seed_offset: int) -> Trial:
        if not seed_offset:
            return self.own
        if not self._problem.seed_moves_weights_only:  # a config with that seed is another training
            return self.runner.run(seed_offset=seed_offset)
        return self._kept(
            (f"seed={self._problem.config.seed + seed_offset}",),
            lambda: self.runner.run(seed_offset=seed_offset, watch=self._facts.some_validation),
        )

    def at_rate(self, factor: float) -> Trial:
        """Return the trial at this factor times the rate."""
        return self.with_rate(self._problem.optimizer.rate * factor)

    def with_rate(self, rate: float) -> Trial:
        """Return the trial at this rate, to the digits that a remedy has."""
        rate = float(f"{rate:g}")
        return self._kept(
            (f"optimiser.learning_rate={rate:g}",),
            lambda: self.runner.run(rate, watch=self._facts.some_validation),
        )

    @cached_property
    def longer(self) -> Trial:
        """The trial for ten times the epochs, as far as the time for a trial reaches."""
        return self._longer(None)

    @cached_property
    def longer_and_faster(self) -> Trial:
        """The trial for ten times the epochs at ten times the rate."""
        return self._longer(float(f"{10.0 * self._problem.optimizer.rate:g}"))

    def _longer(self, rate: float | None) -> Trial:
        epochs = 10 * self.runner.epochs

        def run() -> Trial:
            return self.runner.run(rate, epochs=epochs, watch=self._facts.some_validation)

        # A trial that is cut short, or on some of the rows, is not the one of a config with more epochs.
        if not self.runner.all_rows or epochs > self.runner.most_epochs:
            return run()
        faster = () if rate is None else (f"optimiser.learning_rate={rate:g}",)
        return self._kept((f"training.epochs={epochs}", *faster), run)

    @cached_property
    def unstopped(self) -> Trial:
        """The trial to its last epoch, whatever training.stop says."""
        return self.runner.run(stops=False)

    @cached_property
    def shuffled(self) -> Trial:
        """The trial with the rows in a new order each epoch."""
        return self._kept(
            ("training.shuffle=true",),
            lambda: self.runner.run(shuffle=True, watch=self._facts.some_validation),
        )

    def _kept(self, changes: tuple[str, ...], run: Callable[[], Trial]) -> Trial:
        """Return the trial of the config with these changes; run: trains it, where it is not tried yet."""
        key = key_of((*self._changes, *changes))
        found = self._tried.get(key)
        if not isinstance(found, Trial):
            found = self._tried[key] = run()
        return found
