"""Whether the outputs for classes or labels are probabilities, judged by the output layer alone."""

from __future__ import annotations

import numpy as np

from mlpcli.data.targets import ClassTarget, RegressionTarget, Target
from mlpcli.nn.layer import Layer
from mlpcli.scoring.output_range import Range, output_range, sums_to_one

PROBABILITY, SCORE = "p_", "score_"
"""Prefixes of the column of a class or label: for a probability, and for any other output."""
UNIT = Range(0.0, 1.0)


def why_no_probabilities(layer: Layer, target: Target) -> str:
    """Return why the outputs of a layer are no probabilities of the target, "" where they are or it has none.

    The probabilities of classes lie between 0 and 1 and add up to 1, whatever the weights; that of a label
    lies between 0 and 1. A single unit for two classes gives both: how near it is to the number of each.
    """
    if isinstance(target, RegressionTarget):
        return ""
    possible, name = output_range(layer), layer.activation.shown
    reason = f"{name} gives {possible.text}"
    bounds = np.array([possible.low, possible.high])
    if isinstance(target, ClassTarget) and layer.units > 1:
        if sums_to_one(layer):
            return ""
        shares = "and those of a row do not add up to 1"
        return reason if UNIT.beyond(bounds).any() else f"{reason}, {shares}"
    if isinstance(target, ClassTarget) and len(target.coding) == 2:
        first, second = target.coding
        bounds = (bounds - first) / (second - first)
        reason += f", and the classes are {first:g} and {second:g}" if target.codes else ""
    return reason if UNIT.beyond(bounds).any() else ""
