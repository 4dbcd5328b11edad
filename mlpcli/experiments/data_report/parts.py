"""The parts of the data: their rows and classes, rows that two of them share, and how far they lie apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from mlpcli.data.part import Part
from mlpcli.data.targets import ClassTarget, MultilabelTarget
from mlpcli.diagnose.part_differences import differences
from mlpcli.diagnose.shared_rows import SharedRows, shared_rows
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.diagnose.trials.facts import ALL_CELLS
from mlpcli.problem.problem import Problem

MOST_SHIFTED = 5
"""Inputs of a part that are named, those that lie farthest apart first."""
LEAST_SHIFT = 0.25
"""Distance of two means, in standard deviations, from which on it is named …"""
SURE = 5.0
"""… where it is so many standard errors: of 1000 inputs, one in 2000 drawn parts has one by chance."""


@dataclass(frozen=True)
class Shift:
    """An input that lies elsewhere in a part than in training.

    distance: of the means, in standard deviations of the training rows; ratio: of the standard deviations.
    """

    input: str
    distance: float
    ratio: float


@dataclass(frozen=True, kw_only=True)
class PartReport:
    """One part: its rows, and how many of each class, or with each label.

    shared: rows that are training rows too; None for the training part, and where rows are too much alike to
    tell. shifted: inputs that lie elsewhere than in training.
    """

    name: str
    rows: int
    classes: Mapping[str, int]
    shared: SharedRows | None = None
    shifted: tuple[Shift, ...] = ()


def part_reports(evidence: Evidence) -> tuple[PartReport, ...]:
    """Look at every part there is."""
    return tuple(_parts(evidence))


def _parts(evidence: Evidence) -> Iterator[PartReport]:
    problem = evidence.problem
    training = problem.dataset.training
    yield PartReport(name="training", rows=training.rows, classes=_classes(problem, training))
    for name, part in (("validation", problem.dataset.validation), ("test", problem.dataset.test)):
        if part is None:
            continue
        classes, unseen = _classes(problem, part), part.unseen
        if unseen is not None:
            counts = np.bincount(unseen.targets - problem.dataset.preparation.outputs)
            classes |= dict(zip(unseen.classes, counts.tolist(), strict=True))
        yield PartReport(
            name=name,
            rows=part.rows + (0 if unseen is None else len(unseen.inputs)),
            classes=classes,
            shared=shared_rows(evidence, training, part) if part.rows else None,
            shifted=_shifted(evidence, training, part) if part.rows else (),
        )


def _classes(problem: Problem, part: Part) -> dict[str, int]:
    target = problem.dataset.preparation.target
    if isinstance(target, ClassTarget):
        counts = np.bincount(part.targets, minlength=len(target.classes)).tolist()
        return dict(zip(target.classes, counts, strict=True))
    if isinstance(target, MultilabelTarget):
        return dict(zip(target.names, np.count_nonzero(part.targets, axis=0).tolist(), strict=True))
    return {}


def _shifted(evidence: Evidence, training: Part, part: Part) -> tuple[Shift, ...]:
    first, second = training.inputs, part.inputs
    if (len(first) + len(second)) * first.shape[1] > ALL_CELLS:
        first, second = (each[evidence.facts.sample(*each.shape)] for each in (first, second))
    distances, ratios = differences(evidence.facts, first, second)
    farthest = np.argsort(-distances, kind="stable")[:MOST_SHIFTED].tolist()
    least = max(LEAST_SHIFT, SURE * (1 / len(first) + 1 / len(second)) ** 0.5)
    return tuple(
        Shift(evidence.facts.input_name(at), float(distances[at]), float(ratios[at]))
        for at in farthest
        if distances[at] >= least
    )
