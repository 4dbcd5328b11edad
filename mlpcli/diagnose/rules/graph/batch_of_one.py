"""Batch normalisation over a single row."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.consequences import FAILURES
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import listed


class BatchOfOne(Rule):
    """Batch normalisation over one row.

    Batch normalisation subtracts the mean of the batch from every value. With a batch of one row that leaves
    0: the layer puts out the same for all rows, and no gradient passes through it.

    What is measured: rows of a batch, where a layer has normalisation: batch
    Threshold: none: it is 1
    Source: Ioffe, Szegedy 2015, arXiv:1502.03167, algorithm 1, with m = 1
    """

    key = "training.batch_size"
    threshold = 1.0
    measure = "rows of a batch"
    exact = True
    order = 13
    explains = FAILURES

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem = evidence.problem
        layers = problem.network.layers
        normalised = [n for n, layer in enumerate(layers) if layer.running and layer.trainable]
        if not normalised or problem.batch_rows > 1:
            return
        names = listed(layers[number].name for number in normalised)
        yield self.finding(
            f"{names} {'is' if len(normalised) == 1 else 'are'} normalised by the rows of a batch, and a "
            "batch is one row: less its own mean it is 0, whatever the inputs are.",
            where=f"layer {layers[normalised[0]].name}",
            value=float(problem.batch_rows),
            remedies=(
                Remedy("mean and variance of several rows", ("training.batch_size=32",)),
                Remedy(
                    "mean and variance over the units of one row",
                    tuple(f"network.hidden[{number}].normalisation=layer" for number in normalised),
                ),
            ),
        )
