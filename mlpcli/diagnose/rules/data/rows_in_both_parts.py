"""The same rows in the training part and in one that is to judge it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlpcli.data.dataset import Part
from mlpcli.diagnose.evidence import Evidence
from mlpcli.diagnose.finding import Finding, Remedy
from mlpcli.diagnose.rule import Rule
from mlpcli.wording import percent, plural

MANY = 0.3
"""Share of a part's rows that makes its scores worthless. Ours: of wine quality, whose rows repeat by nature,
a random quarter shares 25 % with the rest."""
SOME = 0.01


def _check(evidence: Evidence) -> Iterator[Finding]:
    dataset, config = evidence.case.dataset, evidence.case.config.data
    known = _hashes(dataset.training)
    for key, part in (("validation", dataset.validation), ("test", dataset.test)):
        if part is None or not part.rows:
            continue
        share = float(np.mean(np.isin(_hashes(part), known)))
        _, counts = np.unique(known, return_counts=True)
        by_nature = float(counts[counts > 1].sum() / counts.sum())
        # Rows that repeat within the training part repeat between the parts too, and nobody is to blame.
        if share < SOME or share < 2 * by_nature:
            continue
        path = isinstance(getattr(config, key), str)
        yield Finding(
            "rows_in_both_parts",
            "warning" if share > MANY else "note",
            f"{percent(share)} of {plural(part.rows, f'{key} row')} are training rows too, so that their "
            f"score says how well rows are remembered; of the training rows {percent(by_nature)} repeat.",
            f"{key} part",
            f"data.{key}",
            share,
            MANY if share > MANY else max(SOME, 2 * by_nature),
            (
                Remedy(
                    "rows drawn from the training file, which training then does without",
                    (f"data.{key}=0.2",),
                )
                if path
                else Remedy("each row once in the file"),
            ),
            measure=f"share of the {key} rows that are training rows",
        )


def _hashes(part: Part) -> np.ndarray:
    """A number for each row of inputs and targets; equal rows have equal ones."""
    targets = part.targets.reshape(part.rows, -1).astype(np.float64)
    whole = np.ascontiguousarray(np.hstack([np.asarray(part.inputs, np.float64), targets]) + 0.0)
    return np.fromiter((hash(row.tobytes()) for row in whole), np.int64, part.rows)


rows_in_both_parts = Rule(
    title="The same rows in two parts",
    check=_check,
    statistic="share of the validation or test rows, inputs and target, that are training rows",
    threshold="none: exact; 30 % is a warning, 1 % a note, where it is more than twice the share of rows "
    "that repeat within the training part",
    source="Google, Deep Learning Tuning Playbook; Schoop et al. 2021, UMLAUT (suspiciously high accuracy)",
    text="""A score on rows that were trained on says nothing about new ones. Tables in which rows repeat
by nature, such as those of a few whole numbers, are not meant.""",
    exact=True,
    gravest="warning",
)
