"""A few cells so far from all others that they alone decide scale and loss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.diagnose.config_keys import ignoring
from mlpcli.diagnose.consequences import EVEN_SCALING
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import part_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

FAR = 50.0
"""Distance from the median, in widths of the middle 94 %. Ours: incomes and prices stay below 20."""
FEW = 0.02
"""Share of the rows: what is more frequent is no exception."""
LEAST_ROWS = 50


class ExtremeValues(Rule):
    """A few extreme cells.

    Numbers such as -999 or 99999 often stand for a missing value. After scaling, such a cell is huge and all
    others are nearly the same number, so that nothing can be learned from them; in a target, that cell alone
    makes up the loss. Empty cells, `?` and `NA` are read as missing; such numbers are not.

    What is measured: share of the cells of an input or target column whose distance from the median is 50
        times the width of the middle 94 %; then a training with these cells clipped
    Threshold: fewer than 2 %, and at least one; and either the network does not learn, or it leaves 30 % of
        the baseline's loss and clipping halves that
    Source: Schelter et al. 2018, Automating Large-Scale Data Quality Verification; ours
    """

    key = "data"
    threshold = FEW
    measure = "share of the column's cells that are so far away"
    always = True
    order = 20
    explains = (*EVEN_SCALING, "inputs_too_small", "codes_as_numbers")

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem = evidence.problem
        if problem.count < LEAST_ROWS:
            return
        parts = ("inputs", "target") if problem.dataset.task == "regression" else ("inputs",)
        far: dict[str, NDArray[np.bool_]] = {}
        rows = dict(problem.training_rows)
        for part in parts:
            low, middle, high = np.percentile(evidence.facts.some_rows[part], (3, 50, 97), axis=0)
            width = np.where(high > low, high - low, np.inf)  # a column without a width has no extremes
            far[part] = np.abs(problem.training_rows[part] - middle) > FAR * width
            near = np.clip(problem.training_rows[part], low - width, high + width)
            # Scaled without these cells, as the config would; scaling what is not scaled is another remedy.
            data = problem.config.data
            targets = problem.head.loss.target_scaling(data.target_scaling)
            scaled = (data.scaling if part == "inputs" else targets) != "none"
            rows[part] = _standardised(near) if scaled else near
        counts = {part: cells.sum(axis=0) for part, cells in far.items()}
        if not any(1 <= count < FEW * problem.count for each in counts.values() for count in each):
            return
        outcome = evidence.variants.outcome_on(rows)
        severity = evidence.variants.severity_of(outcome)
        if not severity:
            return
        part = "target" if "target" in counts and counts["target"].any() else "inputs"
        at = int(np.argmax(np.where(counts[part] < FEW * problem.count, counts[part], 0)))
        names = problem.dataset.preparation.target.names if part == "target" else ()
        name = names[at] if part == "target" else evidence.facts.column_name(at)
        row = int(np.argmax(far[part][:, at]))
        cells = part_of(int(counts[part][at]), problem.count, "cell")
        columns = sum(int(np.count_nonzero(count)) for count in counts.values())
        yield self.finding(
            f"{cells} of {name} {'is' if counts[part][at] == 1 else 'are'} more than {FAR:g} times as far "
            f"from the middle as nearly all others, the first in row {row + 1} of the training "
            f"part{f' ({columns} columns have such cells)' if columns > 1 else ''}: they decide how the "
            f"column is scaled. The same training with these cells near the others {outcome.text}.",
            severity=severity,
            where=f"column {name}",
            value=float(counts[part][at] / problem.count),
            remedies=_remedies(evidence, name if part == "inputs" and columns == 1 else ""),
        )


def _remedies(evidence: Evidence, only: str) -> Iterator[Remedy]:
    """Yield what can be done. only: the input column that alone has such cells, else ""."""
    yield Remedy("such cells left empty in the file, where they stand for what is not known")
    if only and len(evidence.problem.dataset.preparation.names) > 1:
        yield Remedy("without the column", ignoring(evidence.problem, [only]))


def _standardised(columns: NDArray[Any]) -> NDArray[Any]:
    """Give every column mean 0 and standard deviation 1; one that does not vary becomes 0."""
    spread = columns.std(axis=0)
    with np.errstate(all="ignore"):
        scaled = (columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return np.ascontiguousarray(scaled)
