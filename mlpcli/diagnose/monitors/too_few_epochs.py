"""The epochs are over while the loss still falls fast."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.monitor import Look, Monitor
from mlpcli.diagnose.trials.baseline import share_left
from mlpcli.problem.problem import Problem
from mlpcli.runs.finding import Finding, Remedy

FAST = 0.1
"""Share of the loss by which it falls in the last quarter of the epochs: in as many again, by a third. Ours:
wine quality and Titanic, which leave half of the baseline's loss, fall by less than 2 %."""
HALF_WAY = 0.5
"""Share of the baseline's loss that is much to be left, as the rule has it."""


class TooFewEpochs(Monitor):
    """Said after the last epoch, and only where most of what could be learned is left."""

    def look(self, look: Look) -> Finding | None:
        """A finding where all epochs are done, the loss falls to the last, and much of it is left."""
        problem, loss = look.problem, look.now.loss
        above = look.ends_above_baseline
        if not (look.falls_to_the_end if above else look.all_done and look.last_fall >= FAST):
            return None
        baseline = look.probe.baseline
        size = f"above what the best constant has, {baseline:.4g}"
        if not above:
            own, constant = look.probe.loss()
            least = look.probe.least_loss
            if baseline <= 0 or constant <= 0 or share_left(loss, baseline, least) < HALF_WAY:
                return None
            if share_left(own, constant, least) < HALF_WAY:
                return None
            size = f"{loss / baseline:.0%} of what the best constant has"
        remedies = tuple(_remedies(problem))
        change = " or ".join(f"{remedy.why} ({remedy.changes[0]})" for remedy in remedies)
        return Finding(
            "too_few_epochs",
            "problem" if above else "warning",
            f"The running loss ends at {loss:.4g}, {size}, and still falls: try {change}.",
            "",
            "training.epochs",
            look.last_fall,
            FAST,
            remedies,
            measure="share of itself by which the running loss fell in the last quarter of the epochs",
        )


def _remedies(problem: Problem) -> Iterator[Remedy]:
    yield Remedy("more epochs", (f"training.epochs={10 * problem.config.training.epochs}",))
    usual, rate = type(problem.optimizer)().rate, problem.optimizer.rate
    if hasattr(problem.optimizer, "learning_rate") and rate <= usual:
        yield Remedy("longer steps", (f"optimiser.learning_rate={10 * rate:g}",))
