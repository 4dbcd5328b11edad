"""What rules may look at. Everything is computed when first asked for, and once."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.diagnose.baseline import baseline_loss
from mlpcli.diagnose.case import Case, Rows
from mlpcli.diagnose.layer_health import LayerHealth, layer_health
from mlpcli.diagnose.trial import Trainer, Trial

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_ROWS = 1024
"""Rows that layer health looks at."""
BEATS = 0.05
"""Share of the baseline by which a loss must be below it. Ours: a network that learns is far beyond."""
STILL_FALLING = 0.005
"""Relative fall of the cost from the third to the last quarter of a trial that counts as improvement."""


class Evidence:
    """Facts, statistics and trials of one case."""

    def __init__(self, case: Case) -> None:
        self.case = case

    @cached_property
    def some_rows(self) -> Rows:
        """Up to MOST_ROWS training rows, drawn by the seed."""
        if self.case.count <= MOST_ROWS:
            return self.case.rows
        chosen = np.sort(self.case.shuffle(0).permutation(self.case.count)[:MOST_ROWS])
        return {name: array[chosen] for name, array in self.case.rows.items()}

    @cached_property
    def start(self) -> dict[str, NDArray[Any]]:
        """The first values of the parameters."""
        return self.case.draw(0)

    @cached_property
    def start_health(self) -> list[LayerHealth]:
        """Every layer before training (of a run: as trained)."""
        weights = self.start if self.case.trained is None else self.case.trained
        return layer_health(self.case.network, weights, self.some_rows, self.case.executor)[0]

    @cached_property
    def trial_health(self) -> list[LayerHealth]:
        """Every layer after the trial."""
        return layer_health(self.case.network, self.trial.state, self.some_rows, self.case.executor)[0]

    @cached_property
    def trainer(self) -> Trainer:
        """Runs trials."""
        return Trainer(self.case)

    @cached_property
    def trial(self) -> Trial:
        """The config's own training, in full where that is short."""
        return self.trainer.run()

    @cached_property
    def baseline(self) -> float:
        """The loss of the best constant prediction, on the rows of the trials."""
        return baseline_loss(self.case, self.trainer.rows)

    def beats_baseline(self, loss: float) -> bool:
        """Whether a loss is clearly below the baseline."""
        return math.isfinite(loss) and loss <= self.baseline - BEATS * abs(self.baseline)

    @cached_property
    def learns(self) -> bool:
        """Whether the trial ends clearly below the baseline, or, if it is cut short, still improves."""
        trial = self.trial
        if not trial.finite:
            return False
        if self.beats_baseline(trial.loss):
            return True
        return not trial.complete and trial.falling > STILL_FALLING and trial.loss < trial.start_loss

    @cached_property
    def redraws(self) -> list[Trial]:
        """The trial from other first weights and in other orders."""
        return [self.trainer.run(draw=draw) for draw in range(1, 9)]

    @cached_property
    def rates(self) -> dict[float, Trial]:
        """The trial at a tenth and ten times the rate, and further, by factor."""
        rate = self.case.optimizer.learning_rate
        return {factor: self.trainer.run(rate * factor) for factor in (0.01, 0.1, 10.0, 100.0)}
