"""Units that no gradient passes, on any row: the activation is flat wherever the rows put them."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.evidence import Evidence
from mlpcli.diagnose.finding import Finding, Remedy
from mlpcli.diagnose.layer_health import LayerHealth
from mlpcli.diagnose.rule import Rule

MOST_DEAD = 0.5
"""Share of a layer's units: SageMaker Debugger and DeepDiagnosis warn from one half on."""


def _check(evidence: Evidence) -> Iterator[Finding]:
    moments = ((evidence.start_health, "before training"), (evidence.trial_health, "after a short training"))
    for health, when in moments:
        # From the output backwards: what lies before a dead layer gets no gradient because of it.
        for number, layer in reversed(list(enumerate(health))):
            flat = layer.flat_units
            if flat < MOST_DEAD * layer.units or not flat:
                continue
            share = flat / layer.units
            yield Finding(
                "dead_activation",
                "problem" if share == 1.0 else "warning",
                f"{flat} of {layer.units} {layer.activation} units of {layer.name} are flat on every row "
                f"{when}: {1 - layer.live_share:.0%} of rows × units lie where the slope is 0, "
                f"and no gradient passes.",
                f"layer {layer.name}",
                _key(evidence, number),
                share,
                MOST_DEAD,
                tuple(_remedies(evidence, number, layer)),
            )
            return


def _key(evidence: Evidence, number: int) -> str:
    hidden = len(evidence.case.network.layers) - 1
    return f"network.hidden[{number}].activation" if number < hidden else "network.output.activation"


def _remedies(evidence: Evidence, number: int, layer: LayerHealth) -> Iterator[Remedy]:
    hidden = len(evidence.case.network.layers) - 1
    everywhere = tuple(f"network.hidden[{at}].activation=tanh" for at in range(hidden))
    if number == hidden:
        yield Remedy("its slope is nowhere 0", ("network.output.activation=sigmoid", *everywhere))
    yield Remedy("its slope is nowhere 0", everywhere)
    yield Remedy(
        "weights and inputs of a size that keeps units where the slope is",
        (
            *(f"network.hidden[{at}].initialisation=glorot_uniform" for at in range(hidden)),
            "data.scaling=standard",
        ),
    )


dead_activation = Rule(
    title="The activation is flat wherever the rows are",
    kind="start",
    check=_check,
    statistic="share of a layer's units whose activation has slope 0 on every row (loss gradient 0; the "
    "penalty's gradient not counted), before training and after a short one",
    threshold="half of the units; all of them are a problem. SageMaker Debugger, DeepDiagnosis: 50 %",
    source="AUTOTRAINER, ICSE 2021 (dying ReLU); Lu et al. 2019, arXiv:1903.06733",
    text="""ReLU, hard sigmoid, hard tanh and the like have pieces where their slope is exactly 0. A unit that
lies there on every row gets no gradient, and so do all weights before it: it never comes back.""",
    explains=("stalled_at_baseline",),
)
