"""A column of codes (shop 17, product 4) that is taken as a number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.diagnose.config_keys import as_categories
from mlpcli.diagnose.consequences import FAILURES
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import listed, percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVELS = (5, 500)
"""Fewest and most different whole numbers that a column of codes has."""
ROWS_A_LEVEL = 4
"""Rows that a column of codes has, on average, for each of its values."""
MORE = 0.3
"""Share of the target's variance that the levels explain and a curve through the numbers does not."""


class CodesAsNumbers(Rule):
    """Codes are taken as numbers.

    Shop 17 is not between shop 16 and shop 18 in anything that matters. Taken as a number, a code makes the
    network draw a jagged line through all shops, which a small network cannot do. List such columns, whose
    numbers are names, under `data.categorical`.

    What is measured: share of the target's variance that the values of an evenly spaced column explain beyond
        a cubic polynomial of them; then a training with a column for each value
    Threshold: 30 %, with 5 to 500 values; and either the network does not learn, or it leaves 30 % of the
        baseline's loss and a column for each value halves that
    Source: Guo, Berkhahn 2016, arXiv:1604.06737 (categorical variables as numbers); ours
    """

    key = "data.categorical"
    threshold = MORE
    measure = "share of the target's variance that the values explain beyond a cubic of the number"
    always = True
    order = 60
    explains = FAILURES

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem = evidence.problem
        if not evidence.trial.leaves_much:
            return
        rows = evidence.facts.some_rows
        gains = {
            column: _gain(rows["inputs"][:, column], rows["target"]) for column in _codes(rows["inputs"])
        }
        found = [column for column, gain in gains.items() if gain > MORE]
        if not found:
            return
        names = [evidence.facts.column_name(column) for column in found]
        outcome = evidence.variants.outcome(as_categories(problem, names))
        severity = evidence.variants.severity_of(outcome)
        if not severity:
            return
        best = max(gains[column] for column in found)
        shown = listed(names)
        yield self.finding(
            f"{shown} {'is a code' if len(names) == 1 else 'are codes'}, taken as a number: which of its "
            f"values a row has explains {percent(best)} more of the target than how large it is. The same "
            f"training with a column for each value {outcome.text}.",
            severity=severity,
            where=f"column {shown}",
            value=best,
            remedies=(Remedy("a column for each of its values", as_categories(problem, names)),),
        )


def _codes(inputs: NDArray[Any]) -> Iterator[int]:
    """Yield the columns of evenly spaced numbers, each of which occurs often. inputs: (rows, inputs)."""
    for column in range(inputs.shape[1]):
        levels = np.unique(inputs[:, column])
        if not LEVELS[0] <= len(levels) <= min(LEVELS[1], len(inputs) // ROWS_A_LEVEL):
            continue
        steps = np.diff(levels)
        whole = steps / steps.min()
        if np.allclose(whole, np.round(whole), atol=1e-6 * len(levels)):
            yield column


def _gain(values: NDArray[Any], target: NDArray[Any]) -> float:
    """Return how much more of the target's variance a column's values explain than a cubic of them does.

    Both shares are corrected for how many numbers they are fitted with. values: (rows,). target: (rows,
    outputs); the largest share of an output counts.
    """
    levels, at, counts = np.unique(values, return_inverse=True, return_counts=True)
    total = np.var(target, axis=0)
    means = np.stack([np.bincount(at, column) for column in target.T], axis=1) / counts[:, None]
    by_level = np.mean((target - means[at]) ** 2, axis=0) * len(values) / (len(values) - len(levels))
    powers = np.vander(values, 4)
    fitted = powers @ np.linalg.lstsq(powers, target, rcond=None)[0]
    by_size = np.mean((target - fitted) ** 2, axis=0) * len(values) / (len(values) - 4)
    return float(np.max((by_size - by_level)[total > 0] / total[total > 0], initial=0.0))
