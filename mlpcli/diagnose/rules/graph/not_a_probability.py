"""A cross-entropy on outputs that are not probabilities."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from mlpcli.diagnose.consequences import FAILURES
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.baseline import is_cross_entropy
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.nn.loss import SMALLEST_PROBABILITY
from mlpcli.nn.losses import LOSSES
from mlpcli.registry import choice_name
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.scoring.output_range import Range, output_range, sums_to_one

KEY = "network.output.activation"
SIGMOID = (f"{KEY}=sigmoid", "loss=binary_cross_entropy")
PROBABILITIES = Range(0.0, 1.0)


class NotAProbability(Rule):
    """A cross-entropy on outputs that are not probabilities.

    A cross-entropy is -log of the probability that is given to the truth. A ReLU or linear output is not a
    probability: what lies beyond 0 and 1 has to be cut off, and a row that got there on the wrong side stays
    there for ever, at a loss of 16.1. And `cross_entropy` counts only the right class: it is the softmax that
    takes from the others what one of them gains. Under sigmoids all outputs grow to 1, the loss falls to 0,
    and the classes are hardly told apart.

    What is measured: range of the output activation; for cross_entropy also whether the outputs of a row
        share 1
    Threshold: none: below 0 or above 1, or not shares of 1. Outputs beyond 0 and 1 are a problem where the
        network does not learn and one with a sigmoid does, else a warning: of 96 trainings on four data sets
        with ReLU, linear or tanh outputs 56 learned, by luck of the seed
    Source: Nikanjam et al. 2021, arXiv:2105.08095 (NeuraLint); Schoop et al. 2021, UMLAUT
    """

    key = KEY
    threshold = 0.0
    measure = "how far the output reaches beyond 0 and 1"
    exact = True
    order = 20
    explains = FAILURES

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem = evidence.problem
        if not is_cross_entropy(problem):
            return
        layer = problem.network.layers[-1]
        said, activation = output_range(layer), choice_name(problem.head.activation)
        shares = isinstance(problem.head.loss, LOSSES["cross_entropy"])
        if not said.low < said.high:
            return
        if shares and not sums_to_one(layer):
            units = "one unit" if layer.units == 1 else f"{layer.units} units"
            more = "" if said.high <= 1 else f", and {activation} says {said.text}"
            severity = "problem"
            cause = (
                "cross_entropy counts only the output of the right class and needs outputs that share 1, "
                f"which {units} under {activation} do not{more}: the loss is 0 for outputs that are all 1, "
                "whatever the row."
            )
        elif PROBABILITIES.beyond(np.array([said.low, said.high])).any():
            blamed = not evidence.learns and evidence.variants.outcome(SIGMOID).learns
            severity = "problem" if blamed else "warning"
            cause = (
                f"{problem.head.loss_name} needs outputs between 0 and 1, and {activation} says {said.text}: "
                f"outside, they are cut to {SMALLEST_PROBABILITY:g} from 0 or 1, where the gradient is 0 and "
                "no row pulls them back."
            )
        else:
            return
        far = max(0.0 - said.low, said.high - 1.0)
        beyond = far > 0 and math.isfinite(far)  # else the outputs only do not share 1, or have no bound
        yield self.finding(
            cause,
            severity=severity,
            where=f"layer {layer.name}",
            value=far if beyond else None,
            remedies=_remedies(evidence),
        )


def _remedies(evidence: Evidence) -> Iterator[Remedy]:
    problem = evidence.problem
    softmax = (f"{KEY}=softmax", "loss=cross_entropy")
    if problem.dataset.task == "classification" and problem.head.units > 1:
        yield Remedy("softmax: outputs that share 1", softmax)
        yield Remedy("sigmoid: each output is a probability of its own", SIGMOID)
    else:
        yield Remedy("sigmoid: each output is a probability", SIGMOID)
    yield Remedy("a loss that takes any number", ("loss=squared_error",))
