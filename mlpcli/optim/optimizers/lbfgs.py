"""L-BFGS: all rows at once, and a line search for the length of each step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mlpcli.config.setting import setting
from mlpcli.optim.optimizer import Optimizer


@dataclass(frozen=True, kw_only=True)
class Lbfgs(Optimizer):
    """One epoch is one iteration: a direction out of the last `history` steps, and along it a step that meets
    the strong Wolfe conditions with these constants (sufficient_decrease, curvature), found in at most
    line_search_steps evaluations. It ends where no entry of the gradient is above `tolerance`.

    Source: Nocedal, Wright 2006, Numerical Optimization, algorithms 7.4, 7.5, 3.5 and 3.6. The search is
    ours and not SciPy's: SciPy keeps its memory to itself, and a run must be able to go on from any
    iteration to the same bits, so all of it lies in the state, as arrays. training/lbfgs.py runs it.
    """

    history: int = setting(10, at_least=1)
    sufficient_decrease: float = setting(1e-4, above=0.0, below=1.0)
    curvature: float = setting(0.9, above=0.0, below=1.0)
    line_search_steps: int = setting(25, at_least=1)
    tolerance: float = setting(1e-7, at_least=0.0)

    full_batch = True
    arrays_key = "optimiser.history"

    @property
    def arrays(self) -> int:
        return 2 * self.history

    def conflicts(self) -> Iterator[tuple[str, str, str]]:
        """Yield settings that contradict each other: (key, fault, remedy)."""
        if self.sufficient_decrease >= self.curvature:
            what = "No step meets both Wolfe conditions unless curvature is above sufficient_decrease."
            yield "curvature", what, "Usual are 1e-4 and 0.9."
