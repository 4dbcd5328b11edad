"""What rules may look at: facts about a problem, trials of it, and variants of its config."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mlpcli.config.load import ConfigSource
from mlpcli.data.files import DataFiles
from mlpcli.diagnose.trials.budget import Budget
from mlpcli.diagnose.trials.facts import Facts
from mlpcli.diagnose.trials.trial import Trial
from mlpcli.diagnose.trials.trials import Trials, Tried
from mlpcli.diagnose.trials.variants import Variants
from mlpcli.execute.numpy.executor import NumpyExecutor
from mlpcli.problem.build import prepare
from mlpcli.problem.problem import Problem
from mlpcli.training.auto_rate import resolve_auto_rate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcli.diagnose.layers.health import LayerHealth


class Evidence:
    """Facts, trials and variants of one problem, and the health of its layers in between.

    problem: in float64. budget: pays for the trials; the config's own is made in any case, others may raise
    OutOfBudget. trained: the weights of a finished run by name, where one is diagnosed.
    """

    def __init__(
        self,
        problem: Problem,
        budget: Budget | None = None,
        trained: Mapping[str, NDArray[Any]] | None = None,
        tried: Tried | None = None,
        changes: tuple[str, ...] = (),
    ) -> None:
        """Begin without any trial of its own.

        tried: trials of a common config with changes, shared by all evidence about such; changes: what this
        problem's config is there.
        """
        self.problem, self.trained = problem, trained
        self.budget = Budget() if budget is None else budget
        self.tried: Tried = {} if tried is None else tried
        self.changes = changes
        self.facts = Facts(problem)

    @cached_property
    def trials(self) -> Trials:
        """Trials of the problem's own network."""
        return Trials(self.facts, self.budget, self.tried, self.changes)

    @cached_property
    def variants(self) -> Variants:
        """Trials of the config with changes."""
        return Variants(self.facts, self.trials, self.budget, self.tried, self.changes)

    @property
    def trial(self) -> Trial:
        """The config's own training, in full where that is short."""
        return self.trials.own

    @cached_property
    def learns(self) -> bool:
        """Whether the config's own training learns."""
        return self.trial.learns

    @cached_property
    def start_health(self) -> list[LayerHealth]:
        """The health of every layer before training."""
        return self._health(self.facts.initial_values, self.trial.first_update)

    @cached_property
    def trial_health(self) -> list[LayerHealth]:
        """The health of every layer after the trial."""
        return self._health(self.trial.state, self.trial.last_update)

    @cached_property
    def trained_health(self) -> list[LayerHealth] | None:
        """The health of every layer as trained; None where no run is diagnosed."""
        return None if self.trained is None else self._health(self.trained, None)

    @property
    def moments(self) -> Iterator[tuple[list[LayerHealth], str]]:
        """Every layer before training, after the trial, and as trained: what there is of it, in order."""
        yield self.start_health, "before training"
        if self.trial.finite:
            yield self.trial_health, "after the training"
        if self.trained_health is not None:
            yield self.trained_health, "as trained"

    def _health(
        self, weights: Mapping[str, NDArray[Any]], updates: Mapping[str, float] | None
    ) -> list[LayerHealth]:
        # Imported here: facts, which mlp train reports before the first epoch, need no layer health.
        from mlpcli.diagnose.layers.health import layer_health

        return layer_health(self.problem.network, weights, self.facts.some_rows, NumpyExecutor(), updates)[0]


def evidence_of(
    config: ConfigSource, overrides: Sequence[str] = (), budget: Budget | None = None
) -> Evidence:
    """Build the problem of a config in float64, and return the evidence about it; nothing is trained yet.

    Its tables stay in memory, so that variants are built from them. Raises ConfigError, DataError.
    """
    files = DataFiles(keep_tables=True)
    return Evidence(resolve_auto_rate(prepare(config, overrides, "float64", files)), budget)
