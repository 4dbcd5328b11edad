"""Candidates of a repair: a config with changes, trained with several seeds, and what is found about it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.config.load import ConfigFile
from mlpcli.data.part import Part
from mlpcli.diagnose.ranking import diagnose
from mlpcli.diagnose.trials.baseline import baseline_loss
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.diagnose.trials.trial import BEATS
from mlpcli.errors import MlpError
from mlpcli.problem.build import rebuild
from mlpcli.problem.problem import Problem
from mlpcli.runs.finding import Finding
from mlpcli.scoring.evaluation import evaluate_outputs
from mlpcli.training.auto_rate import resolve_auto_rate

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

Changes = tuple[str, ...]
"""Changes to the user's config, as --set."""


@dataclass(frozen=True, kw_only=True)
class CandidateSeedResult:
    """One training of a candidate.

    loss, baseline, score: on the held-back rows; score: accuracy or R², None where it is not finite. good:
    whether it learned the training rows, and is clearly better on the others than a constant.
    """

    seed: int
    loss: float
    baseline: float
    score: float | None
    good: bool

    @property
    def gain(self) -> float:
        """The share of the baseline that the loss is below it, -1 at worst."""
        gain = (self.baseline - self.loss) / max(abs(self.baseline), 1e-300)
        return max(gain, -1.0) if math.isfinite(gain) else -1.0


@dataclass(frozen=True)
class CandidateResult:
    """The training with every seed. error: why the config cannot be trained at all, else ""."""

    seeds: tuple[CandidateSeedResult, ...] = ()
    score_name: str = "accuracy"
    error: str = ""

    @property
    def good(self) -> bool:
        """Whether it learns with every seed."""
        return bool(self.seeds) and all(each.good for each in self.seeds)

    @property
    def gain(self) -> float:
        """The mean gain over the seeds, by which candidates that do not learn yet are compared."""
        return float(np.mean([each.gain for each in self.seeds])) if self.seeds else -math.inf

    def as_good_as(self, other: CandidateResult) -> bool:
        """Tell whether no seed is worse by more than a small share of the baseline."""
        pairs = zip(self.seeds, other.seeds, strict=True)
        return all(mine.gain >= theirs.gain - BEATS for mine, theirs in pairs)


@dataclass(frozen=True)
class Candidate:
    """All changes to the user's config, and what came of them."""

    changes: Changes
    result: CandidateResult


