"""What runs trials: the config's own short training, and ones with another rate, seed or number of epochs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.diagnose.trials.baseline import Yardstick, mean_loss, yardstick
from mlpcli.diagnose.trials.budget import Budget, step_seconds
from mlpcli.diagnose.trials.trial import Trial
from mlpcli.execute.rows import RowFunction, Rows
from mlpcli.graph.node import parameter
from mlpcli.optim.step import RATE_FACTOR, TrainingLength, training_step
from mlpcli.problem.problem import Problem
from mlpcli.training.finite import all_finite
from mlpcli.training.plateau import PlateauCounter
from mlpcli.training.runner import first_state, make_runner
from mlpcli.training.stopping import Stopping

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORK = 2e10
"""Multiplications of one trial at most: about half a second in machine code. A small network is trained in
full; of a large one, or of many rows, a part is."""
STEP_OVERHEAD, CALLS_OVERHEAD = 20_000, 800_000
"""Multiplications that a step's other work counts for: in machine code, and where it is calls of NumPy."""
LEAST_EPOCHS = 20
"""Epochs of a trial where the config has as many: of many rows, as few are taken as that asks for."""
WATCHED = 20
"""Moments of a trial at which the loss on other rows is looked at."""
RATE, EPOCHS = "learning_rate", "epochs"


@dataclass(frozen=True)
class _Course:
    """The epochs of one trial: their costs, losses on watched rows, and whether training.stop ended it."""

    costs: list[float]
    watched: list[tuple[int, float]]
    stopped: bool


