"""Loss and scores of one part of the data while training, and the search for a lost cost's origin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mlpcli.data.dataset import Part
from mlpcli.execute import NumpyExecutor
from mlpcli.execute.rows import EpochRunner, RowFunction
from mlpcli.optim.optimizer import StepOptimizer
from mlpcli.pipeline.prepare import Prepared
from mlpcli.predict.scores import Evaluation, evaluate_outputs
from mlpcli.training.loop import Epoch
from mlpcli.training.stopping import Checked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcli.diagnose.finding import Finding, Remedy


AT_ONCE_REMEDY = "No step was taken yet, so it is not the learning rate: mlp gradcheck says what it is."
LOST_REMEDY = "Lower optimiser.learning_rate (try a tenth), or scale inputs and targets."


class LostCost(NamedTuple):
    """Where a cost that is not finite began. batch: of its epoch; None where the last update broke it."""

    finding: Finding
    batch: int | None


class Watched:
    """Loss and scores of all rows of one part of the data, with the weights that `state` holds when asked."""

    def __init__(self, prepared: Prepared, name: str, part: Part, state: Mapping[str, NDArray[Any]]) -> None:
        self._prepared, self.name, self.part = prepared, name, part
        self.rows = prepared.rows(part)
        network, penalty = prepared.network, prepared.network.penalty
        outputs = {"loss": network.row_loss, "prediction": network.prediction}
        self._function = RowFunction(prepared.executor, outputs, state)
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
        dataset = self._prepared.dataset
        weights, target = self.part.weights, dataset.preparation.target
        return evaluate_outputs(
            outputs,
            self.part.targets,
            dataset.preparation,
            dataset.task,
            weights=weights,
            weighted=dataset.weighting.describe(target),
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


def find_lost_cost(
    prepared: Prepared,
    runner: EpochRunner,
    state: Mapping[str, NDArray[Any]],
    epoch: Epoch,
    watched: Watched,
) -> LostCost:
    """Where the first infinity or NaN arose: the epoch is run again up to the batch that broke it."""
    from mlpcli.diagnose.finding import Finding  # seldom needed

    good = {name: array.copy() for name, array in state.items()}
    in_step = not np.isfinite(epoch.cost)
    if not in_step:
        runner.replay(epoch.order, epoch.batches)
        part, chosen = watched.part, np.arange(watched.part.rows)
        rows, where = watched.rows, f"on the {watched.name} rows, after the last update"
    else:
        chosen, part = runner.replay(epoch.order, epoch.batches - 1), prepared.dataset.training
        rows = {name: array[chosen] for name, array in prepared.rows(part).items()}
        where = f"in batch {epoch.batches}"
    forward = prepared.network.training if in_step else prepared.network.settled
    nodes = {}
    for layer in forward.layers:
        nodes[f"layer {layer.name}, before its activation"] = layer.pre_activation
        nodes[f"layer {layer.name}, after its activation"] = layer.output
    nodes["the loss"] = forward.row_loss
    # In a step the batch is looked at as a whole: a layer may be normalised by it.
    chunk = {"chunk": len(rows["inputs"])} if in_step else {}
    outputs = RowFunction(NumpyExecutor(), nodes, state, **chunk)(rows)
    first = next((name for name, array in outputs.items() if not np.isfinite(array).all()), "")
    for name, array in good.items():
        state[name][...] = array
    with np.errstate(over="ignore"):
        together = outputs["the loss"].sum()
    if first:
        row = _first_row(outputs[first], chosen, part)
    elif np.isfinite(together):
        first, row = "the penalty", ""
    else:  # each is a number, and together they are none
        first, largest = "the sum of the losses of its rows", int(np.argmax(outputs["the loss"]))
        row = f", of which the largest is that of {part.where(int(chosen[largest]))}"
    cause = f"The cost is not finite from epoch {epoch.number} on ({where}); it began in {first}{row}."
    remedies = tuple(_remedies(prepared))
    batch = epoch.batches if in_step else None
    return LostCost(
        Finding("cost_not_finite", "problem", cause, first, "optimiser.learning_rate", remedies=remedies),
        batch,
    )


def _first_row(values: NDArray[Any], chosen: NDArray[np.intp], part: Part) -> str:
    """The row that the first value that is not finite belongs to, and how many others have one."""
    bad = np.flatnonzero(~np.isfinite(values.reshape(len(values), -1)).all(axis=1))
    others = f" and {len(bad) - 1} more of {len(values)} rows" if len(bad) > 1 else ""
    return f", {part.where(int(chosen[bad[0]]))}{others}"


def _remedies(prepared: Prepared) -> Iterator[Remedy]:
    from mlpcli.diagnose.finding import Remedy

    if isinstance(prepared.optimizer, StepOptimizer):
        rate = prepared.optimizer.rate
        yield Remedy("steps a tenth as long", (f"optimiser.learning_rate={rate / 10:g}",))
    data = prepared.config.data
    scaled: list[tuple[str, str | None]] = [("scaling", data.scaling)]
    if prepared.dataset.task == "regression" and prepared.head.loss.scaled_targets:
        scaled.append(("target_scaling", data.target_scaling))
    raw = tuple(f"data.{key}=standard" for key, how in scaled if how == "none")
    if raw:
        yield Remedy("numbers of a size that weights can follow", raw)
