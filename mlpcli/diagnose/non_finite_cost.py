"""The search for where a cost, or weights, stopped being finite: in which batch, layer, formula and row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.part import Part
from mlpcli.diagnose.config_keys import layer_key
from mlpcli.diagnose.gradient.formula_faults import FormulaFault, slope_fault, usual_instead, value_fault
from mlpcli.execute import NumpyExecutor
from mlpcli.execute.evaluate import evaluate
from mlpcli.execute.executor import State
from mlpcli.execute.rows import EpochRunner, RowFunction, Rows
from mlpcli.nn.network import Forward
from mlpcli.optim.optimizer import StepOptimizer
from mlpcli.problem.problem import Problem
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.training.auto_rate import resolve_auto_rate
from mlpcli.training.epoch import Epoch
from mlpcli.training.finite import all_finite
from mlpcli.training.observer import FORMULA_RULE, NOT_FINITE_RULE, NonFiniteCost
from mlpcli.training.part_evaluator import PartEvaluator

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE_KEY = "optimiser.learning_rate"


def explain_non_finite_cost(
    prepared: Problem, runner: EpochRunner, state: State, epoch: Epoch, evaluator: PartEvaluator
) -> NonFiniteCost:
    """Find where the first infinity or NaN arose: the epoch is run again up to the batch that broke it.

    state: as before the epoch, and the same again afterwards. evaluator: of the part whose cost is computed
    after each epoch.
    """
    replay = _Replay(prepared=prepared, runner=runner, state=state, epoch=epoch)
    in_step = not np.isfinite(epoch.cost)
    training = prepared.dataset.training
    try:
        breaking = replay.breaking_batch(epoch.batches - in_step)
        if breaking is not None:
            chosen = replay.to_batch(breaking - 1)
            return _weights_lost(prepared, _Rows(prepared, state, training, chosen), epoch, breaking)
        if in_step:
            chosen, part, where = replay.to_batch(epoch.batches - 1), training, f"in batch {epoch.batches}"
        else:
            replay.to_batch(epoch.batches)
            chosen, part = np.arange(evaluator.part.rows), evaluator.part
            where = f"on the {evaluator.name} rows, after the last update"
        return _cost_lost(prepared, _Rows(prepared, state, part, chosen), epoch, in_step, where)
    finally:
        replay.put_back()


class _Replay:
    """The epoch in question, run again from its beginning as often as needed."""

    def __init__(self, *, prepared: Problem, runner: EpochRunner, state: State, epoch: Epoch) -> None:
        self._runner, self._state, self._order = runner, state, epoch.order
        self._weights = [state[p.node.name] for p in prepared.network.arrays]
        self._good = {name: array.copy() for name, array in state.items()}

    def put_back(self) -> None:
        """Make the state what it was before the epoch."""
        for name, array in self._good.items():
            self._state[name][...] = array

    def to_batch(self, batches: int) -> NDArray[np.intp]:
        """Leave the state as it was after so many batches, and return the rows of the next one."""
        self.put_back()
        return self._runner.replay(self._order, batches)

    def breaking_batch(self, batches: int) -> int | None:
        """Return the first of so many batches whose update leaves non-finite weights; None if none does.

        Weights that are not finite stay so, so that halving finds the batch.
        """
        if not batches or not self._breaks(batches):
            return None
        whole, broken = 0, batches
        while broken - whole > 1:
            middle = (whole + broken) // 2
            whole, broken = (whole, middle) if self._breaks(middle) else (middle, broken)
        return broken

    def _breaks(self, batches: int) -> bool:
        self.to_batch(batches)
        return not all_finite(self._weights)


@dataclass(frozen=True)
class _Rows:
    """The rows in question, chosen from a part, and the weights that they are computed with."""

    prepared: Problem
    state: State
    part: Part
    chosen: NDArray[np.intp]

    @cached_property
    def inputs(self) -> Rows:
        """The arrays of the network's placeholders, (rows, ...) each."""
        return {name: array[self.chosen] for name, array in self.prepared.rows(self.part).items()}

    @property
    def values(self) -> dict[str, NDArray[Any]]:
        """Every parameter and placeholder by name."""
        return {**self.state, **self.inputs}

    def value_fault(self, forward: Forward) -> FormulaFault | None:
        """Return the first formula whose value is not finite, None if there is none."""
        return value_fault(forward, self.prepared.head.loss, self.values, len(self.chosen))

    def slope_fault(self, forward: Forward) -> FormulaFault | None:
        """Return the last formula whose slope is not finite, None if there is none."""
        return slope_fault(forward, self.prepared.head.loss, self.values, len(self.chosen))

    def first_of(self, which: NDArray[np.bool_]) -> str:
        """Name the first row marked in `which`, shape (rows,), and how many others are."""
        bad = np.flatnonzero(which)
        others = f" and {len(bad) - 1} more of {len(which)} rows" if len(bad) > 1 else ""
        return f", {self.name(int(bad[0]))}{others}"

    def name(self, at: int) -> str:
        """Name the file and line of a row."""
        return self.part.where(int(self.chosen[at]))


