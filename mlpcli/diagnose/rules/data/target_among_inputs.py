"""An input column that was made from the target."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.diagnose.config_keys import ignoring
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAME = 0.999
"""|correlation| of an input and a target: Google's tuning playbook calls it too good to be true."""
LOOKS_SAME = 0.99
"""|correlation| on some rows from which on all rows are looked at."""
LEAST_ROWS = 20
LEAST_VARIED = 5
"""Rows in which each of the two columns differs from its median: two single rows may well coincide."""
MOST_PRODUCTS = 1 << 29
"""Multiplications in which pairs of columns are looked for, about 0.1 s."""
MOST_PAIRS = 8
"""Pairs of columns, the likeliest first, that are compared on all rows."""


class TargetAmongInputs(Rule):
    """The target is among the inputs.

    A column that was made from the target (its code, its logarithm, the price after tax) makes every score
    perfect, and is not known when something is to be predicted.

    What is measured: |correlation| of each input column with each target column; searched for in up to 1024
        rows, and confirmed on all of them
    Threshold: 0.999, with at least 20 rows, and 5 in which each of the two columns differs from its median
    Source: Kaufman et al. 2012, Leakage in Data Mining, ACM TKDD 6(4); Google, Deep Learning Tuning Playbook
    """

    severity = "warning"
    key = "data.ignore"
    threshold = SAME
    measure = "|correlation| with the target"
    always = True
    before_training = True

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        rows = evidence.problem.training_rows
        if len(rows["inputs"]) < LEAST_ROWS:
            return
        told = ((column, _correlation(evidence, column, output)) for column, output in _candidates(evidence))
        column, size = next((each for each in told if each[1] > SAME), (0, 0.0))
        if size <= SAME:
            return
        name = evidence.facts.column_name(column)
        yield self.finding(
            f"The input {name} is the target in other words: |correlation| {size:.5f}.",
            where=f"column {name}",
            value=size,
            remedies=(
                Remedy(
                    "only columns that are known before the target is", ignoring(evidence.problem, [name])
                ),
            ),
        )


def _candidates(evidence: Evidence) -> list[tuple[int, int]]:
    """Return pairs of an input and an output column that look the same on some rows, the likeliest first."""
    rows, width = evidence.problem.training_rows, evidence.problem.training_rows["inputs"].shape[1]
    chosen = evidence.facts.sample(len(rows["inputs"]), width)
    outputs = _standardised(rows["target"][chosen])
    columns = np.flatnonzero(outputs.any(axis=0))
    fewer = max(LEAST_ROWS, MOST_PRODUCTS // (width * max(1, len(columns))))
    step = -(-len(chosen) // fewer)
    chosen = chosen[::step]
    outputs = _standardised(rows["target"][chosen][:, columns])
    found: list[tuple[float, int, int]] = []
    for some in evidence.facts.pieces(width, max(len(chosen), len(columns))):
        inputs = _standardised(rows["inputs"][chosen, some])
        sizes = np.abs(inputs.T @ outputs) / len(chosen)
        for at, output in np.argwhere(sizes > LOOKS_SAME).tolist():
            found.append((float(sizes[at, output]), some.start + at, int(columns[output])))
    found.sort(key=lambda each: -each[0])
    return [(column, output) for _, column, output in found[:MOST_PAIRS]]


def _standardised(values: NDArray[Any]) -> NDArray[Any]:
    """Scale columns to mean 0 and deviation 1; a constant column becomes 0, as does one that overflows."""
    with np.errstate(all="ignore"):
        centred = values.astype(np.float64) - values.mean(axis=0, dtype=np.float64)
        scaled = centred / centred.std(axis=0)
    return np.where(np.isfinite(scaled), scaled, 0.0)


def _correlation(evidence: Evidence, column: int, output: int) -> float:
    """Return |correlation| of two columns over all rows; 0 where either hardly varies."""
    rows = evidence.problem.training_rows
    pair = np.stack([rows["inputs"][:, column], rows["target"][:, output]], axis=1)
    evidence.facts.check_interrupt()
    varied = np.count_nonzero(pair != np.median(pair, axis=0), axis=0)
    if varied.min() < LEAST_VARIED:
        return 0.0
    first, second = _standardised(pair).T
    return float(abs(np.mean(first * second)))
