"""formula activation."""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlpcli.config.setting import setting
from mlpcli.errors import SettingError
from mlpcli.graph.node import Node, parameter, placeholder
from mlpcli.nn.activation import Activation
from mlpcli.nn.formula import is_word, read_formula
from mlpcli.nn.formula_text import shown

MOST_PARAMETERS = 16
TAKEN = ("x", "self", "weights", "biases", "scale", "shift", "running_mean", "running_variance")
"""Arrays that a layer may have already, and the argument itself."""


@dataclass(frozen=True)
class FormulaActivation(Activation):
    """A formula of x, such as x * sigmoid(x); what its derivative takes at a kink is said by the ops.

    Each number under `parameters` is where a trained array of that name begins, one number per unit, or one
    shared by the layer; never penalised.
    """

    formula: str = setting()
    parameters: Mapping[str, float] = setting(factory=dict)
    shared: bool = setting(False)

    def __hash__(self) -> int:
        return hash((self.formula, self.shared))

    @property
    def shown(self) -> str:
        return shown(self.formula)

    def trained(self, units: int) -> Mapping[str, tuple[tuple[int, ...], float]]:
        """Return the parameters of the formula. Raises SettingError for names and numbers that cannot be."""
        _check_parameters(self.parameters)
        return {name: ((1 if self.shared else units,), start) for name, start in self.parameters.items()}

    def apply(self, x: Node, **trained: Node) -> Node:
        """Return the formula of x. Raises SettingError where it is wrong."""
        return read_formula(self.formula, {"x": x, **trained})

    def conflicts(self) -> Iterator[tuple[str, str, str]]:
        """Yield what is wrong with formula or parameters: (key, fault, remedy)."""
        try:
            arrays = {name: parameter(name, shape) for name, (shape, _) in self.trained(1).items()}
            self.apply(placeholder("x", (None, 1)), **arrays)
        except SettingError as error:
            yield from ((fault.key, fault.what, fault.remedy) for fault in error.faults)


def _check_parameters(parameters: object) -> None:
    if not isinstance(parameters, Mapping):
        raise SettingError("parameters", "These are not names with numbers.", "Write {leak: 0.25}.")
    if len(parameters) > MOST_PARAMETERS:
        what = f"There are {len(parameters)} parameters; {MOST_PARAMETERS} are allowed."
        raise SettingError("parameters", what, "Write constants into the formula.")
    for name, start in parameters.items():
        key = f"parameters.{name}"
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,40}", name):
            what = "The name of a parameter has letters, digits and _ alone, 41 at most."
            raise SettingError("parameters", what, "Choose another.")
        if name in TAKEN or is_word(name) or keyword.iskeyword(name):
            raise SettingError(key, f"{name} means something else already.", "Choose another name.")
        if not isinstance(start, (int, float)) or isinstance(start, bool) or not math.isfinite(start):
            raise SettingError(key, "The start of a parameter is a number.", "Write it as one.")
