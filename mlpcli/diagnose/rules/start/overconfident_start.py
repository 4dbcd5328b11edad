"""A network that is sure, before the first step, of what it cannot know."""

from __future__ import annotations

import math
from collections.abc import Iterator

from mlpcli.diagnose.config_keys import drawn_anew, layer_key
from mlpcli.diagnose.consequences import WRONG_SIZE
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.baseline import is_cross_entropy
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy

TIMES = 2.0
"""Ratio of the first loss to the one with usual weights in the output layer, and to the baseline."""
LEAST_TIMES = 0.999 * TIMES
"""TIMES less what rounding may take, where the first loss is exactly twice the baseline."""


class OverconfidentStart(Rule):
    """Over-confident before training.

    A network that knows nothing yet should say so: all classes about equally likely, a regression near the
    mean. A first loss far above that of the best constant comes from large weights in the output layer, and
    the first steps only undo them; in the meantime hidden units may die.

    What is measured: loss before the first step, against that of the best constant and that with Glorot
        weights in the output layer
    Threshold: twice both. A note where a classifier learns all the same; no finding where a regression does
    Source: Karpathy 2019, A Recipe for Training Neural Networks (verify loss at init); CS231n notes
    """

    threshold = LEAST_TIMES
    measure = "loss before the first step over that of the best constant"
    always = True
    order = 45
    explains = (*WRONG_SIZE, "effectively_linear")

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem = evidence.problem
        loss, baseline = evidence.trial.start_loss, evidence.trial.baseline
        if not math.isfinite(loss) or baseline <= 0 or loss < LEAST_TIMES * baseline:
            return
        last = len(problem.network.layers) - 1
        cured = _changes(evidence, "glorot_uniform")
        usual = evidence.variants.start_loss(cured, evidence.trials.runner.rows)
        if not loss > TIMES * usual:
            return
        outcome = evidence.variants.outcome(cured)
        severity = evidence.variants.severity_of(outcome)
        if not severity and is_cross_entropy(problem):
            severity = "note"
        if not severity:
            return
        yield self.finding(
            f"The loss starts at {loss:.3g}, where the best constant has {baseline:.3g}: the output layer is "
            f"{'sure of itself' if is_cross_entropy(problem) else 'far from the targets'} before it has seen "
            f"anything. With glorot_uniform weights there it starts at {usual:.3g}, and the same training "
            f"{outcome.text}.",
            severity=severity,
            where=f"layer {problem.network.layers[last].name}",
            key=layer_key(problem, last, "initialisation"),
            value=loss / baseline,
            remedies=(
                Remedy("it starts near what the best constant has", cured),
                Remedy("it starts with the same for every row", _changes(evidence, "zeros")),
            ),
        )


def _changes(evidence: Evidence, weights: str) -> tuple[str, ...]:
    changes = f"network.output.initialisation={weights}", "network.output.bias_initialisation=zeros"
    return (*changes, *drawn_anew(evidence.problem))
