"""A target that is the same in all rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlpcli.data.targets import ClassTarget
from mlpcli.diagnose.consequences import EVEN_SCALING
from mlpcli.diagnose.evidence import Evidence
from mlpcli.diagnose.finding import Finding, Remedy
from mlpcli.diagnose.rule import Rule
from mlpcli.wording import all_of, listed

ROUNDING = 1e-12
"""Spread, relative to the largest value, that computing a column leaves."""
ADVICE = Remedy("rows with other values of the target, or another column as data.target; see how it was made")


def _check(evidence: Evidence) -> Iterator[Finding]:
    case, preparation = evidence.case, evidence.case.dataset.preparation
    target = preparation.target
    if isinstance(target, ClassTarget):
        # Of several classes, the training part has at least a row each.
        if len(target.classes) == 1:
            yield _finding(
                "problem",
                f"Of one class, {target.classes[0]!r}: {all_of(case.count, 'training row')}. A "
                "network that always says so is always right and has learned nothing.",
                target.names,
            )
        return
    values = preparation.unscale(case.rows["target"])
    spread = values.max(axis=0) - values.min(axis=0)
    same = np.flatnonzero(spread <= ROUNDING * np.abs(values).max(axis=0))
    if not len(same):
        return
    names = tuple(target.names[number] for number in same)
    value = listed(f"{values[0, number]:.6g}" for number in same)
    yield _finding(
        "problem" if len(same) == values.shape[1] else "warning",
        f"{listed(names)}: the target is {value} in {all_of(case.count, 'training row')}; "
        "nothing about it can be learned.",
        names,
    )


def _finding(severity: str, cause: str, names: tuple[str, ...]) -> Finding:
    where = f"target {listed(names)}"
    measure = "distinct values of the target in the training rows"
    return Finding(
        "constant_target", severity, cause, where, "data.target", 1.0, 2.0, (ADVICE,), measure=measure
    )


constant_target = Rule(
    title="The target is constant",
    check=_check,
    statistic="distinct values of the target in the training rows",
    threshold="none: one. Numbers count as equal within 1e-12 of the largest, which is what computing them "
    "leaves",
    source="Ben Braiek, Khomh 2022, TheDeepChecker",
    text="""One class only, or a target without spread, is mostly a mistake in how the labels were read: a
filter that kept one class, an integer division, a column of the same name. The loss then falls to 0 and the
accuracy is 1, which looks like success. No setting helps.""",
    exact=True,
    order=10,
    explains=(
        *EVEN_SCALING,
        "hidden_softmax",
        "linear_hidden_layers",
        "loss_below_minimum",
        "loss_family",
        "not_a_probability",
        "output_cannot_vary",
        "output_range",
        "target_among_inputs",
    ),
)
