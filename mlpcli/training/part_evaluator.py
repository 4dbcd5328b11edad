"""Loss and scores of one part of the data while training, and the search for a lost cost's origin."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mlpcli.data.dataset import Part
from mlpcli.execute import NumpyExecutor
from mlpcli.execute.evaluate import evaluate
from mlpcli.execute.rows import EpochRunner, RowFunction
from mlpcli.optim.optimizer import StepOptimizer
from mlpcli.problem.problem import Problem
from mlpcli.scoring.evaluation import Evaluation, evaluate_outputs
from mlpcli.scoring.probabilities import why_no_probabilities
from mlpcli.training.loop import Epoch
from mlpcli.training.progress import all_finite
from mlpcli.training.stopping import Checked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcli.diagnose.gradient.formula_faults import FormulaFault
    from mlpcli.runs.finding import Finding, Remedy


AT_ONCE_REMEDY = "No step was taken yet, so it is not the learning rate: mlp gradcheck says what it is."
LOST_REMEDY = "Lower optimiser.learning_rate (try a tenth), or scale inputs and targets."
FORMULA_REMEDY = "No learning rate helps: write a formula that is finite there, and has a finite slope."
NOT_FINITE_RULE, FORMULA_RULE = "cost_not_finite", "formula_not_finite"
LOST_RULES = (NOT_FINITE_RULE, FORMULA_RULE)
"""Rules of the findings that say where a cost, or weights, stopped being finite."""


class LostCost(NamedTuple):
    """Where a cost that is not finite began. batch: of its epoch; None where the last update broke it."""

    finding: Finding
    batch: int | None


class Watched:
    """Loss and scores of all rows of one part of the data, with the weights that `state` holds when asked."""

    def __init__(self, prepared: Problem, name: str, part: Part, state: Mapping[str, NDArray[Any]]) -> None:
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

    def look_at(self, prepared: Problem, part: Part, name: str = "") -> None:
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


def find_lost_cost(
    prepared: Problem,
    runner: EpochRunner,
    state: Mapping[str, NDArray[Any]],
    epoch: Epoch,
    watched: Watched,
) -> LostCost:
    """Where the first infinity or NaN arose: the epoch is run again up to the batch that broke it."""
    good = {name: array.copy() for name, array in state.items()}

    def after(batches: int) -> NDArray[np.intp]:
        """Leave the state as it was after so many batches; the rows of the next one."""
        for name, array in good.items():
            state[name][...] = array
        return runner.replay(epoch.order, batches)

    in_step = not np.isfinite(epoch.cost)
    breaking = _breaking_batch(prepared, state, after, epoch.batches - in_step)
    training = prepared.dataset.training
    try:
        if breaking is not None:
            return _lost_weights(prepared, state, training, after(breaking - 1), epoch, breaking)
        if in_step:
            chosen, part, where = after(epoch.batches - 1), training, f"in batch {epoch.batches}"
        else:
            after(epoch.batches)
            chosen, part = np.arange(watched.part.rows), watched.part
            where = f"on the {watched.name} rows, after the last update"
        return _lost_cost(prepared, state, part, chosen, epoch, in_step, where)
    finally:
        for name, array in good.items():
            state[name][...] = array


def _breaking_batch(
    prepared: Problem,
    state: Mapping[str, NDArray[Any]],
    after: Callable[[int], object],
    batches: int,
) -> int | None:
    """The first of so many batches whose update leaves weights that are not finite; None: all are.

    What is lost stays lost, so that halving finds it.
    """
    weights = [state[p.node.name] for p in prepared.network.arrays]

    def lost(number: int) -> bool:
        after(number)
        return not all_finite(weights)

    if not batches or not lost(batches):
        return None
    whole, broken = 0, batches
    while broken - whole > 1:
        middle = (whole + broken) // 2
        whole, broken = (whole, middle) if lost(middle) else (middle, broken)
    return broken


def _lost_weights(
    prepared: Problem,
    state: Mapping[str, NDArray[Any]],
    part: Part,
    chosen: NDArray[np.intp],
    epoch: Epoch,
    batch: int,
) -> LostCost:
    """An update that leaves weights which are not finite: a slope is infinite, or a step too long."""
    from mlpcli.diagnose.gradient.formula_faults import slope_fault
    from mlpcli.runs.finding import Finding  # seldom needed

    rows = {name: array[chosen] for name, array in prepared.rows(part).items()}
    fault = slope_fault(prepared.network.training, prepared.head.loss, {**state, **rows}, len(chosen))
    what = f"The weights are not finite after batch {batch} of epoch {epoch.number}"
    if fault is not None:
        return LostCost(_of_formula(prepared, fault, what, _rows(fault.rows, chosen, part)), batch)
    cause = f"{what}: the step was too long, or the gradient beyond what {prepared.config.precision} holds."
    remedies = tuple(_remedies(prepared))
    finding = Finding(NOT_FINITE_RULE, "problem", cause, "", "optimiser.learning_rate", remedies=remedies)
    return LostCost(finding, batch)


def _lost_cost(
    prepared: Problem,
    state: Mapping[str, NDArray[Any]],
    part: Part,
    chosen: NDArray[np.intp],
    epoch: Epoch,
    in_step: bool,
    where: str,
) -> LostCost:
    """A cost that is not finite, though the weights are: the first value on the way to it that is not."""
    from mlpcli.diagnose.gradient.formula_faults import slope_fault, value_fault
    from mlpcli.runs.finding import Finding  # seldom needed

    rows = {name: array[chosen] for name, array in prepared.rows(part).items()}
    forward = prepared.network.training if in_step else prepared.network.settled
    batch, values, count = epoch.batches if in_step else None, {**state, **rows}, len(chosen)
    fault = value_fault(forward, prepared.head.loss, values, count)
    first_step = (epoch.number, batch) == (1, 1)
    what = f"The cost is not finite from epoch {epoch.number} on ({where})"
    if fault is not None and (first_step or not fault.large):
        return LostCost(_of_formula(prepared, fault, what, _rows(fault.rows, chosen, part)), batch)
    nodes = {}
    for layer in forward.layers:
        nodes[f"layer {layer.name}, before its activation"] = layer.pre_activation
        nodes[f"layer {layer.name}, after its activation"] = layer.output
    nodes["the loss"] = forward.row_loss
    # In a step the batch is looked at as a whole: a layer may be normalised by it.
    chunk = {"chunk": len(rows["inputs"])} if in_step else {}
    outputs = RowFunction(NumpyExecutor(), nodes, state, **chunk)(rows)
    first = next((name for name, array in outputs.items() if not np.isfinite(array).all()), "")
    with np.errstate(over="ignore"):
        together = outputs["the loss"].sum()
    fault = slope_fault(forward, prepared.head.loss, values, count) if not first and in_step else None
    if fault is not None:  # the optimiser took no step, for the gradient is not finite
        return LostCost(_of_formula(prepared, fault, what, _rows(fault.rows, chosen, part)), batch)
    if first:
        row = _first_row(outputs[first], chosen, part)
    elif np.isfinite(together):
        penalty = prepared.network.penalty
        nodes = {} if penalty is None else {"penalty": penalty}
        lost = not all(np.isfinite(value) for value in evaluate(nodes, state, 0).values())
        first, row = ("the penalty" if lost else "the sum over the batches of the epoch"), ""
    else:  # each is a number, and together they are none
        first, largest = "the sum of the losses of its rows", int(np.argmax(outputs["the loss"]))
        row = f", of which the largest is that of {part.where(int(chosen[largest]))}"
    cause = f"{what}; it began in {first}{row}."
    remedies = () if first_step else tuple(_remedies(prepared))
    key = "" if first_step else "optimiser.learning_rate"
    return LostCost(Finding(NOT_FINITE_RULE, "problem", cause, first, key, remedies=remedies), batch)


def _of_formula(prepared: Problem, fault: FormulaFault, what: str, rows: str) -> Finding:
    """The finding of a formula that is not finite, or has a slope that is not."""
    from mlpcli.diagnose.config_keys import layer_key
    from mlpcli.diagnose.gradient.formula_faults import usual_instead
    from mlpcli.runs.finding import Finding
    from mlpcli.training.range_test import with_rate

    problem = with_rate(prepared)
    key = "loss" if fault.layer is None else layer_key(problem, fault.layer, "activation")
    cause = f"{what}, since {fault.sentence}{rows}."
    remedies = (usual_instead(problem, fault.layer),)
    return Finding(FORMULA_RULE, "problem", cause, fault.name, key, remedies=remedies)


def _first_row(values: NDArray[Any], chosen: NDArray[np.intp], part: Part) -> str:
    """The row that the first value that is not finite belongs to, and how many others have one."""
    return _rows(~np.isfinite(values.reshape(len(values), -1)).all(axis=1), chosen, part)


def _rows(which: NDArray[np.bool_], chosen: NDArray[np.intp], part: Part) -> str:
    """The first of these rows, and how many others there are."""
    bad = np.flatnonzero(which)
    others = f" and {len(bad) - 1} more of {len(which)} rows" if len(bad) > 1 else ""
    return f", {part.where(int(chosen[bad[0]]))}{others}"


def _remedies(prepared: Problem) -> Iterator[Remedy]:
    from mlpcli.runs.finding import Remedy

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
