"""`gradcheck --repair`: the remedies of what was found, tried by training, until the network learns."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mlpcli.config.load import ConfigFile
from mlpcli.diagnose.repair.candidates import Candidate, CandidateResult, CandidateRunner
from mlpcli.diagnose.repair.proposal import ChangedLine, changed_lines, changed_text
from mlpcli.diagnose.report import config_of
from mlpcli.diagnose.trials.evidence import Evidence, evidence_of
from mlpcli.diagnose.trials.trial import BEATS
from mlpcli.diagnose.trials.trials import last_of_each
from mlpcli.runs.atomic import cannot_write, replacing
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.runs.json_file import finite

MOST_ROUNDS = 5
"""Faults that are looked for one after another."""
WAYS = 2
"""Remedies that are not enough by themselves, from which a second fault is looked for."""


@dataclass(frozen=True, kw_only=True)
class Repair:
    """The record of a repair.

    before, after: the config as it is, and with `changes`; after is None where nothing helped. needless: it
    learned before. dropped: changes that turned out not to be needed. remaining: rules of problems that are
    still found. written: the new config, "" where none was; new: whether it was not there before. lines: what
    differs in it.
    """

    rows: int
    held_back: bool
    before: CandidateResult
    after: CandidateResult | None
    needless: bool
    changes: tuple[str, ...]
    dropped: tuple[str, ...]
    remaining: tuple[str, ...]
    tried: tuple[Candidate, ...]
    written: str
    new: bool
    lines: tuple[ChangedLine, ...]
    interrupted: bool

    @property
    def done(self) -> bool:
        """Whether the config learns, and no problem is found any more."""
        return (self.needless or bool(self.written)) and not self.remaining

    def as_json(self) -> dict[str, Any]:
        """Return plain data with every number that is printed."""
        plain: dict[str, Any] = finite({**asdict(self), "done": self.done})
        return plain


def repair(
    path: str | Path,
    overrides: Sequence[str] = (),
    report: Callable[[Candidate], None] = lambda candidate: None,
    interrupted: Callable[[], bool] = lambda: False,
    evidence: Evidence | None = None,
) -> Repair:
    """Try the remedies of what is found about a config (of a run: its config), and write one that learns.

    report: called after every candidate. interrupted: asked between trainings; when it says yes, what was
    reached is kept. evidence: of the same config, from a diagnosis of it: what was tried there is not trained
    again; None: there is none. Raises ConfigError, DataError, ModelFileError, OutputError.
    """
    config = config_of(Path(path))
    if config.exists() and not os.access(config.parent, os.W_OK):  # known before everything is trained
        raise cannot_write(_repaired(config, 1), PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    if evidence is None or evidence.trained is not None:  # trained weights are not what a repair begins with
        known = evidence_of(config, overrides)
    else:
        known = Evidence(evidence.problem, tried=evidence.tried)
    runner = CandidateRunner(known, report, interrupted)
    changes, after = _search(runner)
    needed = changes
    if after is not None:
        needed, after = _needed(runner, changes, after)
    remaining = () if after is None else tuple(sorted({rule for rule, _ in runner.problems(needed)}))
    written: Path | str = ""
    new, lines = False, tuple[ChangedLine, ...]()
    if after is not None and needed:
        written, new, lines = _write(runner.file, needed)
    return Repair(
        rows=runner.rows,
        held_back=runner.held_back,
        before=runner.before,
        after=after if needed else None,
        needless=after is not None and not needed and not remaining,
        changes=needed if after is not None else (),
        dropped=tuple(each for each in changes if each not in needed),
        remaining=remaining,
        tried=tuple(runner.tried),
        written=str(written),
        new=new,
        lines=lines,
        interrupted=interrupted(),
    )


def _search(runner: CandidateRunner) -> tuple[tuple[str, ...], CandidateResult | None]:
    """Return changes with which the network learns, and their result; None where none were found."""
    found = _learning(runner, (), MOST_ROUNDS)
    if found is None:
        return (), None
    for _ in range(MOST_ROUNDS):
        better = _better(runner, found)
        if better is None:
            break
        found = better
    return found, runner.result(found)


def _learning(runner: CandidateRunner, changes: tuple[str, ...], rounds: int) -> tuple[str, ...] | None:
    """Return changes with which the network learns; None where none were found.

    rounds: faults that may still be looked for. Where no remedy is enough there is a second fault: it is
    looked for with the remedies that ended what they are against, or helped, the most helpful one first.
    """
    result = runner.result(changes)
    if result.good:
        return changes
    if rounds == 0 or runner.spent:
        return None
    before = runner.found(changes)
    half: list[tuple[str, ...]] = []
    for finding, remedy in _remedies(runner.findings(changes)):
        if runner.spent:
            break
        candidate = last_of_each((*changes, *remedy.changes))
        got = runner.result(candidate)
        if got.good:
            return candidate
        gone = not got.error and (finding.rule, finding.where) in before - runner.found(candidate)
        if gone or got.gain > result.gain + BEATS:
            half.append(candidate)
    half.sort(key=lambda candidate: -runner.result(candidate).gain)
    for candidate in half[:WAYS]:
        found = _learning(runner, candidate, rounds - 1)
        if found is not None:
            return found
    return None


def _better(runner: CandidateRunner, changes: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return changes with which a config that learns does better, or has a problem less; None for none."""
    result, before = runner.result(changes), runner.found(changes)
    for finding, remedy in _remedies(runner.findings(changes)):
        if runner.spent:
            break
        candidate = last_of_each((*changes, *remedy.changes))
        got = runner.result(candidate)
        if not got.good:
            continue
        if got.as_good_as(result) and got.gain > result.gain + BEATS:
            return candidate
        is_problem = finding.severity == "problem"
        if is_problem and (finding.rule, finding.where) in before - runner.found(candidate):
            return candidate
    return None


