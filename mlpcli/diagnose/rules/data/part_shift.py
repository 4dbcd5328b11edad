"""Validation or test rows that lie elsewhere than the training rows, as if in other units."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.part import Part
from mlpcli.diagnose.detector import Statistic
from mlpcli.diagnose.part_differences import differences
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.diagnose.trials.facts import ALL_CELLS
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import part_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

FAR = 3.0
"""Distance of the means, in standard deviations of the training rows."""
TIMES = 5.0
"""Ratio of the standard deviations."""
MOSTLY_SAME = 0.95
"""Share of the training rows with one value from which on an input is not compared."""
LEAST_ROWS = 10
MOST = 8
"""Inputs of a large table, the worst first, that are confirmed on all rows."""
RATIO = "ratio of the standard deviations"
ADVICE = Remedy("a file in the units of the training file: scaling is fitted to that and done here")


class PartShift(Rule):
    """Parts in different units.

    Scaling is fitted to the training rows and applied alike to all parts, so a difference lies in the files:
    one of them is scaled already, or in other units, or its columns are in another order.

    What is measured: for every input, the distance between the means of two parts, in standard deviations of
        the training part, and the ratio of their standard deviations; only for parts that are files of their
        own. Of tables with more than 4 million cells some hundred rows of each part are compared, and all
        rows of the input that is reported
    Threshold: 3 and 5; inputs with one value in 95 % of the training rows do not count. Ours: MNIST's border
        pixels differ by more
    Source: Karpathy 2019, A Recipe for Training Neural Networks; Ben Braiek, Khomh 2022, TheDeepChecker
    """

    threshold = FAR
    measure = "distance of the means, in standard deviations of the training rows"
    always = True
    before_training = True
    explains = ("overfitting",)

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem = evidence.problem
        data = problem.config.data
        # Parts of one file are in one unit, even where they are the last rows by time.
        given = {"validation": data.validation, "test": data.test}
        for key, part in (("validation", problem.dataset.validation), ("test", problem.dataset.test)):
            if part is None or not isinstance(given[key], str) or part.rows < LEAST_ROWS:
                continue
            training, there = problem.dataset.training.inputs, part.inputs
            looked = ""
            if (len(training) + len(there)) * training.shape[1] > ALL_CELLS:
                training, there = (each[evidence.facts.sample(*each.shape)] for each in (training, there))
                looked = f", by {len(training)} rows of one and {len(there)} of the other"
            shift, ratio = differences(evidence.facts, training, there)
            off = np.flatnonzero(_is_off(shift, ratio))
            off = off[_is_varied(training[:, off])]
            worst = off[np.argsort(-np.maximum(shift[off] / FAR, ratio[off] / TIMES), kind="stable")]
            column = next(
                (at for at in worst[:MOST] if not looked or _is_off_by_all(evidence, part, at)), None
            )
            if column is None:
                continue
            name, far, times = evidence.facts.column_name(int(column)), shift[column], ratio[column]
            said = []
            if far > FAR:
                said.append(f"the mean is {far:.3g} standard deviations away")
            if times > TIMES:
                said.append(f"the spread differs by a factor of {times:.3g}")
            yield self.finding(
                f"The {key} rows lie elsewhere than the training rows in "
                f"{part_of(len(off), len(shift), 'input')}{looked}: of {name} {' and '.join(said)}. "
                "Scores on them say nothing about the training.",
                severity="warning" if evidence.learns else "note",
                where=f"column {name}",
                key=f"data.{key}",
                value=float(far) if far / FAR >= times / TIMES else Statistic(float(times), TIMES, RATIO),
                remedies=(ADVICE,),
            )


def _is_off(shift: NDArray[Any], ratio: NDArray[Any]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (shift > FAR) | (ratio > TIMES)
    return found


def _is_varied(inputs: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which inputs vary in more than a few rows: those alone make the spread of a border pixel."""
    same = np.mean(inputs == np.median(inputs, axis=0), axis=0) if inputs.size else np.zeros(0)
    varied: NDArray[np.bool_] = same < MOSTLY_SAME
    return varied


def _is_off_by_all(evidence: Evidence, part: Part, column: int) -> bool:
    """Tell whether all rows show of an input what some of them do."""
    training = evidence.problem.dataset.training.inputs[:, [column]]
    evidence.facts.check_interrupt()
    off = _is_off(*differences(evidence.facts, training, part.inputs[:, [column]]))
    return bool(off[0] and _is_varied(training)[0])
