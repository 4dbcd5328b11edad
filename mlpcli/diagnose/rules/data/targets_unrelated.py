"""Targets that have nothing to do with the inputs: shuffled, or read from other rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlpcli.diagnose.consequences import STANDSTILL
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy

LEAST_ROWS = 50
PERMUTATIONS = 200
AT_ONCE = 1_000_000
"""Numbers of permuted targets in memory."""
DEVIATIONS = 3.0
"""Distance of a statistic from its mean under permuted targets, in standard deviations: one unrelated table
in 400 has it by chance."""


class TargetsUnrelated(Rule):
    """Targets that have nothing to do with the inputs.

    Where labels were shuffled, or joined to the wrong rows, there is nothing to learn but noise: a small
    network stays at the baseline, a large one learns the rows by heart. A target that depends on many columns
    in a way that neither neighbours nor single columns show would be mistaken for noise, which is why a
    network that learns only gets a warning.

    What is measured: agreement of each row's target with that of its nearest other row, the largest and the
        mean squared correlation of input columns with the target; each against 200 permutations of the
        targets
    Threshold: none of the three deviates by 3 standard deviations from the permutations, with at least 50
        rows
    Source: Ben Braiek, Khomh 2022, TheDeepChecker; Karpathy 2019, A Recipe for Training Neural Networks
    """

    key = "data.target"
    threshold = DEVIATIONS
    measure = "largest distance of the statistics from those of permuted targets, in standard deviations"
    always = True
    explains = (*STANDSTILL, "cost_oscillates", "overfitting")

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        rows = evidence.facts.some_rows
        count = len(rows["inputs"])
        inputs, target = _standardised(rows["inputs"]), _standardised(rows["target"])
        if count < LEAST_ROWS or not inputs.shape[1] or not target.shape[1]:
            return
        if not (np.isfinite(inputs).all() and np.isfinite(target).all()):
            return
        nearest = _nearest(inputs)

        rng = np.random.default_rng(0)
        orders = np.stack([rng.permutation(count) for _ in range(PERMUTATIONS)])
        real = _statistics(inputs, nearest, target[None])[0]
        some = max(1, AT_ONCE // target.size)
        permuted = np.concatenate(
            [
                _statistics(inputs, nearest, target[orders[at : at + some]])
                for at in range(0, PERMUTATIONS, some)
            ]
        )
        deviations = np.abs(real - permuted.mean(axis=0)) / np.maximum(permuted.std(axis=0), 1e-12)
        if deviations.max() > DEVIATIONS:
            return
        yield self.finding(
            "The targets have nothing to do with the inputs: rows that are near each other agree in their "
            f"targets no more than with permuted targets ({deviations[0]:.1f} standard deviations), and no "
            f"column correlates with them ({deviations[1]:.1f})"
            + ("; what is learned, is learned by heart." if evidence.learns else "."),
            severity="warning" if evidence.learns else "problem",
            value=float(deviations.max()),
            remedies=(Remedy("targets that belong to their rows: look at how the table was put together"),),
        )


def _statistics(inputs: np.ndarray, nearest: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Measure how several targets go with the inputs.

    targets: (tables, rows, outputs). Returns (tables, 3): the agreement of nearest neighbours, the largest
    and the mean squared correlation with a column.
    """
    tables, count, outputs = targets.shape
    side_by_side = targets.transpose(1, 0, 2).reshape(count, tables * outputs)
    correlations = ((inputs.T @ side_by_side / count) ** 2).reshape(-1, tables, outputs)
    agreement = np.einsum("tro,tro->t", targets, targets[:, nearest]) / count
    return np.stack([agreement, correlations.max(axis=(0, 2)), correlations.mean(axis=(0, 2))], axis=1)


def _standardised(values: np.ndarray) -> np.ndarray:
    """Scale columns to mean 0 and deviation 1, and leave out those that are constant."""
    spread = values.std(axis=0)
    kept = spread > 0
    standard: np.ndarray = (values[:, kept] - values[:, kept].mean(axis=0)) / spread[kept]
    return standard


def _nearest(inputs: np.ndarray) -> np.ndarray:
    """Return the index of each row's nearest other row, (rows,). inputs: (rows, inputs)."""
    squares = np.sum(inputs**2, axis=1)
    distances = squares[:, None] + squares - 2.0 * (inputs @ inputs.T)
    np.fill_diagonal(distances, np.inf)
    nearest: np.ndarray = np.argmin(distances, axis=1)
    return nearest
