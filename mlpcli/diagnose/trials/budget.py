"""What the trials of a diagnosis may cost.

Costs are counted, not timed: the same config gets the same findings on every machine, however busy it is. The
counts are in seconds of one core of the machine that they were fitted on.
"""

from __future__ import annotations

import math
from dataclasses import replace

from mlpcli.execute import EXECUTORS
from mlpcli.graph.fingerprint import fingerprint
from mlpcli.problem.problem import Problem

LEAST_SECONDS = 3.0
"""Seconds that a diagnosis may take, however short the training is."""
BEFORE_TRIALS = 1.0
"""Seconds of a diagnosis beside its trials: the process, the rows, and the checks of the gradient."""
CHECKS = 0.1
"""Share of all seconds for comparing single entries of the gradient with differences."""
MULTIPLICATIONS = 4e10
"""Multiplications a second, in machine code."""
NATIVE_STEP = 20_000
"""Multiplications that a step's other work counts for, in machine code."""
NUMPY_LAYER = 1e-4
"""Seconds of a step for each layer where its work is calls of NumPy; ours, for 2 to 9 layers."""
COMPILING, COMPILING_LAYER = 0.2, 0.05
"""Seconds of LLVM for a step, and for each of its layers. Ours: 0.3 for 2 layers; by benchmarks/depth.py
1.0 for 17 and 1.8 for 35, each with a last batch of another size."""


class OutOfBudget(Exception):
    """The error of a trial that costs more than is left; nothing was trained."""


class Budget:
    """The seconds that are left for trials, and what was not done for lack of them.

    seconds: what is left. checks: for entries of the gradient. skipped: rules that were not asked. untried:
    how many remedies, or sets of them, were not tried.
    """

    def __init__(self, seconds: float = math.inf) -> None:
        self.seconds = seconds
        self.checks = CHECKS * seconds
        self.skipped: list[str] = []
        self.untried = 0
        self._compiled: set[str] = set()

    @classmethod
    def of(cls, problem: Problem) -> Budget:
        """Return a budget of the time that the config's own training takes, and at least LEAST_SECONDS."""
        training = compiling_seconds(problem) + training_seconds(problem)
        return cls(max(LEAST_SECONDS - BEFORE_TRIALS, training))

    @property
    def limited(self) -> bool:
        """Whether the seconds come to an end."""
        return math.isfinite(self.seconds)

    def spend(self, seconds: float) -> None:
        """Take seconds for what is done in any case."""
        self.seconds -= seconds

    def reserve(self, seconds: float, more: float = 0.0) -> None:
        """Take seconds for a trial. more: what has to follow and is not taken yet. Raises OutOfBudget."""
        if seconds + more > self.seconds:
            raise OutOfBudget
        self.spend(seconds)

    def compiling(self, problem: Problem) -> float:
        """Return the seconds until the steps of a problem can run; a graph is compiled once."""
        if not self.limited or not problem.executor.epoch_runner:
            return 0.0
        return 0.0 if _graph(problem) in self._compiled else compiling_seconds(problem)

    def compiled(self, problem: Problem) -> None:
        """Take note that the steps of a problem are compiled."""
        if self.limited and problem.executor.epoch_runner:
            self._compiled.add(_graph(problem))

    def cheapest(self, problem: Problem) -> Problem:
        """Return the problem with the cheaper executor: short trials are not worth compiling."""
        if not self.limited or not problem.executor.epoch_runner:
            return problem
        slow = replace(problem, executor=EXECUTORS["numpy"]())
        compiling = self.compiling(problem)
        return slow if training_seconds(slow) < compiling + training_seconds(problem) else problem


def step_seconds(problem: Problem) -> float:
    """Return the seconds of one step."""
    work = 3.0 * problem.network.size * problem.batch_rows / MULTIPLICATIONS
    if problem.executor.epoch_runner:
        return work + NATIVE_STEP / MULTIPLICATIONS
    return work + NUMPY_LAYER * len(problem.network.layers)


def compiling_seconds(problem: Problem) -> float:
    """Return the seconds until the steps can run, where nothing of them is in a cache."""
    return COMPILING + COMPILING_LAYER * len(problem.network.layers) if problem.executor.epoch_runner else 0.0


def training_seconds(problem: Problem) -> float:
    """Return the seconds of the config's own training, once its steps are compiled."""
    return problem.config.training.epochs * -(-problem.count // problem.batch_rows) * step_seconds(problem)


def _graph(problem: Problem) -> str:
    """Return a text that differs where problems need different machine code."""
    return f"{fingerprint([problem.network.cost])} {problem.optimizer!r} {problem.batch_rows} {problem.count}"
