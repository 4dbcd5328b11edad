"""What rules may look at. Everything is computed when first asked for, and once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.diagnose.baseline import baseline_loss, least_loss
from mlpcli.diagnose.case import Case, Rows
from mlpcli.diagnose.layer_health import LayerHealth, layer_health
from mlpcli.diagnose.trial import LEAST_EPOCHS, Trainer, Trial
from mlpcli.diagnose.usual import with_usual_inputs, with_usual_targets, with_usual_weights
from mlpcli.diagnose.variant import widened, with_penalty
from mlpcli.execute.numpy_executor import NumpyExecutor

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_ROWS = 1024
"""Rows that layer health looks at."""
BEATS = 0.05
"""Share of the baseline by which a loss must be below it. Ours: a network that learns is far beyond."""
STILL_FALLING = 0.005
"""Relative fall of the cost from the third to the last quarter of a trial that counts as improvement."""

HARDLY_MOVED = 0.2
"""‖ΔW‖ / ‖W‖ of a trial whose weights are still about the first ones. Ours: those of the shipped configs of
tables move by 0.8 to 1.2."""
AT_REST = 0.02
"""Relative change of the cost from the third to the last quarter of a trial that has come to rest."""
POOR = 0.3
"""Share of the baseline's loss that a trial leaves unexplained where a better one is looked for. Ours: the
shipped configs that learn least, Titanic and wine quality, leave 0.5 to 0.6, and no other trial halves it."""
MUCH_BETTER = 0.5
"""Share of the trial's loss that a better one must fall below."""


@dataclass(frozen=True)
class Outcome:
    """The trial of a variant. learns: it ends clearly below its baseline. much_better: and leaves less than
    half of the share of the baseline that the case's own trial leaves."""

    trial: Trial
    baseline: float
    learns: bool
    much_better: bool

    @property
    def text(self) -> str:
        """Where it ends, in words."""
        return f"ends at a loss of {self.trial.loss:.3g} (the best constant: {self.baseline:.3g})"


