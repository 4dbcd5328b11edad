"""The record of one epoch, which the loop yields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.execute.executor import State

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """One pass over the rows. cost: mean over the rows, each batch's before its update; seconds: since the
    start of the training.

    loss: the mean loss where there is a penalty, so that it differs from the cost. validation_loss: of the
    validation rows after the epoch, without penalty; None where there are none. followed: means of what else
    the runner follows, such as the learning rate.
    improved: whether training.stop.metric (the cost, without validation rows) is the best so far. stopped:
    why this is the last epoch; "" where more follow. whole: false where it was interrupted. finite: whether
    costs and weights are; if not, the arrays are put back to before this epoch. order, batches: the order of
    the rows, (rows,), and how many batches were run.
    """

    number: int
    cost: float
    loss: float | None
    validation_loss: float | None
    followed: Mapping[str, float] = field(default_factory=dict)
    seconds: float
    improved: bool
    stopped: str
    order: NDArray[np.intp]
    batches: int
    whole: bool = True
    finite: bool = True
    last_finite: State | None = None
    """The last arrays whose cost is known to be finite, after last_finite_epoch; None where it is these."""
    last_finite_epoch: int = 0
