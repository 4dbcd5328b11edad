"""Targets that the output activation cannot reach."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlpcli.diagnose.config_keys import has_large_targets, usual_targets
from mlpcli.diagnose.consequences import EVEN_SCALING
from mlpcli.diagnose.detector import Statistic
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.baseline import (
    baseline_loss,
    is_cross_entropy,
    mean_loss,
    minimum_loss,
    row_losses,
)
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.diagnose.trials.facts import ALL_CELLS
from mlpcli.diagnose.trials.trial import POOR
from mlpcli.registry import choice_name
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.scoring.output_range import Range, output_range, sums_to_one
from mlpcli.wording import percent, told_apart

KEY = "network.output.activation"
HARDLY = 0.01
"""Share of the baseline's loss below which nothing is reported."""
NOT_SHARES = "share of the rows whose targets do not sum to 1"


class OutputRange(Rule):
    """Targets beyond the range of the output.

    A sigmoid puts out nothing above 1, a ReLU nothing below 0. A blood sugar of 150, or the half of the
    standardised targets that is negative, is out of reach whatever the weights: units are pushed against the
    bound, where their slope is 0, and stay there. And where several labels are true at once, softmax can name
    only one.

    What is measured: range of the output activation against the targets that the network has to reach; and
        the loss of the nearest outputs within that range, as a share of the best constant's
    Threshold: none for the range; it is reported from 1 % of the loss on, and is a problem from 30 % on, or
        where the network does not learn and one with an output of that range does
    Source: Wardat et al. 2022, DeepDiagnosis (wrong output activation); LeCun et al. 1998, Efficient
        BackProp, 4.5
    """

    key = KEY
    threshold = HARDLY
    measure = "least loss of outputs within the range, as a share of the best constant's"
    exact = True
    order = 30
    explains = EVEN_SCALING

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        yield from self._single(evidence)
        yield from self._shares(evidence)

    def _single(self, evidence: Evidence) -> Iterator[Finding]:
        """Find targets that no output reaches."""
        problem = evidence.problem
        layer, target = problem.network.layers[-1], problem.training_rows["target"]
        said = output_range(layer)
        low, high = evidence.facts.target_span
        if is_cross_entropy(problem) or said.constant or not said.beyond(np.array([low, high])).any():
            return
        rows, by = problem.training_rows, ""
        if target.size > ALL_CELLS // 4:
            chosen = evidence.facts.sample(*target.shape)
            rows, by = {name: array[chosen] for name, array in rows.items()}, f", by {len(chosen)} rows"
            target = rows["target"]
        outside = said.beyond(target)
        baseline = baseline_loss(problem, rows)
        left = mean_loss(row_losses(problem, np.clip(target, said.low, said.high), target), rows)
        perfect = minimum_loss(problem, rows)
        share = (left - perfect) / (baseline - perfect) if baseline > perfect else 0.0
        if share < HARDLY:
            return
        activation = choice_name(problem.head.activation)
        least, most = told_apart(low, high)
        lie = f"lie between {least} and {most}" if least != most else f"are {least}"
        yield self.finding(
            f"{activation} says {said.text}, and the targets {lie}: {percent(float(outside.mean()))} of them "
            f"cannot be reached, and the best such outputs leave a loss of {left:.3g} (the best constant: "
            f"{baseline:.3g}){by}.",
            severity="problem" if share > POOR else _severity(evidence, _linear(evidence)),
            where=f"layer {layer.name}",
            value=share,
            remedies=_remedies(evidence, said),
        )

    def _shares(self, evidence: Evidence) -> Iterator[Finding]:
        """Find rows of targets that outputs which share 1 do not reach."""
        problem, layer = evidence.problem, evidence.problem.network.layers[-1]
        if problem.dataset.task == "classification" or layer.units == 1 or not sums_to_one(layer):
            return
        beyond = float(np.mean(Range(1.0, 1.0).beyond(problem.training_rows["target"].sum(axis=1))))
        if beyond < HARDLY:
            return
        activation, multilabel = choice_name(problem.head.activation), problem.dataset.task == "multilabel"
        if multilabel:
            changes = (f"{KEY}=sigmoid", "loss=binary_cross_entropy")
            remedy = Remedy("each label has a probability of its own", changes)
        else:
            remedy = Remedy("a linear output says any number", (f"{KEY}=linear",))
        yield self.finding(
            f"The {layer.units} outputs under {activation} share 1, and in {percent(beyond)} of the rows the "
            "targets do not: what one output gains the others lose.",
            severity=_severity(evidence, remedy.changes),
            where=f"layer {layer.name}",
            value=Statistic(beyond, HARDLY, NOT_SHARES),
            remedies=(remedy,),
        )


def _linear(evidence: Evidence) -> tuple[str, ...]:
    """Return the changes to a linear output, and to targets of a size that it reaches."""
    problem = evidence.problem
    return f"{KEY}=linear", *(usual_targets(problem) if has_large_targets(problem) else ())


def _severity(evidence: Evidence, changes: tuple[str, ...]) -> str:
    """Return "problem" where the network does not learn and one with these changes does, else "warning"."""
    if evidence.learns or not evidence.variants.outcome(changes).learns:
        return "warning"
    return "problem"


def _remedies(evidence: Evidence, said: Range) -> Iterator[Remedy]:
    problem = evidence.problem
    if problem.config.data.classes:
        yield Remedy("numbers that the output can say", ("data.classes=[0, 1]",))
        yield Remedy("a linear output says any number", (f"{KEY}=linear",))
        return
    yield Remedy("a linear output says any number", _linear(evidence))
    unit = np.array([0.0, 1.0])
    if problem.config.data.target_scaling != "minmax" and not said.beyond(unit).any():
        yield Remedy("targets between 0 and 1, which it can say", ("data.target_scaling=minmax",))