class TrialRunner:
    """Runs trials of one problem on one set of rows; what is compiled is used again."""

    def __init__(
        self, problem: Problem, rows: Rows | None = None, budget: Budget | None = None, own: bool = False
    ) -> None:
        """Compile the steps.

        rows: what is trained on; None: the training rows. budget: pays for what is compiled and run. own:
        whether it is the config as it is, which is run once in any case. Raises OutOfBudget.
        """
        self.problem, self._own, self._budget = problem, own, budget or Budget()
        rows = problem.training_rows if rows is None else rows
        there = len(rows["inputs"])
        self.epochs = problem.config.training.epochs
        overhead = STEP_OVERHEAD if problem.executor.epoch_runner else CALLS_OVERHEAD
        most = max(1, int(WORK / (3.0 * problem.network.size * problem.batch_rows + overhead)))
        wanted = min(self.epochs, LEAST_EPOCHS)
        self.all_rows = most >= wanted * -(-there // problem.batch_rows)
        if not self.all_rows:
            rows = self._some(rows, max(1, most // wanted) * problem.batch_rows)
            self.epochs = self.epochs * there // len(rows["inputs"])
        self.rows = rows
        self._steps_an_epoch = -(-len(rows["inputs"]) // problem.batch_rows)
        self._most_epochs = max(1, most // self._steps_an_epoch)
        compiling = self._budget.compiling(problem)
        if own:
            self._budget.spend(compiling)
        else:
            self._budget.reserve(compiling, self.seconds())
        self._budget.compiled(problem)
        self._compile()

    def _some(self, rows: Rows, count: int) -> Rows:
        """Draw some of the rows by the seed, in their order."""
        chosen = np.sort(self.problem.shuffle().permutation(len(rows["inputs"]))[:count])
        some = {name: np.ascontiguousarray(array[chosen]) for name, array in rows.items()}
        if "weights" in some and some["weights"].any():  # the cost stays a mean
            some["weights"] /= some["weights"].mean()
        return some

    def _compile(self) -> None:
        problem = self.problem
        rate, length = parameter(RATE, (), "float64"), parameter(EPOCHS, (), "float64")
        pace = TrainingLength(length, self._steps_an_epoch)
        adjustable = PlateauCounter.of(problem.optimizer) is not None
        step = training_step(problem.network, problem.optimizer, rate, pace, adjustable)
        weights = problem.initial_values()
        self._state = first_state(problem.optimizer, step, weights)
        # Slots of the optimiser and the like, which every trial begins with anew.
        self._start = {n: a.copy() for n, a in self._state.items() if n not in weights}
        self._state |= {RATE: np.zeros(()), EPOCHS: np.zeros(())}
        outputs = {"cost": problem.network.cost, **step.tracked}
        self._runner = make_runner(
            problem.executor, problem.optimizer, step, outputs, self._state, self.rows, problem.batch_rows
        )
        outputs = {"loss": problem.network.row_loss, "prediction": problem.network.prediction}
        self._function = RowFunction(problem.executor, outputs, self._state)

    @cached_property
    def yardstick(self) -> Yardstick:
        """What losses on the rows of the trials are measured by."""
        return yardstick(self.problem, self.rows)

    @property
    def most_epochs(self) -> int:
        """Epochs of a trial at most, however many are asked for."""
        return self._most_epochs

    def seconds(self, epochs: int | None = None) -> float:
        """Return what one trial costs, counted in seconds. epochs: None: the config's."""
        epochs = min(self._most_epochs, epochs or self.epochs)
        return epochs * self._steps_an_epoch * step_seconds(self.problem)

    def run(
        self,
        rate: float | None = None,
        seed_offset: int = 0,
        epochs: int | None = None,
        shuffle: bool | None = None,
        watch: Rows | None = None,
        stops: bool = True,
    ) -> Trial:
        """Train once.

        rate: None: the config's. seed_offset: added to the seed of initial weights and orders. epochs: may be
        more than the config's; None: as many. shuffle: None: as the config says. watch: rows whose loss is
        taken at WATCHED moments. stops: as early as training.stop says, time limits apart.

        Raises OutOfBudget.
        """
        self._pay(self.seconds(epochs))
        problem, state = self.problem, self._state
        rate = problem.optimizer.rate if rate is None else rate
        self._begin(seed_offset, rate, epochs or self.epochs)
        first = {p.node.name: state[p.node.name].copy() for p in problem.network.arrays}
        start_loss = self._loss(self.rows)
        shuffle = problem.config.training.shuffle if shuffle is None else shuffle
        rng = problem.shuffle(seed_offset) if shuffle else None
        count = len(self.rows["inputs"])
        order = np.arange(count) if rng is None else problem.shuffle(seed_offset).permutation(count)
        first_update = self._first_update(order, first, rate)
        wanted = min(self._most_epochs, epochs or self.epochs)
        course = self._train(wanted, rng, watch, self._stopping() if stops else None)
        with np.errstate(all="ignore"):
            outputs = self._function(self.rows)
            loss, predictions = mean_loss(outputs["loss"], self.rows), outputs["prediction"]
        last = {name: state[name].copy() for name in first}
        if not all_finite(last.values()):
            loss = math.nan  # which a comparison in a formula may hide
        whole = (course.stopped or wanted >= self.epochs) and self.all_rows and not self._ends_by_another
        return Trial(
            rate=rate,
            costs=np.array(course.costs),
            start_loss=start_loss,
            loss=loss,
            state=last,
            predictions=predictions,
            targets=self.rows["target"],
            first_update=first_update,
            last_update=self._last_update(order, last),
            complete=whole,
            steps=len(course.costs) * self._steps_an_epoch,
            moved=self._moved(first, last),
            yardstick=self.yardstick,
            warm=problem.config.start_from is not None,
            penalised=problem.network.penalty is not None,
            watched=tuple(course.watched),
            stopped=course.stopped,
        )

    def _pay(self, seconds: float) -> None:
        """Take a trial's cost from the budget; the first of the config as it is is made in any case."""
        if self._own:
            self._budget.spend(seconds)
            self._own = False
        else:
            self._budget.reserve(seconds)

    def _begin(self, seed_offset: int, rate: float, epochs: int) -> None:
        """Fill the state with what a trial begins with."""
        for name, array in (self.problem.initial_values(seed_offset) | self._start).items():
            self._state[name][...] = array
        self._state[RATE][...] = rate
        self._state[EPOCHS][...] = epochs

    @property
    def _trained(self) -> list[str]:
        return [p.node.name for p in self.problem.network.trained]

    def _first_update(
        self, order: NDArray[np.intp], first: Mapping[str, NDArray[Any]], rate: float
    ) -> dict[str, float]:
        """Take one step, and go back to the beginning: ‖ΔW‖ / ‖W‖ of each parameter at the full rate."""
        with np.errstate(all="ignore"):
            means = self._runner.run(order, lambda: True).means
            # A schedule may begin, or a warm-up, at a small part of the rate: what counts is the whole.
            part = means.get("learning_rate", rate) / rate if rate else 1.0
            changes = {name: self._state[name] - first[name] for name in self._trained}
            update = {name: _relative(change, first[name]) / part for name, change in changes.items()}
        for name, array in (*first.items(), *self._start.items()):
            self._state[name][...] = array
        return update

    def _last_update(self, order: NDArray[np.intp], last: Mapping[str, NDArray[Any]]) -> dict[str, float]:
        """Take one step more: ‖ΔW‖ / ‖W‖ of each parameter in it."""
        with np.errstate(all="ignore"):
            self._runner.run(order, lambda: True)
            return {name: _relative(self._state[name] - last[name], last[name]) for name in self._trained}

    def _moved(self, first: Mapping[str, NDArray[Any]], last: Mapping[str, NDArray[Any]]) -> float:
        """Return ‖ΔW‖ / ‖W‖ of all parameters together."""
        none = np.zeros(0)  # where every layer is frozen
        with np.errstate(all="ignore"):
            return _relative(
                np.concatenate([none, *((last[name] - first[name]).ravel() for name in self._trained)]),
                np.concatenate([none, *(first[name].ravel() for name in self._trained)]),
            )

    def _train(
        self, count: int, rng: np.random.Generator | None, watch: Rows | None, stopping: Stopping | None
    ) -> _Course:
        """Run up to `count` epochs. rng: draws the order of each; None: the rows' own."""
        problem, state = self.problem, self._state
        plateau, checked = PlateauCounter.of(problem.optimizer), problem.validation_rows
        costs: list[float] = []
        watched: list[tuple[int, float]] = []
        moments = np.unique(np.linspace(0, count, WATCHED + 1).astype(int))[1:] if watch else [count]
        stopped = False
        while len(costs) < count and not stopped:
            until = next(int(moment) for moment in moments if moment > len(costs))
            # What is decided after each epoch needs each epoch by itself.
            most = until - len(costs) if stopping is None and plateau is None else 1
            with np.errstate(all="ignore"):
                stretch = self._runner.run_epochs(most, rng, -math.inf, lambda: False)
            costs += stretch.costs[:, 0].tolist()
            if not math.isfinite(costs[-1]):
                break
            if plateau is not None or stopping is not None:
                followed = costs[-1] if checked is None else self._loss(checked)
            if plateau is not None:
                state[RATE_FACTOR][...] = plateau.after(followed, float(state[RATE_FACTOR]))
            if stopping is not None:
                stopping.improves(len(costs), followed)
                stopped = stopping.reason(len(costs), followed, 0.0) is not None
            if watch and (len(costs) == until or stopped):
                watched.append((len(costs), self._loss(watch)))
            if stretch.ended:  # further epochs would change nothing
                costs += [costs[-1]] * (count - len(costs))
        return _Course(costs, watched, stopped)

    def _stopping(self) -> Stopping | None:
        """Return what ends the config's training by its losses; patience with another metric is left out."""
        stop = self.problem.config.training.stop
        patience = None if self._ends_by_another else stop.patience
        early = patience is not None or stop.cost_below is not None
        followed = replace(stop, max_time=None, metric=None, patience=patience)
        return Stopping(followed) if early and self.all_rows else None

    @property
    def _ends_by_another(self) -> bool:
        """Whether patience counts a score that a trial does not know."""
        stop = self.problem.config.training.stop
        return stop.patience is not None and stop.metric not in (None, "loss")

    def _loss(self, rows: Rows) -> float:
        with np.errstate(all="ignore"):
            return mean_loss(self._function(rows)["loss"], rows)

    def loss_on(self, rows: Rows, state: Mapping[str, NDArray[Any]]) -> tuple[float, NDArray[Any]]:
        """Return the mean loss without penalty, and the predictions, on any rows with these parameters."""
        for name, array in state.items():
            if name in self._state:
                self._state[name][...] = array
        with np.errstate(all="ignore"):
            outputs = self._function(rows)
            return mean_loss(outputs["loss"], rows), outputs["prediction"]


def _relative(change: NDArray[Any], whole: NDArray[Any]) -> float:
    size = float(np.linalg.norm(whole))
    return float(np.linalg.norm(change)) / size if size else math.inf if np.any(change) else 0.0
