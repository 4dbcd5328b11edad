"""Changes of a config, as rules try and propose them; and where in the config a layer stands."""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np

from mlpcli.execute.rows import Rows
from mlpcli.nn.initializers import INITIALIZERS
from mlpcli.optim.optimizer import StepOptimizer
from mlpcli.problem.problem import Problem
from mlpcli.runs.finding import Remedy

WIDE, TIMES = 16, 4
"""Units that a widened layer has at least, and how many times as many as before."""
LARGEST_TARGET = 10.0
"""Standard deviation beyond which targets are unscaled."""
FAR_ABOVE = 1e3
"""Times the optimiser's usual rate, from which on it is the usual one that is proposed."""


def layer_key(problem: Problem, number: int, setting: str) -> str:
    """Return the key of a layer's setting. number: of the layer, from 0; the last is the output."""
    hidden = hidden_layers(problem)
    return f"network.hidden[{number}].{setting}" if number < hidden else f"network.output.{setting}"


def hidden_layers(problem: Problem) -> int:
    """Return the number of hidden layers."""
    return len(problem.network.layers) - 1


def in_hidden(
    problem: Problem, setting: str, value: str, layers: Iterable[int] | None = None
) -> tuple[str, ...]:
    """Return the changes that give hidden layers a setting. layers: their numbers; None: all."""
    numbers = range(hidden_layers(problem)) if layers is None else layers
    return tuple(f"network.hidden[{number}].{setting}={value}" for number in numbers)


def usual_weights(
    problem: Problem, layers: Iterable[int] | None = None, biases: bool = True
) -> tuple[str, ...]:
    """Return the changes to glorot_uniform and biases of 0, where layers have something else.

    layers: their numbers; None: all. biases: whether they are changed, too.
    """
    numbers = list(range(len(problem.network.layers)) if layers is None else layers)
    changes = [
        f"{layer_key(problem, number, 'initialisation')}=glorot_uniform"
        for number in numbers
        if not isinstance(
            problem.network.layers[number].parameters[0].initializer, INITIALIZERS["glorot_uniform"]
        )
    ]
    changed = (*changes, *(zero_biases(problem, numbers) if biases else ()))
    return (*changed, *drawn_anew(problem)) if changed else ()


def drawn_anew(problem: Problem) -> tuple[str, ...]:
    """Return the change that draws all initial weights, where the config takes them from a model."""
    return ("start_from=null",) if problem.config.start_from else ()


def zero_biases(problem: Problem, layers: Iterable[int]) -> tuple[str, ...]:
    """Return the changes to biases of 0 in these layers, where they have others."""
    return tuple(
        f"{layer_key(problem, number, 'bias_initialisation')}=zeros"
        for number in layers
        if not isinstance(problem.network.layers[number].parameters[1].initializer, INITIALIZERS["zeros"])
    )


def usual_inputs(problem: Problem) -> tuple[str, ...]:
    """Return the change to standardised inputs, where they are not."""
    return () if problem.config.data.scaling == "standard" else ("data.scaling=standard",)


def usual_targets(problem: Problem) -> tuple[str, ...]:
    """Return the change to standardised targets, of a regression that has them as they are."""
    return ("data.target_scaling=standard",) if takes_usual_targets(problem) else ()


def takes_usual_targets(problem: Problem) -> bool:
    """Tell whether it is a regression with targets as they are, that could be scaled."""
    return (
        problem.dataset.task == "regression"
        and problem.config.data.target_scaling == "none"
        and problem.head.loss.scaled_targets
    )


def has_large_targets(problem: Problem) -> bool:
    """Tell whether scaling the targets would change much."""
    return takes_usual_targets(problem) and largest_spread(problem.training_rows) > LARGEST_TARGET


def largest_spread(rows: Rows) -> float:
    """Return the standard deviation of the target where it is largest."""
    return float(np.max(np.std(rows["target"], axis=0)))


def widened(problem: Problem) -> tuple[str, ...]:
    """Return the changes to hidden layers TIMES as wide, at least WIDE; without one, to a tanh layer."""
    units = wide_units(problem)
    changes = tuple(f"network.hidden[{at}].units={count}" for at, count in enumerate(units))
    return (*(changes or (f"network.hidden=[{{units: {WIDE}, activation: tanh}}]",)), *drawn_anew(problem))


def wide_units(problem: Problem) -> list[int]:
    """Return the units of each hidden layer, once it is widened."""
    return [max(WIDE, TIMES * layer.units) for layer in problem.config.network.hidden]


def weaker_penalty(problem: Problem, factor: float) -> tuple[str, ...]:
    """Return the changes to this factor times l1 and l2, as far as the config has them."""
    own = problem.optimizer
    terms = {"l1": own.l1, "l2": own.l2}
    return tuple(f"optimiser.{name}={value * factor:g}" for name, value in terms.items() if value)


def has_rate(problem: Problem) -> bool:
    """Tell whether the optimiser has a learning rate that its steps follow; a line search has none."""
    return isinstance(problem.optimizer, StepOptimizer) and problem.optimizer.rate > 0


def lower_rate(problem: Problem) -> str:
    """Return the change to a tenth of the rate, or to the usual one where it is far above that."""
    rate, usual = problem.optimizer.rate, type(problem.optimizer)().rate
    return f"optimiser.learning_rate={usual if rate > FAR_ABOVE * usual else rate / 10:g}"


def ignoring(problem: Problem, names: Iterable[str]) -> tuple[str, ...]:
    """Return the change that leaves out these columns, too."""
    return (f"data.ignore={_listed((*problem.config.data.ignore, *names))}",)


def as_categories(problem: Problem, names: Iterable[str]) -> tuple[str, ...]:
    """Return the change that takes the numbers of these columns, too, for names."""
    return (f"data.categorical={_listed((*problem.config.data.categorical, *names))}",)


def _listed(names: Iterable[str]) -> str:
    """Write names as a YAML list, whatever they are."""
    return f"[{', '.join(json.dumps(name, ensure_ascii=False) for name in names)}]"


def with_changes(remedies: Iterable[Remedy]) -> tuple[Remedy, ...]:
    """Return the remedies that change something of the config."""
    return tuple(remedy for remedy in remedies if remedy.changes)