def _weights_lost(prepared: Problem, rows: _Rows, epoch: Epoch, batch: int) -> NonFiniteCost:
    """Explain an update that leaves non-finite weights: a slope is infinite, or a step too long."""
    fault = rows.slope_fault(prepared.network.training)
    what = f"The weights are not finite after batch {batch} of epoch {epoch.number}"
    if fault is not None:
        return NonFiniteCost(_formula_finding(prepared, fault, what, rows), batch)
    cause = f"{what}: the step was too long, or the gradient beyond what {prepared.config.precision} holds."
    remedies = tuple(_remedies(prepared))
    return NonFiniteCost(
        Finding(rule=NOT_FINITE_RULE, severity="problem", cause=cause, key=RATE_KEY, remedies=remedies), batch
    )


def _cost_lost(prepared: Problem, rows: _Rows, epoch: Epoch, in_step: bool, where: str) -> NonFiniteCost:
    """Explain a non-finite cost of finite weights by the first value on the way to it that is not finite."""
    forward = prepared.network.training if in_step else prepared.network.inference
    batch = epoch.batches if in_step else None
    fault = rows.value_fault(forward)
    first_step = (epoch.number, batch) == (1, 1)
    what = f"The cost is not finite from epoch {epoch.number} on ({where})"
    # With large arguments it is the weights that ran away, unless no step has been taken.
    if fault is not None and (first_step or not fault.large):
        return NonFiniteCost(_formula_finding(prepared, fault, what, rows), batch)
    outputs = _layer_outputs(forward, rows, in_step)
    first = next((name for name, array in outputs.items() if not np.isfinite(array).all()), "")
    # Every loss is finite, yet the optimiser took no step: the gradient is what is not finite.
    fault = rows.slope_fault(forward) if not first and in_step else None
    if fault is not None:
        return NonFiniteCost(_formula_finding(prepared, fault, what, rows), batch)
    if first:
        values = outputs[first]
        row = rows.first_of(~np.isfinite(values.reshape(len(values), -1)).all(axis=1))
    else:
        first, row = _beyond_the_rows(prepared, rows, outputs["the loss"])
    finding = Finding(
        rule=NOT_FINITE_RULE,
        severity="problem",
        cause=f"{what}; it began in {first}{row}.",
        where=first,
        key="" if first_step else RATE_KEY,
        remedies=() if first_step else tuple(_remedies(prepared)),
    )
    return NonFiniteCost(finding, batch)


def _layer_outputs(forward: Forward, rows: _Rows, in_step: bool) -> dict[str, NDArray[Any]]:
    """Compute what each layer makes of the rows, and their losses, (rows, ...) each, by a name for each."""
    nodes = {}
    for layer in forward.layers:
        nodes[f"layer {layer.name}, before its activation"] = layer.pre_activation
        nodes[f"layer {layer.name}, after its activation"] = layer.output
    nodes["the loss"] = forward.row_loss
    # A batch of a step is computed as a whole: a layer may be normalised by it.
    chunk = {"chunk": len(rows.chosen)} if in_step else {}
    return RowFunction(NumpyExecutor(), nodes, rows.state, **chunk)(rows.inputs)


def _beyond_the_rows(prepared: Problem, rows: _Rows, losses: NDArray[Any]) -> tuple[str, str]:
    """Return what is not finite, and its row, where the loss of every row is finite. losses: (rows,)."""
    with np.errstate(over="ignore"):
        together = losses.sum()
    if not np.isfinite(together):
        largest = rows.name(int(np.argmax(losses)))
        return "the sum of the losses of its rows", f", of which the largest is that of {largest}"
    penalty = prepared.network.penalty
    nodes = {} if penalty is None else {"penalty": penalty}
    lost = not all(np.isfinite(value) for value in evaluate(nodes, rows.state, 0).values())
    return ("the penalty" if lost else "the sum over the batches of the epoch"), ""


def _formula_finding(prepared: Problem, fault: FormulaFault, what: str, rows: _Rows) -> Finding:
    """Make the finding of a formula that is not finite, or has a slope that is not."""
    problem = resolve_auto_rate(prepared)
    return Finding(
        rule=FORMULA_RULE,
        severity="problem",
        cause=f"{what}, since {fault.sentence}{rows.first_of(fault.rows)}.",
        where=fault.name,
        key="loss" if fault.layer is None else layer_key(problem, fault.layer, "activation"),
        remedies=(usual_instead(problem, fault.layer),),
    )


def _remedies(prepared: Problem) -> Iterator[Remedy]:
    if isinstance(prepared.optimizer, StepOptimizer):
        rate = prepared.optimizer.rate
        yield Remedy("steps a tenth as long", (f"{RATE_KEY}={rate / 10:g}",))
    data = prepared.config.data
    scaled: list[tuple[str, str | None]] = [("scaling", data.scaling)]
    if prepared.dataset.task == "regression" and prepared.head.loss.scaled_targets:
        scaled.append(("target_scaling", data.target_scaling))
    raw = tuple(f"data.{key}=standard" for key, how in scaled if how == "none")
    if raw:
        yield Remedy("numbers of a size that weights can follow", raw)
