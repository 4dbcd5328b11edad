"""What rules may look at. Everything is computed when first asked for, and once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.categorical import Categorical
from mlpcli.diagnose.case import Case, Rows
from mlpcli.diagnose.trials.baseline import baseline_loss, floor_of, least_loss, share_left
from mlpcli.diagnose.trials.budget import Budget
from mlpcli.execute.numpy.executor import NumpyExecutor
from mlpcli.wording import told_apart

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcli.diagnose.layers.health import LayerHealth
    from mlpcli.diagnose.trials.trial import Trainer, Trial

MOST_ROWS = 1024
"""Rows that layer health looks at."""
AT_ONCE = 1 << 17
"""Cells of a table that are looked at in one go: a millisecond, and 1 MB of float64."""
ALL_CELLS = 1 << 22
"""Cells up to which facts about rows are taken from all of them, about 50 ms; of larger tables from some."""
SAMPLE = 1 << 19
"""Cells that are looked at of a larger table."""
LEAST_SAMPLE = 200
"""Rows that are looked at of a larger table, however many columns it has."""
BEATS = 0.05
"""Share of the baseline by which a loss must be below it. Ours: a network that learns is far beyond."""
MANY_EPOCHS = 20
"""Epochs from which on a lucky last one can be told from a low cost."""
STILL_FALLING = 0.005
"""Relative fall of the cost from the third to the last quarter of a trial that counts as improvement."""

HARDLY_MOVED = 0.2
"""‖ΔW‖ / ‖W‖ of a trial whose weights are still about the first ones. Ours: those of the shipped configs of
tables move by 0.8 to 1.2."""
NO_STEP = 1e-6
"""‖ΔW‖ / ‖W‖ of a step that changes nothing any more; 0.001 is usual."""
AT_REST = 0.02
"""Relative change of the cost from the third to the last quarter of a trial that has come to rest."""
POOR = 0.3
"""Share of the baseline's loss that a trial leaves unexplained where a better one is looked for. Ours: the
shipped configs that learn least, Titanic and wine quality, leave 0.5 to 0.6, and no other trial halves it."""
HARDLY_LEARNS = 0.6
"""The same of one that has come to rest and learned next to nothing."""
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
    least: float = 0.0
    """The lowest loss there is."""

    @property
    def left(self) -> float:
        """Share of what there is to gain on the baseline that it leaves; all of it where that is nothing."""
        return share_left(self.trial.loss, self.baseline, self.least) if self.baseline else 1.0

    @property
    def text(self) -> str:
        """Where it ends, in words."""
        if not self.trial.finite:
            return "runs away: its cost becomes infinite or NaN"
        loss, baseline = told_apart(self.trial.loss, self.baseline, digits=3)
        return f"ends at a loss of {loss} (the best constant: {baseline})"


class Evidence:
    """Facts, statistics and trials of one case."""

    notes = True
    """Whether findings that are notes are wanted: those of a large table take their time."""

    def __init__(self, case: Case, budget: Budget | None = None) -> None:
        """budget: of the trials; the config's own is made in any case. Others may raise OutOfBudget."""
        self.case = case
        self.budget = Budget() if budget is None else budget
        self._with_rate: dict[float, Trial] = {}
        self._with_penalty: dict[float, Trial] = {}

    @cached_property
    def some_rows(self) -> Rows:
        """Up to MOST_ROWS training rows, drawn by the seed."""
        if self.case.count <= MOST_ROWS:
            return self.case.rows
        chosen = np.sort(self.case.shuffle(0).permutation(self.case.count)[:MOST_ROWS])
        return {name: array[chosen] for name, array in self.case.rows.items()}

    def may_stop(self) -> None:
        """Raise what ends the looking, where somebody waits for that. Rules ask in the midst of long work."""

    def pieces(self, rows: int, width: int) -> Iterator[slice]:
        """Yield slices of so many rows, about AT_ONCE cells each; between two of them the work may stop."""
        step = max(1, AT_ONCE // max(1, width))
        for start in range(0, rows, step):
            if start:
                self.may_stop()
            yield slice(start, min(rows, start + step))

    def some(self, rows: int, width: int) -> NDArray[np.intp]:
        """Draw numbers of some of so many rows, by the seed, in order: what is looked at of a large table."""
        count = max(LEAST_SAMPLE, min(MOST_ROWS, SAMPLE // max(1, width)))
        return np.sort(self.case.shuffle(0).permutation(rows)[:count])

    @cached_property
    def target_span(self) -> tuple[float, float]:
        """The lowest and the highest number that an output is to say."""
        target = self.case.rows["target"]
        if self.case.dataset.task == "classification" and target.shape[1] > 1:
            return 0.0, 1.0  # a unit for each class
        pieces = [target[rows] for rows in self.pieces(*target.shape)]
        return min(float(p.min()) for p in pieces), max(float(p.max()) for p in pieces)

    def column_name(self, number: int) -> str:
        """The column of the file from which this input was made."""
        return self._column_names[number]

    def input_name(self, number: int) -> str:
        """The column of the file and, where it is a category, the level that this input stands for."""
        return self._input_names[number]

    @cached_property
    def _input_names(self) -> list[str]:
        names: list[str] = []
        for column in self.case.dataset.preparation.columns:
            if isinstance(column, Categorical):
                names += [f"{column.name}={level}" for level in column.levels] or [column.name]
            else:
                names += (
                    column.names if len(column.names) == column.width else column.names[:1] * column.width
                )
        return names

    @cached_property
    def _column_names(self) -> list[str]:
        """The column of the file that each input was made from; several inputs may come from one."""
        return [
            name
            for column in self.case.dataset.preparation.columns
            for name in (
                column.names if len(column.names) == column.width else column.names[:1] * column.width
            )
        ]

    @cached_property
    def start(self) -> dict[str, NDArray[Any]]:
        """The first values of the parameters."""
        return self.case.draw(0)

    @cached_property
    def start_health(self) -> list[LayerHealth]:
        """Every layer before training."""
        return self._health(self.start, self.trial.first_update)

    @cached_property
    def trial_health(self) -> list[LayerHealth]:
        """Every layer after the trial."""
        return self._health(self.trial.state, self.trial.last_update)

    @cached_property
    def trained_health(self) -> list[LayerHealth] | None:
        """Every layer as trained, where a run is diagnosed."""
        return None if self.case.trained is None else self._health(self.case.trained, None)

    @property
    def moments(self) -> Iterator[tuple[list[LayerHealth], str]]:
        """Every layer before training, after it, and as trained: what there is of it, one after the other."""
        yield self.start_health, "before training"
        if self.trial.finite:
            yield self.trial_health, "after the training"
        if self.trained_health is not None:
            yield self.trained_health, "as trained"

    def _health(
        self, weights: Mapping[str, NDArray[Any]], updates: Mapping[str, float] | None
    ) -> list[LayerHealth]:
        from mlpcli.diagnose.layers.health import layer_health

        return layer_health(self.case.network, weights, self.some_rows, NumpyExecutor(), updates)[0]

    def trainer_of(self, case: Case) -> Trainer:
        """Make what runs trials of a variant. Raises OutOfBudget."""
        # Imported here: facts, which mlp train tells before the first epoch, need no trials.
        from mlpcli.diagnose.trials.trial import Trainer

        return Trainer(self.budget.cheapest(case), budget=self.budget)

    @cached_property
    def trainer(self) -> Trainer:
        """Runs trials."""
        from mlpcli.diagnose.trials.trial import Trainer

        return Trainer(self.case, budget=self.budget, own=True)

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

    def left(self, loss: float) -> float:
        """The share of what there is to gain on the baseline, which is above 0, that a loss leaves."""
        return share_left(loss, self.baseline, self.least_loss)

    def beats_baseline(self, loss: float) -> bool:
        """Whether a loss is clearly below the baseline."""
        return _beats(loss, self.baseline, self.least_loss)

    @property
    def clearly_below(self) -> float:
        """The loss below which a training beats the baseline."""
        return _clearly_below(self.baseline, self.least_loss)

    def share_of_own(self, other: Trial) -> float:
        """The loss of another trial as a share of this one's, each less what no network can avoid."""
        floor = floor_of(self.baseline, self.least_loss)
        return (other.loss - floor) / (self.trial.loss - floor)

    @cached_property
    def learns(self) -> bool:
        """Whether the trial ends clearly below baseline and start, or, where it is cut short, improves."""
        trial = self.trial
        if not trial.finite:
            return False
        if self.beats_baseline(trial.loss):
            # A lucky last epoch is no learning.
            swings = len(trial.costs) >= MANY_EPOCHS and not self.beats_baseline(trial.late_cost)
            return self._gets_on and not (swings and self.case.network.penalty is None)
        return not trial.complete and trial.falling > STILL_FALLING and trial.loss < trial.start_loss

    @property
    def _gets_on(self) -> bool:
        """Whether the trial improves; weights of another run may be so good already that nothing can."""
        trial = self.trial
        went_on = self.case.config.start_from is not None and self.beats_baseline(trial.start_loss)
        return trial.improves or (
            went_on and trial.moved > 0 and trial.loss <= (1 + BEATS) * trial.start_loss
        )

    @cached_property
    def fits_poorly(self) -> bool:
        """Whether the trial has come to rest with much of the baseline's loss left."""
        return self.at_rest and self.leaves_much

    @property
    def leaves_much(self) -> bool:
        """Whether the whole training leaves much of the baseline's loss."""
        trial = self.trial
        return trial.complete and trial.finite and self.baseline > 0 and self.left(trial.loss) > POOR

    @cached_property
    def frozen(self) -> bool:
        """Whether it learns, but the last step hardly changed a weight, with much of the loss left."""
        still = all(update <= NO_STEP for update in self.trial.last_update.values())
        return self.learns and self.leaves_much and still

    @cached_property
    def at_rest(self) -> bool:
        """Whether the whole training was done, the weights have moved, and the cost no longer falls."""
        trial = self.trial
        return trial.complete and trial.finite and trial.falling < AT_REST and trial.moved > HARDLY_MOVED

    def much_better(self, other: Trial, share: float = MUCH_BETTER) -> bool:
        """Whether another trial ends below that share of the trial's loss, and beats the baseline."""
        floor = floor_of(self.baseline, self.least_loss)
        better = other.loss - floor < share * (self.trial.loss - floor)
        return other.finite and self.beats_baseline(other.loss) and better

    @cached_property
    def redraws(self) -> list[Trial]:
        """The trial from other first weights and in other orders: what the next seeds would give."""
        self.budget.reserve(0.0, 8 * self.trainer.seconds())  # some of them alone would say nothing
        return [self.trainer.run(draw=draw) for draw in range(1, 9)]

    def at_rate(self, factor: float) -> Trial:
        """The trial at this factor times the rate."""
        return self.with_rate(self.case.optimizer.rate * factor)

    def with_rate(self, rate: float) -> Trial:
        """The trial at this rate."""
        if rate not in self._with_rate:
            self._with_rate[rate] = self.trainer.run(rate)
        return self._with_rate[rate]

    @cached_property
    def longer(self) -> Trial:
        """The trial for ten times the epochs, as far as the time for a trial reaches."""
        return self.trainer.run(epochs=10 * self.trainer.epochs)

    @cached_property
    def unstopped(self) -> Trial:
        """The trial to its last epoch, whatever training.stop says."""
        return self.trainer.run(stops=False)

    @cached_property
    def shuffled(self) -> Trial:
        """The trial with the rows in a new order each epoch."""
        return self.trainer.run(shuffle=True)

    @cached_property
    def wider(self) -> Trial:
        """The trial of a wider network."""
        return self._wide_trainer().run()

    @cached_property
    def wider_and_longer(self) -> Trial:
        """The trial of a wider network for ten times the epochs."""
        trainer = self._wide_trainer()
        return trainer.run(epochs=10 * trainer.epochs)

    def _wide_trainer(self) -> Trainer:
        from mlpcli.diagnose.trials.variant import widened

        return self.trainer_of(widened(self.case))

    @cached_property
    def longer_and_faster(self) -> Trial:
        """The trial for ten times the epochs at ten times the rate."""
        return self.trainer.run(10.0 * self.case.optimizer.rate, epochs=10 * self.trainer.epochs)

    def with_penalty(self, factor: float) -> Trial:
        """The trial with the penalty times a factor."""
        if factor not in self._with_penalty:
            from mlpcli.diagnose.trials.variant import with_penalty

            self._with_penalty[factor] = self.trainer_of(with_penalty(self.case, factor)).run()
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
        trainer = self.trainer_of(case)
        trial = trainer.run()
        baseline, least = baseline_loss(case, trainer.rows), least_loss(case, trainer.rows)
        if not (trial.improves and _beats(trial.loss, baseline, least)):
            return Outcome(trial, baseline, False, False, least)
        if not baseline or not self.baseline:  # a constant that is right everywhere: nothing to compare
            return Outcome(trial, baseline, True, True, least)
        share, own = share_left(trial.loss, baseline, least), self.left(self.trial.loss)
        better = not (self.trial.finite and own > 0) or share < MUCH_BETTER * own
        return Outcome(trial, baseline, True, better, least)

    def gravity(self, outcome: Outcome) -> str:
        """How grave it is that the variant's cure is lacking; "" where it hardly matters."""
        if not self.learns:
            return "problem" if outcome.learns else "warning"
        if not (self.leaves_much and outcome.much_better):
            return ""
        left = self.left(self.trial.loss)
        hardly = self.at_rest and left > HARDLY_LEARNS and outcome.left < MUCH_BETTER**2 * left
        return "problem" if hardly else "warning"

    @cached_property
    def with_usual_inputs(self) -> Outcome:
        """The trial with standardised inputs."""
        from mlpcli.diagnose.trials.usual import with_usual_inputs

        return self.outcome(with_usual_inputs(self.case))

    @cached_property
    def with_usual_targets(self) -> Outcome:
        """The trial with standardised targets."""
        from mlpcli.diagnose.trials.usual import with_usual_targets

        return self.outcome(with_usual_targets(self.case))

    @cached_property
    def with_usual_rows(self) -> Outcome:
        """The trial with both standardised."""
        from mlpcli.diagnose.trials.usual import with_usual_inputs, with_usual_targets

        return self.outcome(with_usual_targets(with_usual_inputs(self.case)))

    @cached_property
    def without_dropout(self) -> Outcome:
        """The trial of the same network with all of its units in every step."""
        from mlpcli.diagnose.trials.variant import without_dropout

        return self.outcome(without_dropout(self.case))

    @cached_property
    def with_usual_weights(self) -> Outcome:
        """The trial from glorot_uniform's weights and biases of 0."""
        from mlpcli.diagnose.trials.usual import with_usual_weights

        return self.outcome(with_usual_weights(self.case))


def _beats(loss: float, baseline: float, least: float) -> bool:
    """Whether a loss is clearly below the baseline."""
    return math.isfinite(loss) and loss < _clearly_below(baseline, least)


def _clearly_below(baseline: float, least: float) -> float:
    """The baseline less a share of what there is to gain on it."""
    gain = baseline - least if least < baseline else abs(baseline)
    return baseline - BEATS * gain
