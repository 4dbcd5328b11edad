"""`gradcheck --repair`: the remedies of what was found, tried by training, until the network learns."""

from __future__ import annotations

import errno
import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.config.load import ConfigFile
from mlpcli.data.dataset import Part
from mlpcli.diagnose.baseline import baseline_loss
from mlpcli.diagnose.case import Rows
from mlpcli.diagnose.evidence import BEATS, Evidence
from mlpcli.diagnose.finding import Finding, Remedy
from mlpcli.diagnose.verdict import diagnose
from mlpcli.errors import MlpError
from mlpcli.pipeline.diagnosis import evidence_of, make_case
from mlpcli.pipeline.gradcheck import config_of, finite
from mlpcli.pipeline.prepare import Prepared, prepare, read_config
from mlpcli.pipeline.proposal import ChangedLine, changed_lines, changed_text
from mlpcli.predict.scores import evaluate_outputs
from mlpcli.runs.atomic import cannot_write, replacing

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEEDS = 3
"""The config's seed and the next ones: one lucky start is no repair."""
MOST_ROUNDS = 5
"""Faults that are looked for one after another."""
WAYS = 2
"""Remedies that are not enough by themselves, from which a second fault is looked for."""
MOST_TRIED = 40
"""Trained candidates in all."""
HELD_BACK = 0.2
"""Share of the rows that is held back where the config has no validation part."""
LEAST_ROWS = 40
"""Training rows below which none is held back: there would be too few to say anything."""
SKILL = 0.5
"""Share of the most frequent class's errors that may be gone instead of the loss being below the baseline:
a network that is sure of itself may have most rows right, and a few so wrong that their loss weighs more."""


@dataclass(frozen=True)
class SeedResult:
    """One training. loss, baseline, score: on the held-back rows; score: accuracy or R², None where it is not
    finite. good: it learned the training rows, and is clearly better there than a constant."""

    seed: int
    loss: float
    baseline: float
    score: float | None
    good: bool

    @property
    def gain(self) -> float:
        """Share of the baseline that the loss is below it, -1 at worst."""
        gain = (self.baseline - self.loss) / max(abs(self.baseline), 1e-300)
        return max(gain, -1.0) if math.isfinite(gain) else -1.0


@dataclass(frozen=True)
class Result:
    """The training with every seed. error: why the config cannot be trained at all, else ""."""

    seeds: tuple[SeedResult, ...] = ()
    score_name: str = "accuracy"
    error: str = ""

    @property
    def good(self) -> bool:
        """Whether it learns with every seed."""
        return bool(self.seeds) and all(each.good for each in self.seeds)

    @property
    def gain(self) -> float:
        """The mean over the seeds; to compare what does not learn yet."""
        return float(np.mean([each.gain for each in self.seeds])) if self.seeds else -math.inf

    def as_good_as(self, other: Result) -> bool:
        """Whether no seed is worse by more than a small share of the baseline."""
        pairs = zip(self.seeds, other.seeds, strict=True)
        return all(mine.gain >= theirs.gain - BEATS for mine, theirs in pairs)


@dataclass(frozen=True)
class Attempt:
    """One candidate: all changes to the user's config, and what came of it."""

    changes: tuple[str, ...]
    result: Result


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
    workshop = _Workshop(config, tuple(overrides), report, interrupted)
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


