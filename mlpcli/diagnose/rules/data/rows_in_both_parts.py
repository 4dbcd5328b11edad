"""Identical rows in the training part and in a part that is to judge it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from mlpcli.diagnose.detector import Statistic
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.shared_rows import shared_rows
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.errors import DataError
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import percent, plural

MANY = 0.3
"""Share of a part's rows that makes its scores worthless. Ours: of wine quality, whose rows repeat by nature,
a random quarter shares 25 % with the rest."""
SOME = 0.01
"""Share of a part's rows from which on it is reported at all."""
LARGEST = 1 << 26
"""Bytes up to which two files are compared; the rows of larger ones tell as well."""


class RowsInBothParts(Rule):
    """Identical rows in two parts.

    A score on rows that were trained on says nothing about new ones. Tables in which rows repeat by nature,
    such as those of a few whole numbers, are not meant.

    What is measured: share of the validation or test rows, inputs and target, that are training rows; of
        tables with more than 4 million cells, of some hundred rows; and whether the files are the same
        (sha256)
    Threshold: none: rows are compared exactly. 30 % is a warning and 1 % a note, where it is more than twice
        the share of rows that repeat within the training part; the same file is a warning
    Source: Google, Deep Learning Tuning Playbook; Schoop et al. 2021, UMLAUT (suspiciously high accuracy)
    """

    exact = True

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        dataset, config = evidence.problem.dataset, evidence.problem.config.data
        for key, part in (("validation", dataset.validation), ("test", dataset.test)):
            if part is None or not part.rows:
                continue
            path = getattr(config, key)
            is_file = isinstance(path, str) and not (key == "test" and config.fold) and config.labels is None
            if is_file and isinstance(config.train, str) and _is_same_file(evidence, config.train, path):
                yield self._finding(
                    key,
                    "warning",
                    f"data.{key} is the training file itself, by its contents: the score of its rows says "
                    "how well rows are remembered.",
                    1.0,
                    is_file,
                )
                continue
            found = shared_rows(evidence, dataset.training, part)
            # Rows that repeat within the training part repeat between the parts too, and nobody is to blame.
            if found is None or found.share < SOME or found.share < 2 * found.repeated:
                continue
            many = found.share > MANY
            if not many and not evidence.facts.notes:
                continue
            rows = plural(part.rows, f"{key} row")
            of = rows if found.rows == part.rows else f"{found.rows:,} of {rows}"
            yield self._finding(
                key,
                "warning" if many else "note",
                f"{percent(found.share)} of {of} are training rows too, so that their score says how well "
                f"rows are remembered; of the training rows {percent(found.repeated)} repeat.",
                found.share,
                is_file,
                MANY if many else max(SOME, 2 * found.repeated),
            )

    def _finding(
        self, key: str, severity: str, cause: str, share: float, is_file: bool, threshold: float = MANY
    ) -> Finding:
        if is_file:
            remedy = Remedy(
                "rows drawn from the training file, which training then does without", (f"data.{key}=0.2",)
            )
        else:
            remedy = Remedy("each row once in the file")
        return self.finding(
            cause,
            severity=severity,
            where=f"{key} part",
            key=f"data.{key}",
            value=Statistic(share, threshold, f"share of the {key} rows that are training rows"),
            remedies=(remedy,),
        )


def _is_same_file(evidence: Evidence, first: str, second: str) -> bool:
    """Tell whether both paths are one file, or have the same contents."""
    try:
        if os.path.samefile(first, second):
            return True
        sizes = {os.path.getsize(path) for path in (first, second) if os.path.isfile(path)}
        if len(sizes) != 1 or max(sizes) > LARGEST or not all(map(os.path.isfile, (first, second))):
            return False
        digests = []
        for path in (first, second):
            evidence.facts.check_interrupt()
            digests.append(evidence.problem.files.sha256(path))
    except (OSError, DataError):  # gone since it was read: the rows that were read are compared
        return False
    return digests[0] == digests[1]
