"""What is said of the epoch that is kept: its running cost, and the scores of its weights.

Two words are used everywhere. The running cost (and loss) of an epoch is the mean over its rows, each batch
with the weights before its step, dropout on. The training, validation and test loss is that of all rows of
the part with the weights after an epoch, dropout off and without penalty.
"""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from mlpcli.cli.text.network_and_data import score_title

if TYPE_CHECKING:
    from mlpcli.training.events import Run

WIDTH, MARGIN = 80, " " * 6
RUNNING = {"cost": "running cost", "loss": "running loss"}


def column_title(key: str) -> str:
    """Return how a column of the history is headed: cost is shown as running cost."""
    return RUNNING.get(key) or score_title(key)


def describe_losses(run: Run) -> str:
    """Return the losses of the weights that are kept; "" where they are not known."""
    losses = {name: value for name, value in run.scores.items() if name.endswith("_loss")}
    return ", ".join(f"{score_title(name)} {_number(value)}" for name, value in losses.items())


def describe_kept(run: Run) -> list[str]:
    """Return the lines about the epoch that is kept: which, its running cost, the scores of its weights."""
    if not run.kept_epoch:
        lines = ["kept: the initial weights"]
    else:
        lines = [f"kept: the weights of epoch {run.kept_epoch}"]
        running = {"cost": run.cost} | ({} if run.loss in (None, run.cost) else {"loss": run.loss})
        if run.cost == run.cost:
            said = ", ".join(f"{column_title(name)} {_number(value)}" for name, value in running.items())
            lines += _indented(f"{said} (mean over the epoch, each batch before its step)")
    if run.scores:
        said = ", ".join(f"{score_title(name)} {_number(value)}" for name, value in run.scores.items())
        lines += _indented(f"{said} (all rows, these weights)")
    return lines


def _indented(text: str) -> list[str]:
    return wrap(text, WIDTH, initial_indent=MARGIN, subsequent_indent=MARGIN)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.6g}"
