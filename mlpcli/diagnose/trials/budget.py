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
"""A diagnosis may take that long, however short the training is."""
BEFORE_TRIALS = 1.0
"""Seconds of a diagnosis beside its trials: the process, the rows, and the checks of the gradient."""
CHECKS = 0.1
"""Share of all seconds for comparing single entries of the gradient with differences."""
MULTIPLICATIONS = 4e10
"""A second, in machine code."""
NATIVE_STEP = 20_000
"""Multiplications that a step's other work counts for, in machine code."""
NUMPY_LAYER = 1e-4
"""Seconds of a step for each layer where its work is calls of NumPy; ours, for 2 to 9 layers."""
LONGEST_NATIVE = 0.5
"""Seconds of a trial at most in machine code: Trainer's bound, counted."""
COMPILING, COMPILING_LAYER = 0.2, 0.05
"""Seconds of LLVM for a step, and for each of its layers. Ours: 0.3 for 2 layers; by benchmarks/depth.py
1.0 for 17 and 1.8 for 35, each with a last batch of another size."""


class OutOfBudget(Exception):
    """A trial was asked for that costs more than is left; nothing was trained."""


class Budget:
    """Seconds that are left, and what was not done for lack of them.

    checks: seconds for entries of the gradient. skipped: rules that were not asked. untried: remedies
    that were not tried, or sets of them.
    """

    def __init__(self, seconds: float = math.inf) -> None:
        self.seconds = seconds
        self.checks = CHECKS * seconds
        self.skipped: list[str] = []
        self.untried = 0
        self._compiled: set[str] = set()

    @classmethod
    def of(cls, problem: Problem) -> Budget:
        """A budget for what takes no longer than the config's own training, or LEAST_SECONDS."""
        training = compiling_seconds(problem) + training_seconds(problem)
        return cls(max(LEAST_SECONDS - BEFORE_TRIALS, training))

    @property
    def limited(self) -> bool:
        """Whether there is an end to it."""
        return math.isfinite(self.seconds)

    def spend(self, seconds: float) -> None:
        """Take seconds for what is done in any case."""
        self.seconds -= seconds

    def reserve(self, seconds: float, more: float = 0.0) -> None:
        """Take seconds for a trial; more: of what has to follow. Raises OutOfBudget where they are gone."""
        if seconds + more > self.seconds:
            raise OutOfBudget
        self.spend(seconds)

    def compiling(self, problem: Problem) -> float:
        """Seconds until the steps of a problem can run; the same graph is compiled once."""
        if not self.limited or not problem.executor.epoch_runner:
            return 0.0
        return 0.0 if _graph(problem) in self._compiled else compiling_seconds(problem)

    def compiled(self, problem: Problem) -> None:
        """Take note that the steps of a problem are compiled."""
        if self.limited and problem.executor.epoch_runner:
            self._compiled.add(_graph(problem))

    def cheapest(self, problem: Problem) -> Problem:
        """The problem with the executor on which its trial costs less: short ones are not worth compiling."""
        if not self.limited or not problem.executor.epoch_runner:
            return problem
        slow = replace(problem, executor=EXECUTORS["numpy"]())
        compiling = self.compiling(problem)
        return slow if training_seconds(slow) < compiling + training_seconds(problem) else problem


def step_seconds(problem: Problem) -> float:
    """Seconds of one step."""
    work = 3.0 * problem.network.size * problem.batch_rows / MULTIPLICATIONS
    if problem.executor.epoch_runner:
        return work + NATIVE_STEP / MULTIPLICATIONS
    return work + NUMPY_LAYER * len(problem.network.layers)


def compiling_seconds(problem: Problem) -> float:
    """Seconds until the steps can run, where nothing of them is in a cache."""
    return COMPILING + COMPILING_LAYER * len(problem.network.layers) if problem.executor.epoch_runner else 0.0


def training_seconds(problem: Problem) -> float:
    """Seconds of the config's own training, once its steps are compiled."""
    return problem.config.training.epochs * -(-problem.count // problem.batch_rows) * step_seconds(problem)


def trial_seconds(problem: Problem) -> float:
    """Seconds of one trial, once its steps are compiled; in machine code a long one is cut short."""
    seconds = training_seconds(problem)
    return min(seconds, LONGEST_NATIVE) if problem.executor.epoch_runner else seconds


def _graph(problem: Problem) -> str:
    """What the machine code of a problem is made for."""
    return f"{fingerprint([problem.network.cost])} {problem.optimizer!r} {problem.batch_rows} {problem.count}"
