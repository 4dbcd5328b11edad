"""Where in the config a layer stands, and changes of it."""

from __future__ import annotations

import json
from collections.abc import Iterable

from mlpcli.nn.initializers import INITIALIZERS
from mlpcli.optim.optimizer import StepOptimizer
from mlpcli.problem.problem import Problem
from mlpcli.runs.finding import Remedy


def layer_key(problem: Problem, number: int, setting: str) -> str:
    """number: of the layer, from 0; the last is the output."""
    hidden = hidden_layers(problem)
    return f"network.hidden[{number}].{setting}" if number < hidden else f"network.output.{setting}"


def hidden_layers(problem: Problem) -> int:
    """How many there are."""
    return len(problem.network.layers) - 1


def in_hidden(
    problem: Problem, setting: str, value: str, layers: Iterable[int] | None = None
) -> tuple[str, ...]:
    """The change that gives these hidden layers, or all, that setting."""
    numbers = range(hidden_layers(problem)) if layers is None else layers
    return tuple(f"network.hidden[{number}].{setting}={value}" for number in numbers)


def usual_weights(
    problem: Problem, layers: Iterable[int] | None = None, biases: bool = True
) -> tuple[str, ...]:
    """glorot_uniform, and biases of 0, in these layers, or in all, where they have something else."""
    numbers = list(range(len(problem.network.layers)) if layers is None else layers)
    changes = [
        f"{layer_key(problem, number, 'initialisation')}=glorot_uniform"
        for number in numbers
        if not isinstance(
            problem.network.layers[number].parameters[0].initializer, INITIALIZERS["glorot_uniform"]
        )
    ]
    return (*changes, *(zero_biases(problem, numbers) if biases else ()))


def zero_biases(problem: Problem, layers: Iterable[int]) -> tuple[str, ...]:
    """Biases of 0 in these layers, where they have others."""
    return tuple(
        f"{layer_key(problem, number, 'bias_initialisation')}=zeros"
        for number in layers
        if not isinstance(problem.network.layers[number].parameters[1].initializer, INITIALIZERS["zeros"])
    )


def usual_inputs(problem: Problem) -> tuple[str, ...]:
    """Standardised ones, where they are not."""
    return () if problem.config.data.scaling == "standard" else ("data.scaling=standard",)


def has_rate(problem: Problem) -> bool:
    """Whether the optimiser has a learning rate that its steps follow downhill; a line search has none."""
    return isinstance(problem.optimizer, StepOptimizer) and problem.optimizer.rate > 0


FAR_ABOVE = 1e3
"""Times the optimiser's usual rate, from which on it is the usual one that is proposed."""


def lower_rate(problem: Problem) -> str:
    """The change to a tenth of the rate, or to the usual one where it is far above that."""
    rate, usual = problem.optimizer.rate, type(problem.optimizer)().rate
    return f"optimiser.learning_rate={usual if rate > FAR_ABOVE * usual else rate / 10:g}"


def ignoring(problem: Problem, names: Iterable[str]) -> tuple[str, ...]:
    """The change that leaves out these columns, too."""
    return (f"data.ignore={_listed((*problem.config.data.ignore, *names))}",)


def as_categories(problem: Problem, names: Iterable[str]) -> tuple[str, ...]:
    """The change that takes the numbers of these columns, too, for names."""
    return (f"data.categorical={_listed((*problem.config.data.categorical, *names))}",)


def _listed(names: Iterable[str]) -> str:
    """As YAML, whatever the names are."""
    return f"[{', '.join(json.dumps(name, ensure_ascii=False) for name in names)}]"


def with_changes(remedies: Iterable[Remedy]) -> tuple[Remedy, ...]:
    """Those that change something of the config."""
    return tuple(remedy for remedy in remedies if remedy.changes)
