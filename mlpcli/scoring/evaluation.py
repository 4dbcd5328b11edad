"""Outputs and targets become the scores that `mlp evaluate` prints."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.preparation_warnings import PreparationWarnings
from mlpcli.data.prepare import Preparation
from mlpcli.data.targets import ClassTarget, MultilabelTarget
from mlpcli.data.weights import mean_weight
from mlpcli.runs.json_file import finite
from mlpcli.scoring.file_parts import ScoredRows
from mlpcli.scoring.metrics import (
    ClassScores,
    RegressionScores,
    class_probabilities,
    class_scores,
    label_scores,
    regression_scores,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Scores by target. classification: one entry, named after the target; else one per label or target.

    words: the names of the classes, for each entry of class_scores. weighted: what rows are weighted by, in
    words; "" where all count alike. no_probabilities: why the outputs for classes or labels are no
    probabilities, "" where they are; the log-loss then takes scores, clipped to numbers from 1e-15 to 1, for
    probabilities. unseen: classes that training never saw, the last among the words; their rows count as
    wrong, and the log-loss is that of the others. scored: which rows of a file these are; None for the part
    of a training.
    """

    task: str
    rows: int
    words: tuple[tuple[str, ...], ...] = ()
    class_scores: dict[str, ClassScores] = field(default_factory=dict)
    regression_scores: dict[str, RegressionScores] = field(default_factory=dict)
    counts: PreparationWarnings
    weighted: str = ""
    no_probabilities: str = ""
    unseen: tuple[str, ...] = ()
    scored: ScoredRows | None = None

    def metric(self, name: str) -> float:
        """Return the score of that name, such as accuracy or r2; its mean over several labels or targets."""
        each = self.class_scores or self.regression_scores
        return float(np.mean([getattr(scores, name) for scores in each.values()]))

    @property
    def unseen_rows(self) -> int:
        """The number of rows whose class training never saw."""
        if not self.unseen:
            return 0
        [scores] = self.class_scores.values()
        return int(scores.rows[-len(self.unseen) :].sum())

    def as_json(self, zeros: bool = True) -> dict[str, Any]:
        """Return plain data with every number that is printed; None for non-finite ones.

        zeros: whether confusions that did not occur are in it, too; of many classes they are nearly all.
        """
        targets: dict[str, Any] = {}
        for at, (name, scores) in enumerate(self.class_scores.items()):
            classes = self.words[at]
            targets[name] = {
                "accuracy": scores.accuracy,
                "balanced_accuracy": finite(scores.balanced_accuracy),
                "f1": finite(scores.f1),
                "auc": finite(scores.auc),
                "average_precision": finite(scores.average_precision),
                "log_loss": finite(scores.log_loss),
                "classes": {
                    c: {"precision": p, "recall": r, "f1": f, "rows": n}
                    for c, (p, r, f, n) in zip(classes, scores.per_class(), strict=True)
                },
                "confusion": {
                    c: {k: n for k, n in zip(classes[: len(row)], row.tolist(), strict=True) if zeros or n}
                    for c, row in zip(classes, scores.confusion, strict=True)
                },
            }
        for name, score in self.regression_scores.items():
            targets[name] = {
                "rmse": finite(score.rmse),
                "mae": finite(score.mae),
                "r2": finite(score.r2),
            }
        unknown = {name: cells.count for name, cells in self.counts.unknown.items()}
        return {
            "task": self.task,
            "rows": self.rows,
            **(self.scored.as_json() if self.scored else {}),
            **({"weighted": self.weighted} if self.weighted else {}),
            **({"no_probabilities": self.no_probabilities} if self.no_probabilities else {}),
            **({"unseen_classes": list(self.unseen), "unseen_rows": self.unseen_rows} if self.unseen else {}),
            "targets": targets,
            "unknown_categories": unknown,
        }


def evaluate_outputs(
    outputs: NDArray[Any],
    targets: NDArray[Any],
    preparation: Preparation,
    counts: PreparationWarnings | None = None,
    weights: NDArray[Any] | None = None,
    no_probabilities: str = "",
    unseen: tuple[str, ...] = (),
) -> Evaluation:
    """Score outputs of a network, (rows, units), against targets as Preparation.scored_targets gives them.

    weights: how much each row counts, (rows,), None for all alike; their size does not matter, so that the
    same rows have the same scores in training and in `mlp evaluate`. The rest: see Evaluation.
    """
    if weights is not None:
        weights = weights / mean_weight(weights, "the rows")
    target = preparation.target
    evaluation = Evaluation(
        task=target.task,
        rows=len(targets),
        counts=counts or PreparationWarnings(),
        no_probabilities=no_probabilities,
        unseen=unseen,
    )
    if isinstance(target, ClassTarget):
        scores = class_scores(class_probabilities(outputs, target.coding), targets, weights)
        words = ((*target.classes, *unseen),)
        return replace(evaluation, words=words, class_scores={target.name: scores})
    if isinstance(target, MultilabelTarget):
        labels = {
            name: label_scores(outputs[:, i], targets[:, i], weights) for i, name in enumerate(target.names)
        }
        return replace(evaluation, words=target.words, class_scores=labels)
    predicted, true = preparation.unscale(outputs), preparation.unscale(targets)
    values = {
        name: regression_scores(predicted[:, i], true[:, i], weights) for i, name in enumerate(target.names)
    }
    return replace(evaluation, regression_scores=values)
