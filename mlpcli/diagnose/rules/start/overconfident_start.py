"""Before the first step the network is sure of what it cannot know."""

from __future__ import annotations

import math
from collections.abc import Iterator

from mlpcli.diagnose.config_keys import layer_key
from mlpcli.diagnose.consequences import WRONG_SIZE
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.baseline import is_cross_entropy
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.diagnose.trials.usual import with_usual_weights
from mlpcli.runs.finding import Finding, Remedy

TIMES = 2.0
"""The first loss over that with usual weights in the output layer, and about that over the baseline."""
LEAST_TIMES = 0.999 * TIMES
"""What rounding leaves of it where the first loss is exactly twice the baseline."""


class OverconfidentStart(Rule):
    """Over-confident before training.

    A network that knows nothing yet should say so: all classes about equally likely, a regression near the
    mean. A first loss far above that of the best constant comes of large weights in the output layer, and the
    first steps only undo them; in the meantime hidden units may die.

    What is measured: loss before the first step, against that of the best constant and that with Glorot
        weights in the output layer
    Threshold: twice both. A note where a classifier learns all the same; a regression that does is let alone
    Source: Karpathy 2019, A Recipe for Training Neural Networks (verify loss at init); CS231n notes
    """

    threshold = LEAST_TIMES
    measure = "loss before the first step over that of the best constant"
    always = True
    order = 45
    explains = (*WRONG_SIZE, "effectively_linear")

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem = evidence.problem
        loss, baseline = evidence.trial.start_loss, evidence.baseline
        if not math.isfinite(loss) or baseline <= 0 or loss < LEAST_TIMES * baseline:
            return
        last = len(problem.network.layers) - 1
        cured = with_usual_weights(problem, [problem.network.layers[last].name])
        usual = evidence.trainer_of(cured).loss_on(evidence.trainer.rows, cured.initial_values(0))[0]
        if not loss > TIMES * usual:
            return
        outcome = evidence.outcome(cured)
        severity = evidence.gravity(outcome)
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
                Remedy("it starts near what the best constant has", _changes(evidence, "glorot_uniform")),
                Remedy("it starts with the same for every row", _changes(evidence, "zeros")),
            ),
        )


def _changes(evidence: Evidence, weights: str) -> tuple[str, ...]:
    return f"network.output.initialisation={weights}", "network.output.bias_initialisation=zeros"