class Evidence:
    """Facts, statistics and trials of one case."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._at_rate: dict[float, Trial] = {}
        self._with_penalty: dict[float, Trial] = {}

    @cached_property
    def some_rows(self) -> Rows:
        """Up to MOST_ROWS training rows, drawn by the seed."""
        if self.case.count <= MOST_ROWS:
            return self.case.rows
        chosen = np.sort(self.case.shuffle(0).permutation(self.case.count)[:MOST_ROWS])
        return {name: array[chosen] for name, array in self.case.rows.items()}

    def column_name(self, number: int) -> str:
        """The column of the file from which this input was made."""
        for column in self.case.dataset.preparation.columns:
            if number < column.width:
                return column.names[number] if len(column.names) == column.width else column.names[0]
            number -= column.width
        raise IndexError(number)

    @cached_property
    def start(self) -> dict[str, NDArray[Any]]:
        """The first values of the parameters."""
        return self.case.draw(0)

    @cached_property
    def start_health(self) -> list[LayerHealth]:
        """Every layer before training (of a run: as trained)."""
        weights = self.start if self.case.trained is None else self.case.trained
        updates = self.trial.first_update if self.case.trained is None else None
        return layer_health(self.case.network, weights, self.some_rows, NumpyExecutor(), updates)[0]

    @cached_property
    def trial_health(self) -> list[LayerHealth]:
        """Every layer after the trial."""
        trial = self.trial
        return layer_health(
            self.case.network, trial.state, self.some_rows, NumpyExecutor(), trial.last_update
        )[0]

    @cached_property
    def trainer(self) -> Trainer:
        """Runs trials."""
        return Trainer(self.case)

    @cached_property
    def trial(self) -> Trial:
        """The config's own training, in full where that is short."""
        return self.trainer.run(watch=self.some_validation)

    @cached_property
    def baseline(self) -> float:
        """The loss of the best constant prediction, on the rows of the trials."""
        return baseline_loss(self.case, self.trainer.rows)

    @cached_property
    def least_loss(self) -> float:
        """The loss of a prediction that is right; not 0 where targets lie between 0 and 1, or are counts."""
        return least_loss(self.case, self.trainer.rows)

    def beats_baseline(self, loss: float) -> bool:
        """Whether a loss is clearly below the baseline."""
        return _beats(loss, self.baseline, self.least_loss)

    @cached_property
    def learns(self) -> bool:
        """Whether the trial ends clearly below baseline and start, or, where it is cut short, improves."""
        trial = self.trial
        if not trial.finite:
            return False
        if self.beats_baseline(trial.loss):
            # Neither first weights that beat the baseline by luck are learning, nor a lucky last epoch.
            lucky = trial.loss > trial.start_loss - BEATS * abs(trial.start_loss)
            swings = len(trial.costs) >= LEAST_EPOCHS and not self.beats_baseline(trial.late_cost)
            return not lucky and not (swings and self.case.network.penalty is None)
        return not trial.complete and trial.falling > STILL_FALLING and trial.loss < trial.start_loss

    @cached_property
    def fits_poorly(self) -> bool:
        """Whether the trial has come to rest with much of the baseline's loss left."""
        return self.at_rest and self.baseline > 0 and self.trial.loss > POOR * self.baseline

    @cached_property
    def at_rest(self) -> bool:
        """Whether the whole training was done, the weights have moved, and the cost no longer falls."""
        trial = self.trial
        return trial.complete and trial.finite and trial.falling < AT_REST and trial.moved > HARDLY_MOVED

    def much_better(self, other: Trial, share: float = MUCH_BETTER) -> bool:
        """Whether another trial ends below that share of the trial's loss, and beats the baseline."""
        return other.finite and self.beats_baseline(other.loss) and other.loss < share * self.trial.loss

    @cached_property
    def redraws(self) -> list[Trial]:
        """The trial from other first weights and in other orders: what the next seeds would give."""
        return [self.trainer.run(draw=draw) for draw in range(1, 9)]

    @cached_property
    def rates(self) -> dict[float, Trial]:
        """The trial at a tenth and ten times the rate, and further, by factor."""
        return {factor: self.at_rate(factor) for factor in (0.01, 0.1, 10.0, 100.0)}

    def at_rate(self, factor: float) -> Trial:
        """The trial at this factor times the rate."""
        if factor not in self._at_rate:
            self._at_rate[factor] = self.trainer.run(self.case.optimizer.rate * factor)
        return self._at_rate[factor]

    @cached_property
    def longer(self) -> Trial:
        """The trial for ten times the epochs, as far as the time for a trial reaches."""
        return self.trainer.run(epochs=10 * self.trainer.epochs)

    @cached_property
    def shuffled(self) -> Trial:
        """The trial with the rows in a new order each epoch."""
        return self.trainer.run(shuffle=True)

    @cached_property
    def wider(self) -> Trial:
        """The trial of a wider network."""
        return Trainer(widened(self.case)).run()

    @cached_property
    def wider_and_longer(self) -> Trial:
        """The trial of a wider network for ten times the epochs."""
        trainer = Trainer(widened(self.case))
        return trainer.run(epochs=10 * trainer.epochs)

    @cached_property
    def longer_and_faster(self) -> Trial:
        """The trial for ten times the epochs at ten times the rate."""
        return self.trainer.run(10.0 * self.case.optimizer.rate, epochs=10 * self.trainer.epochs)

    def with_penalty(self, factor: float) -> Trial:
        """The trial with the penalty times a factor."""
        if factor not in self._with_penalty:
            self._with_penalty[factor] = Trainer(with_penalty(self.case, factor)).run()
        return self._with_penalty[factor]

    @cached_property
    def some_validation(self) -> Rows | None:
        """Up to MOST_ROWS validation rows, drawn by the seed."""
        rows = self.case.validation
        if rows is None or len(rows["inputs"]) <= MOST_ROWS:
            return rows
        chosen = np.sort(self.case.shuffle(1).permutation(len(rows["inputs"]))[:MOST_ROWS])
        return {name: array[chosen] for name, array in rows.items()}

    def outcome(self, case: Case) -> Outcome:
        """The trial of a variant of the case, against this one's."""
        trainer = Trainer(case)
        trial = trainer.run()
        baseline = baseline_loss(case, trainer.rows)
        beats = trial.finite and _beats(trial.loss, baseline, least_loss(case, trainer.rows))
        lucky = trial.loss > trial.start_loss - BEATS * abs(trial.start_loss)
        if not beats or lucky:
            return Outcome(trial, baseline, False, False)
        if not baseline or not self.baseline:  # a constant that is right everywhere: nothing to compare
            return Outcome(trial, baseline, True, True)
        share, own = trial.loss / baseline, self.trial.loss / self.baseline
        better = not (self.trial.finite and own > 0) or share < MUCH_BETTER * own
        return Outcome(trial, baseline, True, better)

    def gravity(self, outcome: Outcome) -> str:
        """How grave it is that the variant's cure is lacking; "" where it hardly matters."""
        if not self.learns:
            return "problem" if outcome.learns else "warning"
        trial = self.trial
        poor = trial.complete and self.baseline > 0 and trial.loss > POOR * self.baseline
        return "warning" if poor and outcome.much_better else ""

    @cached_property
    def with_usual_inputs(self) -> Outcome:
        """The trial with standardised inputs."""
        return self.outcome(with_usual_inputs(self.case))

    @cached_property
    def with_usual_targets(self) -> Outcome:
        """The trial with standardised targets."""
        return self.outcome(with_usual_targets(self.case))

    @cached_property
    def with_usual_rows(self) -> Outcome:
        """The trial with both standardised."""
        return self.outcome(with_usual_targets(with_usual_inputs(self.case)))

    @cached_property
    def with_usual_weights(self) -> Outcome:
        """The trial from glorot_uniform's weights and biases of 0."""
        return self.outcome(with_usual_weights(self.case))


def _beats(loss: float, baseline: float, least: float) -> bool:
    """Whether a loss is clearly below the baseline: by a share of what there is to gain."""
    gain = baseline - least if least < baseline else abs(baseline)
    return math.isfinite(loss) and loss < baseline - BEATS * gain
