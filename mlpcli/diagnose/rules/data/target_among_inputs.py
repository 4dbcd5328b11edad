"""An input column that is the target in other words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlpcli.diagnose.config_keys import ignoring
from mlpcli.diagnose.evidence import Evidence
from mlpcli.diagnose.finding import Finding, Remedy
from mlpcli.diagnose.rule import Rule

SAME = 0.999
"""|correlation| of an input and a target: Google's tuning playbook calls it too good to be true."""
LEAST_ROWS = 20


def _check(evidence: Evidence) -> Iterator[Finding]:
    rows = evidence.some_rows
    inputs, target = rows["inputs"], rows["target"]
    if len(inputs) < LEAST_ROWS:
        return
    with np.errstate(all="ignore"):
        a = (inputs - inputs.mean(axis=0)) / inputs.std(axis=0)
        b = (target - target.mean(axis=0)) / target.std(axis=0)
        correlations = np.nan_to_num(np.abs(a.T @ b) / len(inputs))
    if not correlations.size or correlations.max() <= SAME:
        return
    column = int(np.argmax(correlations.max(axis=1)))
    name = evidence.column_name(column)
    yield Finding(
        "target_among_inputs",
        "warning",
        f"The input {name} is the target in other words: |correlation| {correlations.max():.5f}.",
        f"column {name}",
        "data.ignore",
        float(correlations.max()),
        SAME,
        (Remedy("only columns that are known before the target is", ignoring(evidence.case, [name])),),
        measure="|correlation| with the target",
    )


target_among_inputs = Rule(
    title="The target is among the inputs",
    check=_check,
    statistic="|correlation| of each input column with each target column, on up to 1024 rows",
    threshold="0.999, with at least 20 rows",
    source="Kaufman et al. 2012, Leakage in Data Mining, ACM TKDD 6(4); Google, Deep Learning Tuning "
    "Playbook",
    text="""A column that was made from the target (its code, its logarithm, the price after tax) makes
every score perfect, and is missing when something is to be predicted.""",
    always=True,
)
