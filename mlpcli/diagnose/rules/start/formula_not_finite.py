"""A formula that is not defined for what it gets, or infinitely steep there: a root of 0 or of less."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlpcli.diagnose.config_keys import layer_key
from mlpcli.diagnose.consequences import FAILURES
from mlpcli.diagnose.gradient.formula_faults import (
    FormulaFault,
    slope_fault,
    uses_formulas,
    usual_instead,
    value_fault,
)
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.execute.evaluate import evaluate
from mlpcli.grad.reverse import gradients
from mlpcli.runs.finding import Finding


class FormulaNotFinite(Rule):
    """A formula is not defined for what it gets, or infinitely steep there.

    `log(x)` and `sqrt(x)` are not defined below 0, `1/x` is not at 0, and half of what a layer gets is
    negative. A single such value makes the cost NaN, and with it every gradient. Keep the argument where the
    function is defined: `sqrt(x**2 + 1)`, `log(1 + abs(x))`, `log(max(prediction, 1e-7))`. The slope of a
    root is infinite at 0, though the root is not: in a branch that is taken at 0, write `sqrt(x + 1e-6)`. No
    rate helps. A value in a branch that is not taken does no harm. The activations and losses that have a
    name are finite for every number, and so are their slopes.

    What is measured: share of a layer's values, or of the rows' losses, that a formula makes infinite or NaN
        before training, or at which its slope is
    Threshold: none: one such value is enough
    Source: IEEE 754-2019, sections 6.1 and 6.2: operations on NaN give NaN
    """

    threshold = 0.0
    measure = "share of the values for which the formula or its slope is not finite"
    exact = True
    order = 5
    explains = FAILURES

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem, network = evidence.problem, evidence.problem.network
        if not uses_formulas(network, problem.head.loss):
            return
        rows = evidence.facts.some_rows
        count, weights = len(rows["inputs"]), evidence.trained or evidence.facts.initial_values
        values = {**weights, **rows, **network.counters()}
        fault = value_fault(network.inference, problem.head.loss, values, count)
        if fault is not None:
            share = f"{fault.share:.0%} of {'the rows' if fault.layer is None else 'what it gets'}"
            what = f"{fault.sentence}, one of {share}: neither is the cost, and no step can be made."
            yield self._finding(evidence, fault, what)
            return
        # An infinite slope does no harm where nothing of the cost arrives.
        slopes = gradients(network.inspection.cost, [p.node for p in network.trained])
        found = evaluate({str(number): slope for number, slope in enumerate(slopes)}, values, count)
        if all(np.isfinite(slope).all() for slope in found.values()):
            return
        fault = slope_fault(network.inspection, problem.head.loss, values, count)
        if fault is not None:
            what = f"{fault.sentence}: so is the gradient, and a step leaves weights that are no numbers."
            yield self._finding(evidence, fault, what[0].upper() + what[1:])

    def _finding(self, evidence: Evidence, fault: FormulaFault, what: str) -> Finding:
        problem = evidence.problem
        where = "loss" if fault.layer is None else fault.name
        key = "loss" if fault.layer is None else layer_key(problem, fault.layer, "activation")
        remedies = (usual_instead(problem, fault.layer),)
        return self.finding(what, where=where, key=key, value=fault.share, remedies=remedies)
