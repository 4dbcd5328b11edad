"""One finding of `mlp gradcheck` as plain text: its cause, the number that shows it, and what to do."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mlpcli.cli.text.table import LONGEST_LINE, paragraph
from mlpcli.wording import shortened, told_apart

if TYPE_CHECKING:
    from mlpcli.diagnose.repair.proposal import Diagnosed, Effect, Proposal
    from mlpcli.runs.finding import Finding

MARGIN = 10
"""Columns of the word before each line of a finding."""


def describe_finding(diagnosed: Diagnosed) -> str:
    """Return the lines of a finding: what was found, the number that shows it, and what to do."""
    finding = diagnosed.finding
    lines = [*_block(finding.severity, finding.cause)]
    if finding.value is not None and finding.measure:
        lines += _block("measure", measured(finding))
    if finding.where or diagnosed.line:
        lines += _block("where", "; ".join(filter(None, (finding.where, diagnosed.line))))
    for other in _below(finding):
        lines += _block("so", f"{other.rule}: {other.cause}")
    best = diagnosed.best
    if best:
        lines += _proposal(best)
    for proposal in diagnosed.proposals:
        if proposal is not best:
            word = "in vain" if proposal.in_vain else "or" if best else "advice"
            changes = f": {', '.join(_short(proposal.remedy.changes))}" if proposal.remedy.changes else ""
            lines += _block(word, proposal.remedy.why + changes + _described_trial(proposal.effect, "; "))
    lines += _block("rule", f"{finding.rule}, {diagnosed.page}")
    return "\n".join(lines)


def measured(finding: Finding) -> str:
    """Return the number that shows a finding, on which side of its threshold it is, and what it measures.

    finding: one that has a value.
    """
    value, threshold = finding.value, finding.threshold
    assert value is not None
    if threshold is None:
        return f"{value:.4g}: {finding.measure}"
    number, limit = told_apart(value, threshold)
    side = "above" if value > threshold else "below" if value < threshold else "at"
    return f"{number}, {side} the threshold {limit}: {finding.measure}"


def _below(finding: Finding) -> Iterator[Finding]:
    """Yield the consequences of a finding, and theirs."""
    for other in finding.consequences:
        yield other
        yield from _below(other)


def _proposal(proposal: Proposal) -> Iterator[str]:
    yield from _block("change", proposal.remedy.why)
    if proposal.lines:
        for line in proposal.lines:
            yield " " * MARGIN + f"{line.sign} {line.number:>4}  {shortened(line.text, LONGEST_LINE)}"
    else:
        yield from _block("", "--set " + " --set ".join(_short(proposal.remedy.changes)))
    tried = _described_trial(proposal.effect)
    if tried:
        yield from _block("effect", tried)


def _described_trial(effect: Effect | None, before: str = "") -> str:
    if effect is None:
        return ""
    if effect.error:
        return f"{before}tried: {effect.error}"
    if not math.isfinite(effect.loss):
        return f"{before}tried: the cost becomes infinite or NaN"
    verdict = "it learns" if effect.learns else "that alone is not enough"
    loss, baseline = told_apart(effect.loss, effect.baseline)
    numbers = f"the training loss ends at {loss}, the best constant has {baseline}"
    return f"{before}tried: {numbers}; {verdict}"


def _short(changes: Iterable[str]) -> Iterator[str]:
    return (shortened(change, LONGEST_LINE) for change in changes)


def _block(word: str, text: str) -> Iterator[str]:
    """Yield the text in lines, with the word in the margin before the first."""
    yield paragraph(text, MARGIN, word)
