"""The record of one short training, and how it is judged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.diagnose.trials.baseline import Yardstick

if TYPE_CHECKING:
    from numpy.typing import NDArray

FALLS = 0.05
"""Share of the initial loss by which a trial has to end below it."""
BEATS = 0.05
"""Share of the baseline by which a loss must be below it. Ours: a network that learns is far beyond."""
MANY_EPOCHS = 20
"""Epochs from which on a lucky last one can be told from a low cost."""
STILL_FALLING = 0.005
"""Relative fall of the cost from the third to the last quarter of a trial that counts as improvement."""
HARDLY_MOVED = 0.2
"""‖ΔW‖ / ‖W‖ of a trial whose weights are still about the initial ones. Ours: those of the shipped configs of
tables move by 0.8 to 1.2."""
NO_STEP = 1e-6
"""‖ΔW‖ / ‖W‖ of a step that changes nothing any more; 0.001 is usual."""
AT_REST = 0.02
"""Relative change of the cost from the third to the last quarter of a trial that has come to rest."""
POOR = 0.3
"""Share of the baseline's loss that a trial leaves unexplained where a better one is looked for. Ours: the
shipped configs that learn least, Titanic and wine quality, leave 0.5 to 0.6, and no other trial halves it."""
MUCH_BETTER = 0.5
"""Share of the trial's loss that a better one must fall below."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One short training.

    rate: its learning rate. costs: mean cost of each epoch, with penalty, up to the first that is not finite.
    loss: mean over its rows after the last epoch, without penalty; start_loss: before the first. state:
    weights at the end, by name. predictions, targets: of its rows, (rows, outputs). first_update,
    last_update: ‖ΔW‖ / ‖W‖ of each parameter in the first step, and in one more after the last. complete:
    whether it is the config's whole training. moved: ‖ΔW‖ / ‖W‖ of all parameters together, over the whole
    trial. yardstick: what its losses are measured by. warm: whether it starts from the weights of a
    model. penalised: whether its cost has a penalty. watched: (epoch, loss) on other rows, where some were
    given. stopped: whether training.stop ended it.
    """

    rate: float
    costs: NDArray[np.float64]
    start_loss: float
    loss: float
    state: Mapping[str, NDArray[Any]]
    predictions: NDArray[Any]
    targets: NDArray[Any]
    first_update: Mapping[str, float]
    last_update: Mapping[str, float]
    complete: bool
    steps: int
    moved: float
    yardstick: Yardstick
    warm: bool = False
    penalised: bool = False
    watched: tuple[tuple[int, float], ...] = ()
    stopped: bool = False

    @property
    def baseline(self) -> float:
        """The loss of the best constant prediction on the rows of the trial."""
        return self.yardstick.baseline

    @property
    def clearly_below(self) -> float:
        """The loss below which a training on these rows beats the baseline."""
        return self.baseline - BEATS * self.yardstick.gain

    @property
    def beats_baseline(self) -> bool:
        """Whether the loss ends clearly below the baseline."""
        return self.is_below_baseline(self.loss)

    def is_below_baseline(self, loss: float) -> bool:
        """Tell whether a loss on these rows is clearly below the baseline."""
        return math.isfinite(loss) and loss < self.clearly_below

    @property
    def left(self) -> float:
        """The share of what there is to gain on the baseline that the loss leaves; 1 if that is nothing."""
        return self.yardstick.left(self.loss) if self.baseline else 1.0

    @property
    def finite(self) -> bool:
        """Whether no cost, and at the end no weight, became infinite or NaN."""
        return bool(np.isfinite(self.costs).all() and math.isfinite(self.loss))

    @property
    def improves(self) -> bool:
        """Whether the loss ends clearly below the initial one: initial weights may be good by luck."""
        return self.finite and self.moved > 0 and self.loss <= self.start_loss - FALLS * abs(self.start_loss)

    @property
    def succeeds(self) -> bool:
        """Whether the loss ends clearly below both the baseline and the initial loss."""
        return self.improves and self.beats_baseline

    @property
    def learns(self) -> bool:
        """Whether it succeeds, and not by a lucky last epoch; where it is cut short, whether it improves."""
        if not self.finite:
            return False
        if self.beats_baseline:
            swings = len(self.costs) >= MANY_EPOCHS and not self.is_below_baseline(self.late_cost)
            return self._gets_on and not (swings and not self.penalised)
        return not self.complete and self.falling > STILL_FALLING and self.loss < self.start_loss

    @property
    def _gets_on(self) -> bool:
        """Whether the loss improves; weights of another run may be so good already that nothing can."""
        began_well = self.warm and self.is_below_baseline(self.start_loss)
        return self.improves or (began_well and self.moved > 0 and self.loss <= (1 + BEATS) * self.start_loss)

    @property
    def late_cost(self) -> float:
        """The mean cost of the last quarter of the epochs."""
        return float(self.costs[-max(1, len(self.costs) // 4) :].mean())

    @property
    def falling(self) -> float:
        """The relative fall of the mean cost from the third to the last quarter of the epochs."""
        if len(self.costs) < 2 or not self.finite:
            return 0.0
        quarter = max(1, len(self.costs) // 4)
        late, before = self.costs[-quarter:].mean(), self.costs[-2 * quarter : -quarter].mean()
        return float((before - late) / max(abs(before), 1e-300))

    @property
    def falling_an_epoch(self) -> float:
        """The relative fall of the mean cost at the end, for one epoch."""
        return self.falling / max(1, len(self.costs) // 4)

    @property
    def largest_first_update(self) -> float:
        """‖ΔW‖ / ‖W‖ of the first step, where it is largest; parameters that start at 0 do not count."""
        return max((u for u in self.first_update.values() if math.isfinite(u)), default=0.0)

    @property
    def leaves_much(self) -> bool:
        """Whether the whole training leaves much of the baseline's loss."""
        return self.complete and self.finite and self.baseline > 0 and self.left > POOR

    @property
    def at_rest(self) -> bool:
        """Whether the whole training was done, the weights have moved, and the cost no longer falls."""
        return self.complete and self.finite and self.falling < AT_REST and self.moved > HARDLY_MOVED

    @property
    def fits_poorly(self) -> bool:
        """Whether it has come to rest with much of the baseline's loss left."""
        return self.at_rest and self.leaves_much

    @property
    def stands_still(self) -> bool:
        """Whether it learns, but the last step hardly changed a weight, with much of the loss left."""
        still = all(update <= NO_STEP for update in self.last_update.values())
        return self.learns and self.leaves_much and still

    def share_of(self, other: Trial) -> float:
        """Return the loss as a share of another trial's, each less what no network can avoid."""
        floor = other.yardstick.floor
        return (self.loss - floor) / (other.loss - floor)

    def much_better_than(self, other: Trial, share: float = MUCH_BETTER) -> bool:
        """Tell whether it ends below the baseline and that share of another trial's loss on these rows."""
        floor = other.yardstick.floor
        better = self.loss - floor < share * (other.loss - floor)
        return self.finite and other.is_below_baseline(self.loss) and better
