"""A run that is over, read back from its last checkpoint."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mlpcli.runs.checkpoint import Checkpoint
from mlpcli.runs.folder import RunFolder
from mlpcli.training.best_weights import BestWeights, with_row
from mlpcli.training.events import ReportedFinding, Run
from mlpcli.training.observer import NON_FINITE_RULES
from mlpcli.training.state import records
from mlpcli.training.stop_reasons import NON_FINITE


@dataclass(frozen=True)
class Finished:
    """A run that is over. cause, rule: of the finding that explains why it failed; "" where it did not.

    at_once: whether it failed before the first step.
    """

    run: Run
    cause: str
    rule: str
    at_once: bool


def finished_run(folder: RunFolder, checkpoint: Checkpoint) -> Finished:
    """Return the run that a checkpoint is the last one of. Raises LookupError or ValueError if damaged."""
    values = checkpoint.values
    best = BestWeights({}, follows_best=False)
    best.restore(values["kept"])
    history = records(values["history"], checkpoint.groups["history"])
    # An epoch that was interrupted or failed is not among those that are done, yet it counts as run.
    run_in_part = values["part"] is not None or values["stopped"] in NON_FINITE
    findings = tuple(map(ReportedFinding.from_json, values["findings"]))
    run = Run(
        path=folder.path,
        stopped=values["stopped"],
        epochs=values["epoch"] + run_in_part,
        cost=math.nan if best.cost is None else best.cost,
        loss=best.loss,
        kept_epoch=best.epoch,
        seconds=values["seconds"],
        history=tuple(with_row(history, best.row)),
        scores=best.scores,
        test=None,
        findings=findings,
    )
    failed = [each for each in findings if each.finding.rule in NON_FINITE_RULES]
    if not failed:
        return Finished(run, "", "", at_once=False)
    last = failed[-1]
    return Finished(run, last.finding.cause, last.finding.rule, (last.epoch, last.batch) == (1, 1))
