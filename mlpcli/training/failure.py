"""The message of a training that failed, since its cost or weights are not finite."""

from __future__ import annotations

from mlpcli.errors import Fault
from mlpcli.training.events import Run
from mlpcli.training.observer import FORMULA_RULE

AT_ONCE_REMEDY = "No step was taken yet, so it is not the learning rate: mlp gradcheck says what it is."
LOST_REMEDY = "Lower optimiser.learning_rate (try a tenth), or scale inputs and targets."
FORMULA_REMEDY = "No learning rate helps: write a formula that is finite there, and has a finite slope."


def failure(run: Run, cause: str, rule: str, at_once: bool = False) -> Fault:
    """Return the fault of a run whose cost or weights are not finite.

    cause, rule: of the finding that explains it. at_once: whether it was so before the first step.
    """
    weights = f"weights of epoch {run.kept_epoch}" if run.kept_epoch else "initial weights"
    remedy = AT_ONCE_REMEDY if at_once else LOST_REMEDY
    if rule == FORMULA_RULE:
        remedy = FORMULA_REMEDY
    return Fault(f"epoch {run.epochs}", cause, f"{remedy} The {weights} are in {run.path}.")
