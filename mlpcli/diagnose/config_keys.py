"""Where in the config a layer stands, and changes of it."""

from __future__ import annotations

import json
from collections.abc import Iterable

from mlpcli.diagnose.case import Case
from mlpcli.nn.initializers import INITIALIZERS
from mlpcli.optim.optimizer import StepOptimizer
from mlpcli.runs.finding import Remedy


def layer_key(case: Case, number: int, setting: str) -> str:
    """number: of the layer, from 0; the last is the output."""
    hidden = hidden_layers(case)
    return f"network.hidden[{number}].{setting}" if number < hidden else f"network.output.{setting}"


def hidden_layers(case: Case) -> int:
    """How many there are."""
    return len(case.network.layers) - 1


def in_hidden(case: Case, setting: str, value: str, layers: Iterable[int] | None = None) -> tuple[str, ...]:
    """The change that gives these hidden layers, or all, that setting."""
    numbers = range(hidden_layers(case)) if layers is None else layers
    return tuple(f"network.hidden[{number}].{setting}={value}" for number in numbers)


def usual_weights(case: Case, layers: Iterable[int] | None = None, biases: bool = True) -> tuple[str, ...]:
    """glorot_uniform, and biases of 0, in these layers, or in all, where they have something else."""
    numbers = list(range(len(case.network.layers)) if layers is None else layers)
    changes = [
        f"{layer_key(case, number, 'initialisation')}=glorot_uniform"
        for number in numbers
        if not isinstance(
            case.network.layers[number].parameters[0].initializer, INITIALIZERS["glorot_uniform"]
        )
    ]
    return (*changes, *(zero_biases(case, numbers) if biases else ()))


def zero_biases(case: Case, layers: Iterable[int]) -> tuple[str, ...]:
    """Biases of 0 in these layers, where they have others."""
    return tuple(
        f"{layer_key(case, number, 'bias_initialisation')}=zeros"
        for number in layers
        if not isinstance(case.network.layers[number].parameters[1].initializer, INITIALIZERS["zeros"])
    )


def usual_inputs(case: Case) -> tuple[str, ...]:
    """Standardised ones, where they are not."""
    return () if case.config.data.scaling == "standard" else ("data.scaling=standard",)


def has_rate(case: Case) -> bool:
    """Whether the optimiser has a learning rate that its steps follow downhill; a line search has none."""
    return isinstance(case.optimizer, StepOptimizer) and case.optimizer.rate > 0


FAR_ABOVE = 1e3
"""Times the optimiser's usual rate, from which on it is the usual one that is proposed."""


def lower_rate(case: Case) -> str:
    """The change to a tenth of the rate, or to the usual one where it is far above that."""
    rate, usual = case.optimizer.rate, type(case.optimizer)().rate
    return f"optimiser.learning_rate={usual if rate > FAR_ABOVE * usual else rate / 10:g}"


def ignoring(case: Case, names: Iterable[str]) -> tuple[str, ...]:
    """The change that leaves out these columns, too."""
    return (f"data.ignore={_listed((*case.config.data.ignore, *names))}",)


def as_categories(case: Case, names: Iterable[str]) -> tuple[str, ...]:
    """The change that takes the numbers of these columns, too, for names."""
    return (f"data.categorical={_listed((*case.config.data.categorical, *names))}",)


def _listed(names: Iterable[str]) -> str:
    """As YAML, whatever the names are."""
    return f"[{', '.join(json.dumps(name, ensure_ascii=False) for name in names)}]"


def with_changes(remedies: Iterable[Remedy]) -> tuple[Remedy, ...]:
    """Those that change something of the config."""
    return tuple(remedy for remedy in remedies if remedy.changes)
