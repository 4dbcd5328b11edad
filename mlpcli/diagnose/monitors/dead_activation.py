"""Units that no gradient passes, on any row."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.config_keys import has_rate, in_hidden, layer_key
from mlpcli.diagnose.monitor import Monitor, MonitorContext
from mlpcli.diagnose.rules.start.dead_activation import MEASURE, MOST_DEAD, NOWHERE_FLAT
from mlpcli.problem.problem import Problem
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import part_of


class DeadActivationMonitor(Monitor):
    """Units that put out the same on a sample of rows are asked for their slope on more of them."""

    threshold = MOST_DEAD
    measure = f"{MEASURE} looked at"

    def __init__(self) -> None:
        self._refuted: dict[int, int] = {}
        """Layer -> how many units seemed flat when they were not."""

    def check(self, context: MonitorContext) -> Finding | None:
        """Find a layer half of whose units are flat on every row looked at."""
        problem, probe = context.problem, context.probe
        suspects = [at for at in probe.suspects if probe.constant[at] > self._refuted.get(at, 0)]
        if not suspects:
            return None
        health = probe.health()
        for at in suspects:
            layer, last = health[at], at == len(problem.network.layers) - 1
            # A loss that is computed from logits reaches through an output that is flat.
            flat = min(layer.flat_units, layer.dead) if last else layer.flat_units
            share = flat / layer.units
            if not flat or share < MOST_DEAD:
                self._refuted[at] = probe.constant[at]
                continue
            return self.finding(
                f"Flat on every row looked at: {part_of(flat, layer.units, f'{layer.activation} unit')} of "
                f"{layer.name}; no gradient passes there.",
                severity="problem" if share == 1.0 else "warning",
                where=f"layer {layer.name}",
                key=layer_key(problem, at, "activation"),
                value=share,
                remedies=_remedies(problem, last),
            )
        return None


def _remedies(problem: Problem, in_output: bool) -> Iterator[Remedy]:
    output = ("network.output.activation=sigmoid",) if in_output else ()
    yield Remedy(NOWHERE_FLAT, (*output, *in_hidden(problem, "activation", "tanh")))
    if has_rate(problem):
        why = "shorter steps throw no unit out of its range"
        yield Remedy(why, (f"optimiser.learning_rate={problem.optimizer.rate / 10:g}",))
