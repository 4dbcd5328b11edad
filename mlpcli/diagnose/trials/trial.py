"""Short trainings: the config's own, and ones with another rate, other first weights or other targets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.diagnose.case import Case, Rows
from mlpcli.diagnose.trials.baseline import mean_loss
from mlpcli.diagnose.trials.budget import Budget, step_seconds
from mlpcli.execute.rows import RowFunction
from mlpcli.graph.node import parameter
from mlpcli.optim.step import RATE_FACTOR, Pace, training_step
from mlpcli.training.plateau import Plateau
from mlpcli.training.progress import all_finite
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
FALLS = 0.05
"""Share of the first loss that a loss must be below it; the share that it must be below the baseline too."""
RATE, EPOCHS = "learning_rate", "epochs"


@dataclass(frozen=True)
class Trial:
    """One short training. costs: mean cost of each epoch, with penalty, up to the first that is not finite.

    loss: of all its rows after the last epoch, without penalty; start_loss: before the first. state: at
    the end. first_update, last_update: ‖ΔW‖ / ‖W‖ of each parameter in the first step, and in one more
    after the last. complete: whether it is the config's whole training. moved: ‖ΔW‖ / ‖W‖ of all parameters
    together, over the whole trial. watched: (epoch, loss) on other rows, where some were given. stopped:
    by the config's training.stop.
    """

    rate: float
    costs: NDArray[np.float64]
    start_loss: float
    loss: float
    state: Mapping[str, NDArray[Any]]
    predictions: NDArray[Any]
    first_update: Mapping[str, float]
    last_update: Mapping[str, float]
    complete: bool
    steps: int
    moved: float
    watched: tuple[tuple[int, float], ...] = ()
    stopped: bool = False

    @property
    def finite(self) -> bool:
        """Whether no cost, and at the end no weight, became infinite or NaN."""
        return bool(np.isfinite(self.costs).all() and math.isfinite(self.loss))

    @property
    def improves(self) -> bool:
        """Whether the loss ends below the first by a share of it: first weights may be good by luck."""
        return self.finite and self.moved > 0 and self.loss <= self.start_loss - FALLS * abs(self.start_loss)

    @property
    def late_cost(self) -> float:
        """The mean cost of the last quarter of the epochs."""
        return float(self.costs[-max(1, len(self.costs) // 4) :].mean())

    @property
    def falling(self) -> float:
        """By how much the mean cost of the last quarter is below that of the quarter before it, relative."""
        if len(self.costs) < 2 or not self.finite:
            return 0.0
        quarter = max(1, len(self.costs) // 4)
        late, before = self.costs[-quarter:].mean(), self.costs[-2 * quarter : -quarter].mean()
        return float((before - late) / max(abs(before), 1e-300))

    @property
    def falling_an_epoch(self) -> float:
        """The same for one epoch."""
        return self.falling / max(1, len(self.costs) // 4)

    @property
    def largest_first_update(self) -> float:
        """‖ΔW‖ / ‖W‖ of the first step, where it is largest; parameters that start at 0 do not count."""
        return max((u for u in self.first_update.values() if math.isfinite(u)), default=0.0)


class Trainer:
    """Runs trials of one case on one set of rows; what is compiled is used again."""

    def __init__(
        self, case: Case, rows: Rows | None = None, budget: Budget | None = None, own: bool = False
    ) -> None:
        """budget: of what is compiled and run; own: of the config as it is, which is run once in any case.

        Raises OutOfBudget.
        """
        self._case, self._own, self._budget = case, own, budget or Budget()
        rows = case.rows if rows is None else rows
        there = len(rows["inputs"])
        steps_an_epoch = -(-there // case.batch)
        overhead = STEP_OVERHEAD if case.executor.epoch_runner else CALLS_OVERHEAD
        work = 3.0 * case.network.size * case.batch + overhead
        most = max(1, int(WORK / work))
        self.epochs = case.config.training.epochs
        wanted = min(self.epochs, LEAST_EPOCHS)
        self.all_rows = most >= wanted * steps_an_epoch
        if not self.all_rows:
            kept = max(1, most // wanted) * case.batch
            chosen = np.sort(case.shuffle(0).permutation(there)[:kept])
            rows = {name: np.ascontiguousarray(array[chosen]) for name, array in rows.items()}
            if "weights" in rows and rows["weights"].any():  # the cost stays a mean
                rows["weights"] /= rows["weights"].mean()
            steps_an_epoch = -(-len(chosen) // case.batch)
            self.epochs = self.epochs * there // len(chosen)
        self.rows = rows
        self._most_epochs = max(1, most // steps_an_epoch)
        self._steps_an_epoch = steps_an_epoch
        compiling = self._budget.compiling(case)
        if own:
            self._budget.spend(compiling)
        else:
            self._budget.reserve(compiling, self.seconds())
        self._budget.compiled(case)
        rate, length = parameter(RATE, (), "float64"), parameter(EPOCHS, (), "float64")
        adjustable = Plateau.of(case.optimizer) is not None
        step = training_step(case.network, case.optimizer, rate, Pace(length, steps_an_epoch), adjustable)
        weights = case.draw(0)
        self._state = first_state(case.optimizer, step, weights)
        self._start = {n: a.copy() for n, a in self._state.items() if n not in weights}
        self._state |= {RATE: np.zeros(()), EPOCHS: np.zeros(())}
        outputs = {"cost": case.network.cost, **step.followed}
        self._runner = make_runner(
            case.executor, case.optimizer, step, outputs, self._state, rows, case.batch
        )
        outputs = {"loss": case.network.row_loss, "prediction": case.network.prediction}
        self._function = RowFunction(case.executor, outputs, self._state)

    def seconds(self, epochs: int | None = None) -> float:
        """What one trial of so many epochs (None: the config's) costs, counted."""
        epochs = min(self._most_epochs, epochs or self.epochs)
        return epochs * self._steps_an_epoch * step_seconds(self._case)

    def run(
        self,
        rate: float | None = None,
        draw: int = 0,
        epochs: int | None = None,
        shuffle: bool | None = None,
        watch: Rows | None = None,
        stops: bool = True,
    ) -> Trial:
        """A trial with that rate (None: the config's, of all) from the draw-th first weights.

        epochs: may be more than the config's. watch: rows whose loss is taken at WATCHED moments. stops: as
        early as training.stop says, time limits apart. Raises OutOfBudget.
        """
        if self._own:
            self._budget.spend(self.seconds(epochs))
            self._own = False
        else:
            self._budget.reserve(self.seconds(epochs))
        case, state = self._case, self._state
        for name, array in (case.draw(draw) | self._start).items():
            state[name][...] = array
        rate = case.optimizer.rate if rate is None else rate
        state[RATE][...] = rate
        shuffle = case.config.training.shuffle if shuffle is None else shuffle
        rng = case.shuffle(draw) if shuffle else None
        arrays = [p.node.name for p in case.network.arrays]
        names = [p.node.name for p in case.network.trained]
        first = {name: state[name].copy() for name in arrays}
        start_loss = mean_loss(self._function(self.rows)["loss"], self.rows)
        count = min(self._most_epochs, epochs or self.epochs)
        state[EPOCHS][...] = epochs or self.epochs
        plateau = Plateau.of(case.optimizer)
        order = (
            np.arange(len(self.rows["inputs"]))
            if rng is None
            else case.shuffle(draw).permutation(len(self.rows["inputs"]))
        )
        with np.errstate(all="ignore"):
            means = self._runner.run(order, lambda: True).means  # one batch, then from the beginning
            # A schedule may begin, or a warm-up, at a small part of the rate: what counts is the whole.
            part = means.get("learning_rate", rate) / rate if rate else 1.0
            update = {name: _relative(state[name] - first[name], first[name]) / part for name in names}
            for name, array in (first | self._start).items():
                state[name][...] = array
        costs: list[float] = []
        watched: list[tuple[int, float]] = []
        moments = np.unique(np.linspace(0, count, WATCHED + 1).astype(int))[1:] if watch else [count]
        stopping = self._stopping() if stops else None
        stopped = False
        while len(costs) < count and not stopped:
            until = next(int(moment) for moment in moments if moment > len(costs))
            most = until - len(costs) if stopping is None and plateau is None else 1
            stretch = self._runner.stretch(most, rng, -math.inf, lambda: False)
            costs += stretch.costs[:, 0].tolist()
            if not math.isfinite(costs[-1]):
                break
            if plateau is not None or stopping is not None:
                followed = costs[-1] if case.validation is None else self._loss(case.validation)
            if plateau is not None:
                state[RATE_FACTOR][...] = plateau.after(followed, float(state[RATE_FACTOR]))
            if stopping is not None:
                stopping.improves(len(costs), followed)
                stopped = stopping.reason(len(costs), followed, 0.0) is not None
            if watch and (len(costs) == until or stopped):
                watched.append((len(costs), self._loss(watch)))
            if stretch.ended:  # further epochs would change nothing
                costs += [costs[-1]] * (count - len(costs))
        with np.errstate(all="ignore"):
            outputs = self._function(self.rows)
            loss = mean_loss(outputs["loss"], self.rows)
            none = np.zeros(0)  # where every layer is frozen
            moved = _relative(
                np.concatenate([none, *((state[name] - first[name]).ravel() for name in names)]),
                np.concatenate([none, *(first[name].ravel() for name in names)]),
            )
            last = {name: state[name].copy() for name in arrays}
            if not all_finite(last.values()):
                loss = math.nan  # which a comparison in a formula may hide
            self._runner.run(order, lambda: True)
            last_update = {name: _relative(state[name] - last[name], last[name]) for name in names}
        return Trial(
            rate,
            np.array(costs),
            start_loss,
            loss,
            last,
            outputs["prediction"],
            update,
            last_update,
            (stopped or count >= self.epochs) and self.all_rows and not self._ends_by_another,
            len(costs) * self._steps_an_epoch,
            moved,
            tuple(watched),
            stopped,
        )

    def _stopping(self) -> Stopping | None:
        """The config's, where it may end a training by its losses; patience with another metric left out."""
        stop = self._case.config.training.stop
        patience = None if self._ends_by_another else stop.patience
        early = patience is not None or stop.cost_below is not None
        followed = replace(stop, max_time=None, metric=None, patience=patience)
        return Stopping(followed) if early and self.all_rows else None

    @property
    def _ends_by_another(self) -> bool:
        """Whether patience counts a score that a trial does not know."""
        stop = self._case.config.training.stop
        return stop.patience is not None and stop.metric not in (None, "loss")

    def _loss(self, rows: Rows) -> float:
        with np.errstate(all="ignore"):
            return mean_loss(self._function(rows)["loss"], rows)

    def loss_on(self, rows: Rows, state: Mapping[str, NDArray[Any]]) -> tuple[float, NDArray[Any]]:
        """Mean loss without penalty, and the predictions, on any rows with these parameters."""
        for name, array in state.items():
            if name in self._state:
                self._state[name][...] = array
        with np.errstate(all="ignore"):
            outputs = self._function(rows)
        return mean_loss(outputs["loss"], rows), outputs["prediction"]


def _relative(change: NDArray[Any], whole: NDArray[Any]) -> float:
    size = float(np.linalg.norm(whole))
    return float(np.linalg.norm(change)) / size if size else math.inf if np.any(change) else 0.0
