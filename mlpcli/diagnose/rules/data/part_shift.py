"""Validation or test rows that lie elsewhere than the training rows, as if in other units."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlpcli.diagnose.evidence import Evidence
from mlpcli.diagnose.finding import Finding, Remedy
from mlpcli.diagnose.rule import Rule
from mlpcli.wording import part_of

FAR = 3.0
"""Distance of the means, in standard deviations of the training rows."""
TIMES = 5.0
"""Ratio of the standard deviations."""
MOSTLY_SAME = 0.95
"""Share of the training rows with one value from which on an input is not looked at."""
LEAST_ROWS = 10


def _check(evidence: Evidence) -> Iterator[Finding]:
    case = evidence.case
    data = case.config.data
    # Shares of one file are drawn at random from it and cannot lie elsewhere.
    given = {"validation": data.validation, "test": data.test}
    for key, part in (("validation", case.dataset.validation), ("test", case.dataset.test)):
        if part is None or not isinstance(given[key], str) or part.rows < LEAST_ROWS:
            continue
        training = case.dataset.training.inputs
        spread, spread_there = training.std(axis=0), part.inputs.std(axis=0)
        # Where an input is the same in nearly all rows, as a border pixel is, a few rows make the spread.
        varied = (spread > 0) & (np.mean(training == np.median(training, axis=0), axis=0) < MOSTLY_SAME)
        if not varied.any():
            continue
        shift = np.abs(part.inputs.mean(axis=0) - training.mean(axis=0))[varied] / spread[varied]
        ratio = spread_there[varied] / spread[varied]
        with np.errstate(divide="ignore"):
            ratio = np.maximum(ratio, np.where(spread_there[varied] > 0, 1.0 / ratio, 1.0))
        off = (shift > FAR) | (ratio > TIMES)
        if not off.any():
            continue
        worst = int(np.argmax(np.maximum(shift / FAR, ratio / TIMES)))
        column = int(np.flatnonzero(varied)[worst])
        name = evidence.column_name(column)
        said = []
        if shift[worst] > FAR:
            said.append(f"the mean is {shift[worst]:.3g} standard deviations away")
        if ratio[worst] > TIMES:
            said.append(f"the spread differs by a factor of {ratio[worst]:.3g}")
        value, threshold, measure = (
            (shift[worst], FAR, "distance of the means, in standard deviations of the training rows")
            if shift[worst] / FAR >= ratio[worst] / TIMES
            else (ratio[worst], TIMES, "ratio of the standard deviations")
        )
        yield Finding(
            "part_shift",
            "warning" if evidence.learns else "note",
            f"The {key} rows lie elsewhere than the training rows in "
            f"{part_of(int(off.sum()), len(off), 'input')}: of {name} {' and '.join(said)}. Scores on them "
            "say nothing about the training.",
            f"column {name}",
            f"data.{key}",
            float(value),
            threshold,
            (Remedy("a file in the units of the training file: scaling is fitted to that and done here"),),
            measure=measure,
        )


part_shift = Rule(
    title="Parts in different units",
    check=_check,
    statistic="of every input, the distance of the means of two parts in standard deviations of the "
    "training part, and the ratio of the deviations; of parts that are files of their own",
    threshold="3 and 5; inputs with one value in 95 % of the training rows do not count. Ours: MNIST's "
    "border pixels differ by more",
    source="Karpathy 2019, A Recipe for Training Neural Networks; Ben Braiek, Khomh 2022, TheDeepChecker",
    text="""Scaling is fitted to the training rows and done alike to all parts, so a difference lies in
the files: one of them is scaled already, or in other units, or its columns are mixed up.""",
    always=True,
    explains=("overfitting",),
)
