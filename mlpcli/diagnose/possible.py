"""Remedies that the problem's optimiser can be given: a line search has no learning rate to lower."""

from __future__ import annotations

from dataclasses import fields, replace

from mlpcli.problem.problem import Problem
from mlpcli.runs.finding import Finding


def possible(finding: Finding, problem: Problem) -> Finding:
    """Without remedies that set a key which the optimiser has not, or batches where it takes all rows."""
    optimizer = problem.optimizer
    known = {f"optimiser.{each.name}" for each in fields(optimizer)} | {"optimiser.name"}

    def fits(change: str) -> bool:
        key = change.partition("=")[0]
        batches = key == "training.batch_size" and getattr(optimizer, "full_batch", False)
        return not batches and (key in known or not key.startswith("optimiser."))

    kept = tuple(remedy for remedy in finding.remedies if all(map(fits, remedy.changes)))
    return finding if len(kept) == len(finding.remedies) else replace(finding, remedies=kept)
