"""The gradient shrinks on its way back to the first layer."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.config_keys import hidden_layers, in_hidden, usual_weights, zero_biases
from mlpcli.diagnose.consequences import STANDSTILL
from mlpcli.diagnose.layers.health import gradient_ratio
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import listed

RATIO = 1e-3
"""Ratio of the relative gradients of the first and the last layer before training: AUTOTRAINER's."""
STILL = 1e-2
"""Ratio after training. Ours: seven sigmoids that stay at the baseline end between 1e-3 and 4e-3."""


class VanishingGradient(Rule):
    """The gradient vanishes.

    On its way back through a layer the gradient is multiplied by weights and slopes. The sigmoid's slope is ¼
    at most, so that ten layers leave a millionth. The last layers then learn from whatever the first layers,
    which do not change, happen to put out.

    What is measured: ‖gradient‖ / ‖W‖ of the first layer over that of the last, before training and after it
    Threshold: 0.001 before and 0.01 after, where the network does not learn (0.001: AUTOTRAINER)
    Source: Hochreiter 1991; Glorot, Bengio 2010; Zhang et al. 2021, AUTOTRAINER
    """

    key = "network.hidden"
    threshold = RATIO
    measure = "‖gradient‖ / ‖W‖ of the first layer over that of the last, before training"
    order = 80
    explains = (*STANDSTILL,)

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem = evidence.problem
        hidden = hidden_layers(problem)
        first = evidence.start_health
        ratio = gradient_ratio(first)
        # Weights that start at 0 let no gradient pass before the first step.
        if hidden < 2 or first[-1].weight_rms == 0:
            return
        if not evidence.trial.finite or not 0 < ratio < RATIO:
            return
        later = gradient_ratio(evidence.trial_health)
        if later >= STILL:
            return
        update = first[0].update
        moved = f", a step changes its weights by {update:.1g} of their size" if update is not None else ""
        yield self.finding(
            f"The gradient vanishes: relative to its weights, that of {first[0].name} is {ratio:.1g} times "
            f"that of {first[-1].name} before training and {later:.1g} times after it{moved}; mean slopes "
            f"are {listed(f'{layer.mean_slope:.2g}' for layer in first[:-1])}.",
            where=f"layer {first[0].name}",
            value=ratio,
            remedies=_remedies(evidence),
        )


def _remedies(evidence: Evidence) -> Iterator[Remedy]:
    problem = evidence.problem
    hidden = hidden_layers(problem)
    he = (*in_hidden(problem, "initialisation", "he_normal"), *zero_biases(problem, range(hidden)))
    relu = (*in_hidden(problem, "activation", "relu"), *he, *usual_weights(problem, [hidden]))
    tanh = (*in_hidden(problem, "activation", "tanh"), *usual_weights(problem))
    yield Remedy("its slope is 1 wherever it is not 0, and the weights keep the size of what passes", relu)
    yield Remedy("its slope is 1 at 0, where the sigmoid's is ¼", tanh)
    units = problem.network.layers[0].units
    yield Remedy("fewer layers to pass", (f"network.hidden=[{{units: {units}, activation: tanh}}]",))