@dataclass
class _Workshop:
    """One config, and what was tried on it; a candidate is trained once."""

    config: Path
    overrides: tuple[str, ...]
    report: Callable[[Attempt], None]
    interrupted: Callable[[], bool]
    tried: list[Attempt] = field(default_factory=list)
    _results: dict[tuple[str, ...], Result] = field(default_factory=dict)
    _findings: dict[tuple[str, ...], list[Finding]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        prepared = prepare(self.config, self.overrides, precision="float64")
        dataset = prepared.dataset
        self.file: ConfigFile = read_config(self.config, self.overrides)
        self.held_back = dataset.validation is not None or dataset.training.rows >= LEAST_ROWS
        split = self.held_back and dataset.validation is None
        self._split = (f"data.validation={HELD_BACK}",) if split else ()
        with_part = prepare(self.config, (*self.overrides, *self._split), "float64") if split else prepared
        self.rows = (with_part.dataset.validation or with_part.dataset.training).rows
        self.before = self._train(with_part)
        self._results[()] = self.before

    @property
    def spent(self) -> bool:
        """Whether to stop trying."""
        return self.interrupted() or len(self.tried) >= MOST_TRIED

    def result(self, changes: tuple[str, ...]) -> Result:
        """Of the config with these changes."""
        if changes not in self._results:
            try:
                prepared = prepare(self.config, (*self.overrides, *self._split, *changes), "float64")
                result = self._train(prepared)
            except MlpError as error:
                result = Result(error=error.faults[0].what)
            self._results[changes] = result
            self.tried.append(Attempt(changes, result))
            self.report(self.tried[-1])
        return self._results[changes]

    def findings(self, changes: tuple[str, ...]) -> list[Finding]:
        """What is found about the config with these changes; with a seed that fails, where others do not."""
        if changes not in self._findings:
            found = diagnose(evidence_of(self.config, (*self.overrides, *changes)))
            seeds = self.result(changes).seeds
            failing = next((number for number, each in enumerate(seeds) if not each.good), None)
            if failing is not None and all(finding.severity != "problem" for finding in found):
                found = [*self._findings_with(changes, failing), *found]
            self._findings[changes] = found
        return self._findings[changes]

    def _findings_with(self, changes: tuple[str, ...], number: int) -> list[Finding]:
        """With the first weights and the order of another seed, on the rows that are not held back."""
        case = make_case(prepare(self.config, (*self.overrides, *self._split, *changes), "float64"))
        other = replace(
            case, draw=lambda at: case.draw(at + number), shuffle=lambda at: case.shuffle(at + number)
        )
        return diagnose(Evidence(other))

    def problems(self, changes: tuple[str, ...]) -> set[tuple[str, str]]:
        """Rule and place of the causes that are problems."""
        return {(f.rule, f.where) for f in self.findings(changes) if f.severity == "problem"}

    def found(self, changes: tuple[str, ...]) -> set[tuple[str, str]]:
        """Rule and place of problems and warnings, consequences too."""
        roots = [f for f in self.findings(changes) if f.severity != "note"]
        return {(f.rule, f.where) for root in roots for f in (root, *root.consequences)}

    def _train(self, prepared: Prepared) -> Result:
        """With every seed; the rows held back are the same."""
        case = make_case(prepared)
        evidence = Evidence(case)
        part = prepared.dataset.validation or prepared.dataset.training
        rows: Rows = case.rows if case.validation is None else case.validation
        baseline = baseline_loss(case, rows)
        seeds = []
        name = "R²" if prepared.dataset.task == "regression" else "accuracy"
        for number in range(SEEDS):
            trial = evidence.trainer.run(draw=number)
            loss, predictions = evidence.trainer.loss_on(rows, trial.state)
            score, skill = _score(prepared, predictions, part)
            below = math.isfinite(loss) and loss <= baseline - BEATS * abs(baseline)
            learned = trial.improves and evidence.beats_baseline(trial.loss)
            good = learned and (below or skill >= SKILL)
            seeds.append(SeedResult(prepared.config.seed + number, loss, baseline, score, good))
        return Result(tuple(seeds), name)


def _score(prepared: Prepared, predictions: NDArray[Any], part: Part) -> tuple[float | None, float]:
    """Mean accuracy or R² of the targets; and the share of the most frequent class's errors that is gone."""
    if not np.isfinite(predictions).all():
        return None, 0.0
    dataset = prepared.dataset
    with np.errstate(all="ignore"):
        scores = evaluate_outputs(
            predictions, part.targets, dataset.preparation, dataset.task, weights=part.weights
        )
    if scores.regression_scores:
        score = float(np.mean([each.r2 for each in scores.regression_scores.values()]))
        return (score if math.isfinite(score) else None), 0.0
    accuracies, skills = [], []
    for each in scores.class_scores.values():
        most = float(np.max(each.confusion.sum(axis=1)) / np.sum(each.confusion))
        accuracies.append(each.accuracy)
        skills.append((each.accuracy - most) / (1 - most) if most < 1 else 0.0)
    return float(np.mean(accuracies)), float(np.mean(skills))


def _search(workshop: _Workshop) -> tuple[tuple[str, ...], Result | None]:
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


def _learning(workshop: _Workshop, changes: tuple[str, ...], rounds: int) -> tuple[str, ...] | None:
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


def _better(workshop: _Workshop, changes: tuple[str, ...]) -> tuple[str, ...] | None:
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


def _needed(workshop: _Workshop, changes: tuple[str, ...], result: Result) -> tuple[tuple[str, ...], Result]:
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
