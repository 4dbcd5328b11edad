"""Rows that two parts of the data share, counted without comparing each with each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.data.part import Part
from mlpcli.data.row_hash import row_hashes
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.diagnose.trials.facts import ALL_CELLS

if TYPE_CHECKING:
    from numpy.typing import NDArray

KEY_COLUMNS = 8
"""Inputs by which rows of a large table are told apart before they are compared whole."""
KEY_ROWS = 64
"""Rows that show which inputs tell rows apart best."""
MOST_ALIKE = 2
"""Training rows to be compared whole, for each row looked at; where there are more, rows are all alike."""


@dataclass(frozen=True)
class SharedRows:
    """Rows of a part that are training rows too. rows: how many were looked at; shared: how many of them are.

    repeated: the share of the training rows looked at that come at least twice in the training part.
    """

    rows: int
    shared: int
    repeated: float

    @property
    def share(self) -> float:
        """The share of the part's rows that are training rows."""
        return self.shared / self.rows


def shared_rows(evidence: Evidence, training: Part, part: Part) -> SharedRows | None:
    """Compare inputs and targets of the parts, by some rows where the table is large.

    None where the rows of a large table are too much alike for that.
    """
    width = training.inputs.shape[1]
    if (training.rows + part.rows) * width <= ALL_CELLS:
        known = asked = np.arange(training.rows)
        own = np.arange(part.rows)
    else:
        asked, own = evidence.facts.sample(training.rows, width), evidence.facts.sample(part.rows, width)
        columns = _telling(training)
        keys = _hashes(evidence, training, np.arange(training.rows), columns)
        wanted = np.concatenate([_hashes(evidence, part, own, columns), keys[asked]])
        known = np.flatnonzero(np.isin(keys, wanted))
        if len(known) > MOST_ALIKE * len(wanted):
            return None
    hashes = _hashes(evidence, training, known)
    order = np.argsort(hashes)
    ordered = hashes[order]
    twice = np.zeros(len(hashes) + 1, bool)
    twice[1:-1] = ordered[1:] == ordered[:-1]
    repeated = np.empty(len(hashes), bool)
    repeated[order] = twice[1:] | twice[:-1]
    there = np.sort(_hashes(evidence, part, own))
    shared = ordered[np.minimum(np.searchsorted(ordered, there), len(ordered) - 1)] == there
    return SharedRows(len(own), int(np.sum(shared)), float(np.mean(repeated[np.searchsorted(known, asked)])))


def _hashes(
    evidence: Evidence,
    part: Part,
    rows: NDArray[np.intp],
    columns: NDArray[np.intp] | None = None,
) -> NDArray[np.uint64]:
    """Return a number for each of these rows, (rows,), by its targets and inputs: equal rows have equal ones.

    columns: the inputs that count; None: all.
    """
    targets = part.targets.reshape(part.rows, -1)
    width = (part.inputs.shape[1] if columns is None else len(columns)) + targets.shape[1]
    factors = np.random.default_rng(0).integers(0, 1 << 64, (2 * width, 2), np.uint64)
    found = [np.zeros(0, np.uint64)]
    for piece in evidence.facts.pieces(len(rows), width):
        at = rows[piece]
        inputs = part.inputs[at] if columns is None else part.inputs[at[:, None], columns]
        cells = np.hstack([inputs.astype(np.float64), targets[at].astype(np.float64)])
        cells += 0.0  # -0.0 becomes 0.0, which it is equal to
        sums = cells.view(np.uint32).astype(np.uint64) @ factors
        found.append(row_hashes(*sums.T))
    return np.concatenate(found)


def _telling(part: Part) -> NDArray[np.intp]:
    """Return the columns of the inputs with the most different values in a few rows."""
    some = np.sort(part.inputs[_spread(part.rows, KEY_ROWS)], axis=0)
    different = np.count_nonzero(some[1:] != some[:-1], axis=0)
    return np.argsort(-different, kind="stable")[:KEY_COLUMNS]


def _spread(count: int, most: int) -> NDArray[np.intp]:
    return np.linspace(0, count - 1, min(count, most)).astype(np.intp)
