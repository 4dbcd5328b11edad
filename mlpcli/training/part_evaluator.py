"""Loss and scores of one part of the data while training."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mlpcli.data.part import Part
from mlpcli.execute import NumpyExecutor
from mlpcli.execute.executor import State
from mlpcli.execute.rows import RowFunction
from mlpcli.problem.problem import Problem
from mlpcli.scoring.evaluation import Evaluation, evaluate_outputs
from mlpcli.scoring.probabilities import why_no_probabilities
from mlpcli.training.finite import all_finite
from mlpcli.training.loop import EpochChecks
from mlpcli.training.stopping import ValidationScores

if TYPE_CHECKING:
    from numpy.typing import NDArray

VALIDATION = "validation"
"""The name of the part whose scores decide, where there is one."""


class _Looked(NamedTuple):
    """What was found of the weights with this digest. outputs: (rows, units), None where not kept."""

    digest: bytes
    loss: float
    outputs: NDArray[Any] | None


def _digest(state: State) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for array in state.values():
        digest.update(array.tobytes())
    return digest.digest()


class PartEvaluator:
    """Loss and scores of all rows of one part of the data, with the weights that `state` holds when asked."""

    def __init__(self, prepared: Problem, name: str, part: Part, state: State) -> None:
        """Compile what is evaluated. name: training, validation or test."""
        self._prepared, self.name, self.part = prepared, name, part
        self.rows = prepared.rows(part)
        network, penalty = prepared.network, prepared.network.penalty
        outputs = {"loss": network.row_loss, "prediction": network.prediction}
        self._function = RowFunction(prepared.executor, outputs, state)
        self._state, self._last = state, _Looked(b"", np.nan, None)
        self.no_probabilities = why_no_probabilities(network.layers[-1], prepared.dataset.preparation.target)
        # Not worth compiling: some sums of squares now and then.
        self._penalty = (
            None if penalty is None else RowFunction(NumpyExecutor(), {"penalty": penalty}, state, 1)
        )

    def look_at(self, prepared: Problem, part: Part, name: str = "") -> None:
        """Take other rows, of the same network. name: of the part; "" where it is the same part."""
        if part is not self.part:
            self._last = _Looked(b"", np.nan, None)
        self._prepared, self.part, self.rows = prepared, part, prepared.rows(part)
        self.name = name or self.name

    def loss(self) -> float:
        """Return the mean loss without penalty, weighted where rows are."""
        return self._loss_and_outputs(keep=False)[0]

    def cost(self) -> float:
        """Return the mean loss plus the penalty; asked for at the end, when all scores are wanted next."""
        return self._loss_and_outputs()[0] + self._penalty_now()

    def check(self) -> ValidationScores:
        """Return the scores that decide which epoch is the best, and whether its weights are of any use."""
        metric = self._prepared.config.training.stop.metric
        by_loss = metric in (None, "loss")
        loss, outputs = self._loss_and_outputs(keep=not by_loss)
        judged = loss if by_loss else self._evaluate(outputs).metric(str(metric))
        return ValidationScores(loss, loss + self._penalty_now(), judged)

    def report(self) -> dict[str, float]:
        """Return the loss and the scores that are printed with an epoch, each after the name of the part."""
        loss, outputs = self._loss_and_outputs()
        metric = self._prepared.config.training.stop.metric
        scores = {"loss": loss, **printed_scores(self._evaluate(outputs), metric)}
        return {f"{self.name}_{name}": score for name, score in scores.items()}

    def evaluation(self) -> Evaluation:
        """Return all scores, in the user's units."""
        return self._evaluate(self._loss_and_outputs()[1])

    def outputs(self) -> NDArray[Any]:
        """Return the outputs of the network for each row, (rows, units)."""
        return self._function(self.rows)["prediction"]

    def _penalty_now(self) -> float:
        return float(self._penalty.scalars()["penalty"]) if self._penalty else 0.0

    def _loss_and_outputs(self, keep: bool = True) -> tuple[float, NDArray[Any]]:
        """Return the mean loss and, if they are to be kept, the outputs (rows, units), by one pass.

        The weights that were looked at last are known again: an epoch may be printed, judged, and be the one
        that is kept, and a pass over the rows takes as long as an epoch of a small network.
        """
        digest = _digest(self._state)
        if digest == self._last.digest and (self._last.outputs is not None or not keep):
            return self._last.loss, np.empty((0, 0)) if self._last.outputs is None else self._last.outputs
        weights, total, outputs = self.part.weights, 0.0, []
        for part, out in self._function.chunks(self.rows):
            total += float(out["loss"].sum() if weights is None else (weights[part] * out["loss"]).sum())
            if keep:
                outputs.append(out["prediction"].copy())
        mean = total / (len(self.part.inputs) if weights is None else float(weights.sum()))
        self._last = _Looked(digest, mean, np.concatenate(outputs) if outputs else None)
        return mean, np.empty((0, 0)) if self._last.outputs is None else self._last.outputs

    def _evaluate(self, outputs: NDArray[Any]) -> Evaluation:
        """Score the outputs of the part's rows, (rows, units), and rows of classes that training lacks."""
        targets, weights = self.part.targets, self.part.weights
        dataset, unseen = self._prepared.dataset, self.part.unseen
        target = dataset.preparation.target
        if unseen is not None:
            # Their true class is no unit's: any other stands in, as predictions do not depend on it.
            stand_in = Part(
                inputs=unseen.inputs, targets=np.zeros_like(unseen.targets), weights=unseen.weights
            )
            predicted = self._function(self._prepared.rows(stand_in))["prediction"]
            outputs = np.concatenate([outputs, predicted])
            targets = np.concatenate([targets, unseen.targets])
            if weights is not None and unseen.weights is not None:
                weights = np.concatenate([weights, unseen.weights])
        evaluation = evaluate_outputs(
            outputs,
            targets,
            dataset.preparation,
            weights=weights,
            no_probabilities=self.no_probabilities,
            unseen=unseen.classes if unseen else (),
        )
        return replace(evaluation, weighted=dataset.weighting.describe(target))


def printed_scores(evaluation: Evaluation, metric: str | None) -> dict[str, float]:
    """Return the few scores that are printed with an epoch, by name; means over several targets.

    metric: training.stop.metric, which is always among them. The error of several targets is left out, as
    their units differ.
    """
    if evaluation.class_scores:
        names = ["accuracy"]
    else:
        names = ["rmse", "r2"] if len(evaluation.regression_scores) == 1 else ["r2"]
    if metric is not None and metric not in ("loss", *names):
        names.append(metric)
    return {name: evaluation.metric(name) for name in names}


def epoch_checks(evaluator: PartEvaluator, weights: Collection[NDArray[Any]]) -> EpochChecks:
    """Return what the epoch loop computes after an epoch. weights: the arrays that are to stay finite."""
    return EpochChecks(
        validation=evaluator.check if evaluator.name == VALIDATION else None,
        final_cost=evaluator.cost,
        finite_weights=lambda: all_finite(weights),
    )
