"""Rprop: the signs of gradients alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlpcli.config.setting import setting
from mlpcli.graph.node import Node, constant
from mlpcli.ops.elementwise import clip, greater, sign, where
from mlpcli.optim.optimizer import AUTO, StepOptimizer


@dataclass(frozen=True, kw_only=True)
class Rprop(StepOptimizer):
    """w ← w − α·d·sign(g). d, one for each entry, begins at 1; it is multiplied by `increase` where the
    gradient has its last sign, by `decrease` where the sign is the other one, and there w stays once.

    d stays within [smallest, largest]. That is iRprop−: Igel, Hüsken 2000, Improving the Rprop learning
    algorithm, section 2.3. Gradients of different batches differ in sign by chance: it wants all rows.
    """

    learning_rate: float | str = setting(0.01, one_of=(AUTO,))
    increase: float = setting(1.2, above=1.0)
    decrease: float = setting(0.5, above=0.0, below=1.0)
    smallest: float = setting(1e-4, above=0.0)
    largest: float = setting(5000.0, above=0.0)

    def conflicts(self) -> Iterator[tuple[str, str, str]]:
        if not self.smallest <= 1.0 <= self.largest:
            what = f"Step sizes begin at 1, which is not between {self.smallest:g} and {self.largest:g}."
            yield (
                "smallest" if self.smallest > 1.0 else "largest",
                what,
                "They are multiples of learning_rate.",
            )

    def hint(self, in_batches: bool) -> str:
        what = "rprop compares the signs of one gradient and the next; other rows change them by chance"
        return f"{what}: training.batch_size: full suits it better." if in_batches else ""

    def slots(self) -> Mapping[str, float]:
        return {"sizes": 1.0, "signs": 0.0}

    def update(
        self, parameter: Node, gradient: Node, rate: Node, step: Node, slots: Mapping[str, Node]
    ) -> tuple[Node, Mapping[str, Node]]:
        signs = sign(gradient)
        same = signs * slots["signs"]
        down, one = (constant(number, parameter.dtype) for number in (self.decrease, 1.0))
        factor = where(greater(same, 0.0), self.increase, where(greater(0.0, same), down, one))
        sizes = clip(slots["sizes"] * factor, low=self.smallest, high=self.largest)
        signs = where(greater(0.0, same), 0.0, signs)
        return parameter - signs * sizes * rate, {"sizes": sizes, "signs": signs}
