"""A target that is the same in all rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.targets import ClassTarget
from mlpcli.diagnose.consequences import EVEN_SCALING
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import all_of, listed

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROUNDING = 1e-12
"""Spread, relative to the largest value, that computing a column leaves."""
AT_ONCE = 1000
"""Rows that are looked at first: nearly every target differs in them."""
ADVICE = Remedy("rows with other values of the target, or another column as data.target; see how it was made")


class ConstantTarget(Rule):
    """The target is constant.

    A single class, or a target without spread, is usually a mistake in how the labels were read: a filter
    that kept one class, an integer division, a column of the same name. The loss then falls to 0 and the
    accuracy is 1, which looks like success. No setting helps.

    What is measured: distinct values of the target in the training rows
    Threshold: none: there is only one. Numbers count as equal within 1e-12 of the largest, the rounding that
        computing them leaves
    Source: Ben Braiek, Khomh 2022, TheDeepChecker
    """

    key = "data.target"
    threshold = 2.0
    measure = "distinct values of the target in the training rows"
    exact = True
    order = 10
    explains = (
        *EVEN_SCALING,
        "hidden_softmax",
        "linear_hidden_layers",
        "loss_below_minimum",
        "loss_family",
        "not_a_probability",
        "output_cannot_vary",
        "output_range",
        "target_among_inputs",
    )

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem, preparation = evidence.problem, evidence.problem.dataset.preparation
        target = preparation.target
        if isinstance(target, ClassTarget):
            # Of several classes, the training part has at least a row each.
            if len(target.classes) == 1:
                yield self.finding(
                    f"Of one class, {target.classes[0]!r}: {all_of(problem.count, 'training row')}. A "
                    "network that always says so is always right and has learned nothing.",
                    where=f"target {listed(target.names)}",
                    value=1.0,
                    remedies=(ADVICE,),
                )
            return
        # Where some rows differ by more than twice the rounding, all of them do by more than that.
        same = np.flatnonzero(
            _is_constant(preparation.unscale(problem.training_rows["target"][:AT_ONCE]), 2 * ROUNDING)
        )
        if not len(same):
            return
        values = preparation.unscale(problem.training_rows["target"])
        same = same[_is_constant(values[:, same], ROUNDING)]
        if not len(same):
            return
        names = tuple(target.names[number] for number in same)
        value = listed(f"{values[0, number]:.6g}" for number in same)
        yield self.finding(
            f"{listed(names)}: the target is {value} in {all_of(problem.count, 'training row')}; "
            "nothing about it can be learned.",
            severity="problem" if len(same) == values.shape[1] else "warning",
            where=f"target {listed(names)}",
            value=1.0,
            remedies=(ADVICE,),
        )


def _is_constant(values: NDArray[Any], rounding: float) -> NDArray[np.bool_]:
    """Return which columns are the same in all rows, but for rounding: a relative spread."""
    low, high = values.min(axis=0), values.max(axis=0)
    same: NDArray[np.bool_] = high - low <= rounding * np.maximum(np.abs(low), np.abs(high))
    return same
