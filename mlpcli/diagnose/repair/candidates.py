"""Candidates of a repair: a config with changes, trained with several seeds, and what is found about it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.config.load import ConfigFile
from mlpcli.data.dataset import Part
from mlpcli.diagnose.case import Rows
from mlpcli.diagnose.diagnosis import evidence_of, make_case
from mlpcli.diagnose.ranking import diagnose
from mlpcli.diagnose.trials.baseline import baseline_loss
from mlpcli.diagnose.trials.evidence import BEATS, Evidence
from mlpcli.errors import MlpError
from mlpcli.problem.build import Prepared, prepare, read_config
from mlpcli.runs.finding import Finding
from mlpcli.scoring.evaluation import evaluate_outputs

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEEDS = 3
"""The config's seed and the next ones: one lucky start is no repair."""
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


@dataclass
class Workshop:
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
