"""Before the first step the network is sure of what it cannot know."""

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
"""The first loss over that with usual weights in the output layer, and about that over the baseline."""
LEAST_TIMES = 0.999 * TIMES
"""What rounding leaves of it where the first loss is exactly twice the baseline."""


def _check(evidence: Evidence) -> Iterator[Finding]:
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
    yield Finding(
        "overconfident_start",
        severity,
        f"The loss starts at {loss:.3g}, where the best constant has {baseline:.3g}: the output layer is "
        f"{'sure of itself' if is_cross_entropy(problem) else 'far from the targets'} before it has seen "
        f"anything. With glorot_uniform weights there it starts at {usual:.3g}, and the same training "
        f"{outcome.text}.",
        f"layer {problem.network.layers[last].name}",
        layer_key(problem, last, "initialisation"),
        loss / baseline,
        LEAST_TIMES,
        (
            Remedy("it starts near what the best constant has", cured),
            Remedy("it starts with the same for every row", _changes(evidence, "zeros")),
        ),
        measure="loss before the first step over that of the best constant",
    )


def _changes(evidence: Evidence, weights: str) -> tuple[str, ...]:
    changes = f"network.output.initialisation={weights}", "network.output.bias_initialisation=zeros"
    return (*changes, *drawn_anew(evidence.problem))


overconfident_start = Rule(
    title="Over-confident before training",
    check=_check,
    statistic="loss before the first step, against that of the best constant and that with Glorot weights "
    "in the output layer",
    threshold="twice both. A note where a classifier learns all the same; a regression that does is let "
    "alone",
    source="Karpathy 2019, A Recipe for Training Neural Networks (verify loss at init); CS231n notes",
    text="""A network that knows nothing yet should say so: all classes about equally likely, a regression
near the mean. A first loss far above that of the best constant comes of large weights in the output layer,
and the first steps only undo them; in the meantime hidden units may die.""",
    always=True,
    order=45,
    explains=(*WRONG_SIZE, "effectively_linear"),
)
