"""Loss and scores of one part of the data while training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.dataset import Part
from mlpcli.execute import NumpyExecutor
from mlpcli.execute.rows import RowFunction
from mlpcli.problem.build import Prepared
from mlpcli.scoring.evaluation import Evaluation, evaluate_outputs
from mlpcli.scoring.probabilities import why_no_probabilities
from mlpcli.training.stopping import Checked

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Watched:
    """Loss and scores of all rows of one part of the data, with the weights that `state` holds when asked."""

    def __init__(self, prepared: Prepared, name: str, part: Part, state: Mapping[str, NDArray[Any]]) -> None:
        self._prepared, self.name, self.part = prepared, name, part
        self.rows = prepared.rows(part)
        network, penalty = prepared.network, prepared.network.penalty
        outputs = {"loss": network.row_loss, "prediction": network.prediction}
        self._function = RowFunction(prepared.executor, outputs, state)
        self.no_probabilities = why_no_probabilities(network.layers[-1], prepared.dataset.preparation.target)
        # Not worth compiling: some sums of squares now and then.
        self._penalty = (
            None if penalty is None else RowFunction(NumpyExecutor(), {"penalty": penalty}, state, 1)
        )

    def look_at(self, prepared: Prepared, part: Part, name: str = "") -> None:
        """Take other rows, of the same network. name: of the part; "" where it is the same part."""
        self._prepared, self.part, self.rows = prepared, part, prepared.rows(part)
        self.name = name or self.name

    def loss(self) -> float:
        """Mean loss, weighted where rows are, without penalty."""
        return self._loss_and_outputs(keep=False)[0]

    def cost(self) -> float:
        """Mean loss plus penalty."""
        return self.loss() + self._penalty_now()

    def check(self) -> Checked:
        """What decides which epoch is the best, and whether its weights are of any use."""
        metric = self._prepared.config.training.stop.metric
        by_loss = metric in (None, "loss")
        loss, outputs = self._loss_and_outputs(keep=not by_loss)
        judged = loss if by_loss else self._evaluated(outputs).metric(str(metric))
        return Checked(loss, loss + self._penalty_now(), judged)

    def report(self) -> dict[str, float]:
        """The loss and the few scores that are printed with an epoch, each after the name of the part."""
        loss, outputs = self._loss_and_outputs()
        scores = {"loss": loss, **self._printed(self._evaluated(outputs))}
        return {f"{self.name}_{name}": score for name, score in scores.items()}

    def _penalty_now(self) -> float:
        return float(self._penalty.scalars()["penalty"]) if self._penalty else 0.0

    def _loss_and_outputs(self, keep: bool = True) -> tuple[float, NDArray[Any]]:
        """The mean loss and, where they are to be kept, the outputs (rows, units), by one pass."""
        weights, total, outputs = self.part.weights, 0.0, []
        for part, out in self._function.chunks(self.rows):
            total += float(out["loss"].sum() if weights is None else (weights[part] * out["loss"]).sum())
            if keep:
                outputs.append(out["prediction"].copy())
        mean = total / (len(self.part.inputs) if weights is None else float(weights.sum()))
        return mean, np.concatenate(outputs) if outputs else np.empty((0, 0))

    def evaluation(self) -> Evaluation:
        """All scores, in the user's units."""
        return self._evaluated(self.outputs())

    def _evaluated(self, outputs: NDArray[Any]) -> Evaluation:
        """Score the outputs of the part's rows, (rows, units), and rows of classes that training lacks."""
        targets, weights = self.part.targets, self.part.weights
        dataset, unseen = self._prepared.dataset, self.part.unseen
        target = dataset.preparation.target
        if unseen is not None:
            # Their true class is no unit's: any other stands in, as predictions do not depend on it.
            stand_in = Part(unseen.inputs, np.zeros_like(unseen.targets), unseen.weights)
            said = self._function(self._prepared.rows(stand_in))["prediction"]
            outputs, targets = np.concatenate([outputs, said]), np.concatenate([targets, unseen.targets])
            if weights is not None and unseen.weights is not None:
                weights = np.concatenate([weights, unseen.weights])
        return evaluate_outputs(
            outputs,
            targets,
            dataset.preparation,
            dataset.task,
            weights=weights,
            weighted=dataset.weighting.describe(target),
            no_probabilities=self.no_probabilities,
            unseen=unseen.classes if unseen else (),
        )

    def outputs(self) -> NDArray[Any]:
        """What the network says of each row, (rows, units)."""
        return self._function(self.rows)["prediction"]

    def scores(self) -> dict[str, float]:
        """The few that are printed with an epoch; means over several targets, and no mean of their units."""
        return self._printed(self.evaluation())

    def _printed(self, evaluation: Evaluation) -> dict[str, float]:
        metric = self._prepared.config.training.stop.metric
        if evaluation.class_scores:
            names = ["accuracy"]
        else:
            names = ["rmse", "r2"] if len(evaluation.regression_scores) == 1 else ["r2"]
        if metric is not None and metric not in ("loss", *names):
            names.append(metric)
        return {name: evaluation.metric(name) for name in names}
