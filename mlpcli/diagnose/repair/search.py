"""`gradcheck --repair`: the remedies of what was found, tried by training, until the network learns."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mlpcli.config.load import ConfigFile
from mlpcli.data.plain import finite
from mlpcli.diagnose.repair.candidates import Attempt, Result, Workshop
from mlpcli.diagnose.repair.proposal import ChangedLine, changed_lines, changed_text
from mlpcli.diagnose.report import config_of
from mlpcli.diagnose.trials.evidence import BEATS
from mlpcli.runs.atomic import cannot_write, replacing
from mlpcli.runs.finding import Finding, Remedy

MOST_ROUNDS = 5
"""Faults that are looked for one after another."""
WAYS = 2
"""Remedies that are not enough by themselves, from which a second fault is looked for."""


@dataclass(frozen=True)
class Repair:
    """What was done.

    before, after: the config as it is, and with `changes`; after is None where nothing helped. needless: it
    learned before. dropped: changes that turned out not to be needed. remaining: rules of problems that are
    still found. written: the new config, "" where none was; new: whether it was not there before. lines: what
    differs in it.
    """

    rows: int
    held_back: bool
    before: Result
    after: Result | None
    needless: bool
    changes: tuple[str, ...]
    dropped: tuple[str, ...]
    remaining: tuple[str, ...]
    tried: tuple[Attempt, ...]
    written: str
    new: bool
    lines: tuple[ChangedLine, ...]
    interrupted: bool

    @property
    def done(self) -> bool:
        """Whether the config learns, and no problem is found any more."""
        return (self.needless or bool(self.written)) and not self.remaining

    def as_json(self) -> dict[str, Any]:
        """Plain data, every number that is printed."""
        plain: dict[str, Any] = finite({**asdict(self), "done": self.done})
        return plain


def repair(
    path: str | Path,
    overrides: Sequence[str] = (),
    report: Callable[[Attempt], None] = lambda attempt: None,
    interrupted: Callable[[], bool] = lambda: False,
) -> Repair:
    """Try the remedies of what is found about a config (of a run: its config), and write one that learns.

    report: called after every candidate. interrupted: asked between trainings; when it says yes, what was
    reached is kept. Raises ConfigError, DataError, ModelFileError, OutputError.
    """
    config = config_of(Path(path))
    if config.exists() and not os.access(config.parent, os.W_OK):  # known before everything is trained
        raise cannot_write(_repaired(config, 1), PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    workshop = Workshop(config, tuple(overrides), report, interrupted)
    changes, after = _search(workshop)
    needed = changes
    if after is not None:
        needed, after = _needed(workshop, changes, after)
    remaining = () if after is None else tuple(sorted({rule for rule, _ in workshop.problems(needed)}))
    written: Path | str = ""
    new, lines = False, tuple[ChangedLine, ...]()
    if after is not None and needed:
        written, new, lines = _write(workshop.file, needed)
    return Repair(
        workshop.rows,
        workshop.held_back,
        workshop.before,
        after if needed else None,
        after is not None and not needed and not remaining,
        needed if after is not None else (),
        tuple(each for each in changes if each not in needed),
        remaining,
        tuple(workshop.tried),
        str(written),
        new,
        lines,
        interrupted(),
    )


def _search(workshop: Workshop) -> tuple[tuple[str, ...], Result | None]:
    """Changes with which the network learns, and their result; None where none were found."""
    found = _learning(workshop, (), MOST_ROUNDS)
    if found is None:
        return (), None
    for _ in range(MOST_ROUNDS):
        better = _better(workshop, found)
        if better is None:
            break
        found = better
    return found, workshop.result(found)


def _learning(workshop: Workshop, changes: tuple[str, ...], rounds: int) -> tuple[str, ...] | None:
    """The first remedy with which it learns. Where none is enough, there is a second fault: it is looked for
    with the remedies that ended what they are against, or helped; with the one that helped most first."""
    result = workshop.result(changes)
    if result.good:
        return changes
    if rounds == 0 or workshop.spent:
        return None
    before = workshop.found(changes)
    half: list[tuple[str, ...]] = []
    for finding, remedy in _remedies(workshop.findings(changes)):
        if workshop.spent:
            break
        candidate = _without_doubles((*changes, *remedy.changes))
        got = workshop.result(candidate)
        if got.good:
            return candidate
        gone = not got.error and (finding.rule, finding.where) in before - workshop.found(candidate)
        if gone or got.gain > result.gain + BEATS:
            half.append(candidate)
    half.sort(key=lambda candidate: -workshop.result(candidate).gain)
    for candidate in half[:WAYS]:
        found = _learning(workshop, candidate, rounds - 1)
        if found is not None:
            return found
    return None


def _better(workshop: Workshop, changes: tuple[str, ...]) -> tuple[str, ...] | None:
    """Of a network that learns: the first remedy that ends a problem, or makes it clearly better."""
    result, before = workshop.result(changes), workshop.found(changes)
    for finding, remedy in _remedies(workshop.findings(changes)):
        if workshop.spent:
            break
        candidate = _without_doubles((*changes, *remedy.changes))
        got = workshop.result(candidate)
        if not got.good:
            continue
        if got.as_good_as(result) and got.gain > result.gain + BEATS:
            return candidate
        grave = finding.severity == "problem"
        if grave and (finding.rule, finding.where) in before - workshop.found(candidate):
            return candidate
    return None


def _remedies(findings: Sequence[Finding]) -> Iterator[tuple[Finding, Remedy]]:
    """Those that are changes: of problems, then of their consequences, then of warnings."""
    problems = [each for each in findings if each.severity == "problem"]
    warnings = [each for each in findings if each.severity == "warning"]
    consequences = [other for each in problems for other in each.consequences]
    seen: set[tuple[str, ...]] = set()
    for finding in (*problems, *consequences, *warnings):
        for remedy in finding.remedies:
            if remedy.changes and remedy.changes not in seen:
                seen.add(remedy.changes)
                yield finding, remedy


def _without_doubles(changes: Sequence[str]) -> tuple[str, ...]:
    """The last change of each key, in order."""
    last = {change.partition("=")[0]: at for at, change in enumerate(changes)}
    return tuple(changes[at] for at in sorted(last.values()))


def _needed(workshop: Workshop, changes: tuple[str, ...], result: Result) -> tuple[tuple[str, ...], Result]:
    """Without those changes that it learns as well without, and without which nothing more is found.

    The same change of several layers is one: what is needed in half of them is luck.
    """
    remaining = workshop.found(changes)
    for group in dict.fromkeys(map(_kind, changes)):
        rest = tuple(each for each in changes if _kind(each) != group)
        if workshop.interrupted():
            break
        shorter = workshop.result(rest)
        if shorter.good and shorter.as_good_as(result) and workshop.found(rest) <= remaining:
            changes, result = rest, shorter
    return changes, result


def _kind(change: str) -> str:
    """`initialisation=zeros` of a change of that in any layer; other changes whole."""
    key, _, value = change.partition("=")
    return f"{key.rpartition('.')[2]}={value}" if key.startswith("network.") else change


def _repaired(config: Path, number: int) -> Path:
    suffix = f"-{number}" if number > 1 else ""
    return config.with_name(f"{config.stem.removesuffix('.repaired')}.repaired{suffix}.yaml")


def _write(file: ConfigFile, changes: tuple[str, ...]) -> tuple[Path, bool, tuple[ChangedLine, ...]]:
    """NAME.repaired.yaml beside the config, or the next free number; and what differs."""
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
