"""Units that no gradient passes, on any row."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.config_keys import has_rate
from mlpcli.diagnose.layers.weight_probe import MANY
from mlpcli.diagnose.monitor import Look, Monitor
from mlpcli.problem.problem import Problem
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import part_of


class DeadActivation(Monitor):
    """Units that say the same on a sample of rows are asked for their slope on more of them."""

    def __init__(self) -> None:
        self._refuted: dict[int, int] = {}
        """Layer -> how many units seemed flat when they were not."""

    def look(self, look: Look) -> Finding | None:
        """A finding where half of a layer's units are flat on every row looked at."""
        problem = look.problem
        suspects = [at for at in look.probe.suspects if look.probe.constant[at] > self._refuted.get(at, 0)]
        if not suspects:
            return None
        health = look.probe.health()
        for at in suspects:
            layer, last = health[at], at == len(problem.network.layers) - 1
            # A loss that is computed from logits reaches through an output that is flat.
            flat = min(layer.flat_units, layer.dead) if last else layer.flat_units
            share = flat / layer.units
            if not flat or share < MANY:
                self._refuted[at] = look.probe.constant[at]
                continue
            hidden = range(len(problem.config.network.hidden))
            return Finding(
                "dead_activation",
                "problem" if share == 1.0 else "warning",
                f"Flat on every row looked at: {part_of(flat, layer.units, f'{layer.activation} unit')} of "
                f"{layer.name}; no gradient passes there.",
                f"layer {layer.name}",
                "network.output.activation" if last else f"network.hidden[{at}].activation",
                share,
                MANY,
                (
                    Remedy(
                        "its slope is nowhere 0",
                        (
                            *(("network.output.activation=sigmoid",) if last else ()),
                            *(f"network.hidden[{number}].activation=tanh" for number in hidden),
                        ),
                    ),
                    *_shorter_steps(problem),
                ),
                measure="share of the layer's units whose slope is 0 on every row looked at",
            )
        return None


def _shorter_steps(problem: Problem) -> Iterator[Remedy]:
    if has_rate(problem):
        why = "shorter steps throw no unit out of its range"
        yield Remedy(why, (f"optimiser.learning_rate={problem.optimizer.rate / 10:g}",))