class CandidateRunner:
    """Trains and diagnoses candidates of one config, each once, from the tables in memory."""

    def __init__(
        self,
        evidence: Evidence,
        report: Callable[[Candidate], None],
        interrupted: Callable[[], bool],
    ) -> None:
        """Train the config as it is.

        evidence: about that config, without a limit. report: called after every candidate. interrupted: asked
        between trainings.
        """
        self._root, self._report, self.interrupted = evidence, report, interrupted
        dataset = evidence.problem.dataset
        # Where a column says which part a row is in, no share can be drawn beside it.
        can_draw = evidence.problem.config.data.split.column is None
        self.held_back = dataset.validation is not None or (can_draw and dataset.training.rows >= LEAST_ROWS)
        split = self.held_back and dataset.validation is None
        self._split: Changes = (f"data.validation={HELD_BACK}",) if split else ()
        # Candidates with and without rows held back are trained on different rows: each kind has its trials.
        self._scored = evidence
        if split:
            self._scored = Evidence(resolve_auto_rate(rebuild(evidence.problem, self._split)))
        self._latest = self._scored
        self.tried: list[Candidate] = []
        self._findings: dict[Changes, list[Finding]] = {}
        self.before = self._train(self._scored)
        self._results: dict[Changes, CandidateResult] = {(): self.before}

    @property
    def file(self) -> ConfigFile:
        """The config as it is."""
        return self._root.problem.file

    @property
    def rows(self) -> int:
        """Rows that candidates are scored on."""
        return _scored_part(self._scored.problem).rows

    @property
    def spent(self) -> bool:
        """Whether to stop trying."""
        return self.interrupted() or len(self.tried) >= MOST_TRIED

    def result(self, changes: Changes) -> CandidateResult:
        """Train the config with these changes with every seed, and return what came of it."""
        if changes not in self._results:
            try:
                result = self._train(self._evidence(self._scored, changes))
            except MlpError as error:
                result = CandidateResult(error=error.faults[0].what)
            self._results[changes] = result
            self.tried.append(Candidate(changes, result))
            self._report(self.tried[-1])
        return self._results[changes]

    def findings(self, changes: Changes) -> list[Finding]:
        """Return what is found about the config with these changes.

        Where a seed fails and nothing is found with the config's own, that seed is diagnosed, too. Raises
        ConfigError, DataError where the config cannot be built.
        """
        if changes not in self._findings:
            found = diagnose(self._evidence(self._root, changes))
            seeds = self.result(changes).seeds
            failing = next((number for number, each in enumerate(seeds) if not each.good), None)
            if failing is not None and all(finding.severity != "problem" for finding in found):
                found = [*self._findings_with(changes, failing), *found]
            self._findings[changes] = found
        return self._findings[changes]

    def _findings_with(self, changes: Changes, seed_offset: int) -> list[Finding]:
        """Diagnose another seed on the rows that are not held back."""
        problem = self._evidence(self._scored, changes).problem
        return diagnose(Evidence(problem.with_seed(problem.config.seed + seed_offset)))

    def problems(self, changes: Changes) -> set[tuple[str, str]]:
        """Return rule and place of the causes that are problems."""
        return {(f.rule, f.where) for f in self.findings(changes) if f.severity == "problem"}

    def found(self, changes: Changes) -> set[tuple[str, str]]:
        """Return rule and place of problems and warnings, consequences too."""
        roots = [f for f in self.findings(changes) if f.severity != "note"]
        return {(f.rule, f.where) for root in roots for f in (root, *root.consequences)}

    def _evidence(self, of: Evidence, changes: Changes) -> Evidence:
        """Return the evidence about a config with changes; the latest one is kept, older ones take memory."""
        if not changes:
            return of
        if self._latest.tried is not of.tried or self._latest.changes != changes:
            problem = resolve_auto_rate(rebuild(of.problem, changes))
            self._latest = Evidence(problem, tried=of.tried, changes=changes)
        return self._latest

    def _train(self, evidence: Evidence) -> CandidateResult:
        """Train with every seed; the rows held back are the same."""
        problem, trials = evidence.problem, evidence.trials
        rows = problem.validation_rows or problem.training_rows
        baseline = baseline_loss(problem, rows)
        seeds = []
        for seed_offset in range(SEEDS):
            trial = trials.with_seed(seed_offset)
            loss, predictions = trials.runner.loss_on(rows, trial.state)
            score, skill = _score(problem, predictions, _scored_part(problem))
            below = math.isfinite(loss) and loss <= baseline - BEATS * abs(baseline)
            seeds.append(
                CandidateSeedResult(
                    seed=problem.config.seed + seed_offset,
                    loss=loss,
                    baseline=baseline,
                    score=score,
                    good=trial.succeeds and (below or skill >= SKILL),
                )
            )
        return CandidateResult(tuple(seeds), "R²" if problem.dataset.task == "regression" else "accuracy")


def _scored_part(problem: Problem) -> Part:
    """Return the rows that candidates are scored on: held back, or the training's own."""
    return problem.dataset.validation or problem.dataset.training


def _score(problem: Problem, predictions: NDArray[Any], part: Part) -> tuple[float | None, float]:
    """Return mean accuracy or R², and the share of the most frequent class's errors that is gone.

    predictions: of the rows of the part, (rows, outputs).
    """
    if not np.isfinite(predictions).all():
        return None, 0.0
    dataset = problem.dataset
    with np.errstate(all="ignore"):
        scores = evaluate_outputs(predictions, part.targets, dataset.preparation, weights=part.weights)
    if scores.regression_scores:
        score = float(np.mean([each.r2 for each in scores.regression_scores.values()]))
        return (score if math.isfinite(score) else None), 0.0
    accuracies, skills = [], []
    for each in scores.class_scores.values():
        most = float(np.max(each.confusion.sum(axis=1)) / np.sum(each.confusion))
        accuracies.append(each.accuracy)
        skills.append((each.accuracy - most) / (1 - most) if most < 1 else 0.0)
    return float(np.mean(accuracies)), float(np.mean(skills))
