"""formula loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mlpcli.config.setting import setting
from mlpcli.errors import SettingError
from mlpcli.graph.node import Node, placeholder
from mlpcli.nn.formula import read_formula
from mlpcli.nn.formula_text import shown
from mlpcli.nn.loss import Loss


@dataclass(frozen=True)
class FormulaLoss(Loss):
    """A formula of prediction and target, of every output; nothing is clipped.

    Behind a sigmoid or softmax, nn/stable.py puts the logit form of a logarithm in its place.
    """

    formula: str = setting()

    @property
    def shown(self) -> str:
        return shown(self.formula)

    def per_output(self, prediction: Node, target: Node) -> Node:
        """Return the formula of every entry. Raises SettingError where it is wrong."""
        return read_formula(self.formula, {"prediction": prediction}, {"target": target})

    def conflicts(self) -> Iterator[tuple[str, str, str]]:
        """Yield what is wrong with the formula: (key, fault, remedy)."""
        try:
            self.per_output(placeholder("prediction", (None, 1)), placeholder("target", (None, 1)))
        except SettingError as error:
            yield from ((fault.key, fault.what, fault.remedy) for fault in error.faults)