def _remedies(findings: Sequence[Finding]) -> Iterator[tuple[Finding, Remedy]]:
    """Yield remedies that change the config: of problems, of their consequences, then of warnings."""
    problems = [each for each in findings if each.severity == "problem"]
    warnings = [each for each in findings if each.severity == "warning"]
    consequences = [other for each in problems for other in each.consequences]
    seen: set[tuple[str, ...]] = set()
    for finding in (*problems, *consequences, *warnings):
        for remedy in finding.remedies:
            if remedy.changes and remedy.changes not in seen:
                seen.add(remedy.changes)
                yield finding, remedy


def _needed(
    runner: CandidateRunner, changes: tuple[str, ...], result: CandidateResult
) -> tuple[tuple[str, ...], CandidateResult]:
    """Drop the changes without which it learns as well, and nothing more is found; return the rest.

    A change of several layers is one: what is needed in half of them is luck.
    """
    remaining = runner.found(changes)
    for group in dict.fromkeys(map(_kind, changes)):
        rest = tuple(each for each in changes if _kind(each) != group)
        if runner.interrupted():
            break
        shorter = runner.result(rest)
        if shorter.good and shorter.as_good_as(result) and runner.found(rest) <= remaining:
            changes, result = rest, shorter
    return changes, result


def _kind(change: str) -> str:
    """Return the change without its layer, so that one of several layers is one; other changes whole."""
    key, _, value = change.partition("=")
    return f"{key.rpartition('.')[2]}={value}" if key.startswith("network.") else change


def _repaired(config: Path, number: int) -> Path:
    suffix = f"-{number}" if number > 1 else ""
    return config.with_name(f"{config.stem.removesuffix('.repaired')}.repaired{suffix}.yaml")


def _write(file: ConfigFile, changes: tuple[str, ...]) -> tuple[Path, bool, tuple[ChangedLine, ...]]:
    """Write NAME.repaired.yaml beside the config, or with the next free number.

    Returns its path, whether it is new, and the lines that differ. Raises OutputError.
    """
    text = changed_text(file, changes)
    # Against the file as it is: what --set gave stands in the new one, too.
    lines = changed_lines(file.path.read_text(encoding="utf-8"), text)
    number = 1
    while True:
        path = _repaired(file.path, number)
        if path.exists() and path.resolve() != file.path.resolve() and path.read_bytes() == text.encode():
            return path, False, lines
        if not path.exists():
            break
        number += 1
    with replacing(path) as out:
        out.write(text.encode())
    return path, True, lines
