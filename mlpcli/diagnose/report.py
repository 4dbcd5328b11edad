"""`gradcheck`: is the gradient right, does it arrive, so what? On the user's config and rows, in float64."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlpcli.config.edit import as_options
from mlpcli.config.load import ConfigSource
from mlpcli.data.files import DataFiles
from mlpcli.diagnose.gradient.check import GradientCheck, burned_in
from mlpcli.diagnose.gradient.formula_faults import cusps
from mlpcli.diagnose.gradient.points import check_gradient, check_in_precision
from mlpcli.diagnose.layers.health import LayerHealth, layer_health
from mlpcli.diagnose.ranking import diagnose
from mlpcli.diagnose.repair.proposal import Diagnosed, propose
from mlpcli.diagnose.trials.budget import Budget
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.errors import Fault, ModelFileError, SettingError, nearest
from mlpcli.execute import EXECUTORS
from mlpcli.problem.build import prepare
from mlpcli.runs.folder import CONFIG, RunFolder
from mlpcli.runs.json_file import finite
from mlpcli.runs.model_file import ModelFile
from mlpcli.training.auto_rate import resolve_auto_rate

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_ROWS = 64
"""Rows of the gradient check, unless told otherwise: two runs per entry, so few."""
DEPTHS = ("fast", "usual", "full")
"""How much is done. fast: exact rules and the first pass only, nothing is trained. usual: no longer than the
training takes. full: every entry is checked, every rule asked, and the next seeds are trained, too."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """The short training: the config's own, in full where that is quick.

    start_loss, loss: of all its rows before and after it, without penalty; baseline: of the best constant
    prediction. complete: whether it is the whole training. seeds_learn: how many of `seeds` seeds learn; 0 of
    0 where they were not tried.
    """

    start_loss: float
    loss: float
    baseline: float
    learns: bool
    complete: bool
    epochs: int
    steps: int
    seeds_learn: int = 0
    seeds: int = 0


@dataclass(frozen=True, kw_only=True)
class GradcheckReport:
    """The answers of `mlp gradcheck`: is the gradient right, does it arrive, and why is nothing learned?

    weights: "initial" or "trained": those that `cost` is of. rows: how many the layers and the cost are of;
    checked_rows: how many the gradient was checked on. layers: with the initial weights; later: after the
    short training, none if nothing was trained; trained: with a run's own weights. delayed: layers that no
    gradient reaches at first, but does after one step, such as those before weights that are 0.
    """

    config: str
    weights: str
    depth: str
    rows: int
    checked_rows: int
    cost: float
    gradient: GradientCheck
    layers: tuple[LayerHealth, ...]
    later: tuple[LayerHealth, ...]
    trained: tuple[LayerHealth, ...]
    delayed: tuple[str, ...]
    training: Training | None
    findings: tuple[Diagnosed, ...]
    skipped: tuple[str, ...] = ()
    """Rules that were not asked, since their trials would have taken longer than the training itself."""
    untried: int = 0
    """Remedies, or sets of them, that were not tried for the same reason."""
    evidence: Evidence | None = field(default=None, repr=False, compare=False)
    """What was looked at and tried, for a repair to go on from; no part of the plain data."""

    @property
    def cut_off(self) -> tuple[str, ...]:
        """Layers that no gradient reaches, now and after one step; frozen ones need none."""
        lacking = [layer.name for layer in self.layers if layer.cut_off and not layer.frozen]
        return tuple(name for name in lacking if name not in self.delayed)

    def counted(self, severity: str) -> int:
        """Return how many findings have a severity."""
        return sum(each.finding.severity == severity for each in self.findings)

    @property
    def healthy(self) -> bool:
        """Whether the gradient is right, no problem was found, and the network learns.

        Where nothing was trained, the gradient has to reach every layer instead.
        """
        fine = not self.cut_off if self.training is None else self.training.learns
        return self.gradient.right and self.gradient.finite and not self.counted("problem") and fine

    def as_json(self) -> dict[str, Any]:
        """Return plain data with every number that is printed; null for numbers that are not finite."""
        plain = {
            "config": self.config,
            "weights": self.weights,
            "depth": self.depth,
            "rows": self.rows,
            "checked_rows": self.checked_rows,
            "cost": self.cost,
            "healthy": self.healthy,
            "gradient": self.gradient.as_json(),
            "layers": [layer_json(layer) for layer in self.layers],
            "layers_after_training": [layer_json(layer) for layer in self.later],
            "layers_as_trained": [layer_json(layer) for layer in self.trained],
            "delayed": list(self.delayed),
            "cut_off": list(self.cut_off),
            "training": self.training and asdict(self.training),
            "skipped": list(self.skipped),
            "untried": self.untried,
            "findings": [finding_json(each) for each in self.findings],
        }
        return {key: finite(value) for key, value in plain.items()}


def finding_json(diagnosed: Diagnosed) -> dict[str, Any]:
    """Return a finding and its remedies as plain data."""
    remedies = [
        {
            **asdict(proposal.remedy),
            "lines": [asdict(line) for line in proposal.lines],
            "effect": proposal.effect and asdict(proposal.effect),
            "in_vain": proposal.in_vain,
        }
        for proposal in diagnosed.proposals
    ]
    return {
        **diagnosed.finding.as_json(),
        "line": diagnosed.line,
        "page": diagnosed.page,
        "remedies": remedies,
    }


def layer_json(layer: LayerHealth) -> dict[str, Any]:
    """Return the fields of a layer's health, and what follows from them, as plain data."""
    return {**asdict(layer), "cut_off": layer.cut_off, "relative_gradient": layer.relative_gradient}


def gradcheck(
    config: ConfigSource,
    overrides: str | Sequence[str] = (),
    depth: str = "usual",
    most_rows: int = MOST_ROWS,
) -> GradcheckReport:
    """Check the gradient of a config or a run, and find why it does not learn.

    config: a file or a mapping (its initial weights are checked), or a run folder (its trained ones). depth:
    see DEPTHS; what trials cost is counted, not timed. most_rows: of the gradient check. Raises ConfigError,
    DataError, ModelFileError; SettingError for a depth or a number of rows that there is not.
    """
    if depth not in DEPTHS:
        raise SettingError("depth", f"{depth!r} is no depth.", nearest(str(depth), DEPTHS))
    if most_rows < 1:
        raise SettingError(
            "most_rows", f"A gradient cannot be checked on {most_rows} rows.", "Take 1 or more."
        )
    run = _run_of(config)
    evidence = _evidence(config, as_options(overrides), run, depth)
    state, trained = evidence.problem.initial_values(), evidence.trained
    gradient, checked_rows = check_gradient(
        evidence.problem, state, trained, depth == "full", most_rows, evidence.budget.checks
    )
    gradient = _completed(gradient, evidence, state if trained is None else trained)
    training: Training | None = None
    later: tuple[LayerHealth, ...] = ()
    updates: Mapping[str, float] | None = None
    if depth != "fast":
        training = _training(evidence, depth == "full")
        later, updates = tuple(evidence.trial_health), evidence.trial.first_update
    layers, cost, delayed = _layers(evidence, state, updates)
    found = diagnose(evidence, ask={"fast": "facts", "full": "all"}.get(depth, "usual"))
    findings = tuple(propose(each, evidence, depth != "fast") for each in found)
    return GradcheckReport(
        config=str(evidence.problem.file.path if run is None else run.path),
        weights="trained" if run else "initial",
        depth=depth,
        rows=len(evidence.facts.some_rows["inputs"]),
        checked_rows=checked_rows,
        cost=cost,
        gradient=gradient,
        layers=layers,
        later=later,
        trained=tuple(evidence.trained_health or ()),
        delayed=delayed,
        training=training,
        findings=findings,
        skipped=tuple(evidence.budget.skipped),
        untried=evidence.budget.untried,
        evidence=evidence,
    )


def _evidence(config: ConfigSource, overrides: Sequence[str], run: RunFolder | None, depth: str) -> Evidence:
    """Build the problem in float64, and take over the weights of a run; nothing is trained yet.

    run: of which config is the folder, None where it is none. Raises ConfigError, DataError, ModelFileError.
    """
    path = config if run is None else run.path / CONFIG
    problem, trained = prepare(path, overrides, "float64", DataFiles(keep_tables=True)), None
    if run is not None:
        trained = problem.initial_values()
        rate = _take_weights(run.model(), trained)
        if problem.optimizer.automatic and rate is not None:  # as it was found then
            problem = replace(problem, optimizer=problem.optimizer.at_rate(rate))
    problem = resolve_auto_rate(problem)
    return Evidence(problem, Budget() if depth == "full" else Budget.of(problem), trained)


def _completed(
    gradient: GradientCheck, evidence: Evidence, weights: Mapping[str, NDArray[Any]]
) -> GradientCheck:
    """Return the check with the cusps that rows lie on, and the gradient in the config's precision."""
    problem, rows = evidence.problem, evidence.facts.some_rows
    found = cusps(problem.network.inference, {**weights, **rows}, len(rows["inputs"]))
    precision = check_in_precision(problem, weights, rows)
    return replace(gradient, in_precision=precision, cusps=tuple(found))


def _layers(
    evidence: Evidence, state: Mapping[str, NDArray[Any]], updates: Mapping[str, float] | None
) -> tuple[tuple[LayerHealth, ...], float, tuple[str, ...]]:
    """Return the health of every layer with the initial weights, the cost, and the layers that are delayed.

    The cost is that of the trained weights, where a run is checked. updates: ‖ΔW‖ / ‖W‖ of each parameter in
    the first step; None where nothing is trained.
    """
    network, some, executor = evidence.problem.network, evidence.facts.some_rows, EXECUTORS["numpy"]()
    layers, cost = layer_health(network, state, some, executor, updates)
    if evidence.trained is not None:
        cost = layer_health(network, evidence.trained, some, executor)[1]
    delayed: tuple[str, ...] = ()
    if any(layer.cut_off for layer in layers):
        after = burned_in(network, evidence.problem.optimizer, state, some, executor, steps=1)
        moved = layers if after is None else layer_health(network, after, some, executor)[0]
        delayed = tuple(old.name for old, new in zip(layers, moved, strict=True) if old.cut_off > new.cut_off)
    return tuple(layers), cost, delayed


def _run_of(config: ConfigSource) -> RunFolder | None:
    """Return the run of a folder; None for what is no folder. Raises ModelFileError for a folder without."""
    if not isinstance(config, (str, os.PathLike)) or not os.path.isdir(config):
        return None
    return RunFolder.find(Path(config))


def config_of(place: Path) -> Path:
    """Return the config file of a run folder; any other path stays. Raises ModelFileError."""
    run = _run_of(place)
    return place if run is None else run.path / CONFIG


def _training(evidence: Evidence, repeated: bool) -> Training:
    """Return the short training, and with `repeated` how many of the next seeds learn."""
    trial = evidence.trial
    learns = [evidence.learns]
    if repeated:
        learns += [other.beats_baseline for other in evidence.trials.other_seeds]
    return Training(
        start_loss=trial.start_loss,
        loss=trial.loss,
        baseline=trial.baseline,
        learns=evidence.learns,
        complete=trial.complete,
        epochs=len(trial.costs),
        steps=trial.steps,
        seeds_learn=sum(learns) if repeated else 0,
        seeds=len(learns) if repeated else 0,
    )


def _take_weights(path: Path, state: dict[str, NDArray[Any]]) -> float | None:
    """Copy the weights of a model file into `state`, and return the learning rate found for them, if it was.

    Raises ModelFileError where they are of another network.
    """
    model = ModelFile.read(path)
    weights = model.parameters
    for name in {**state, **weights}:
        there, here = (arrays[name].shape if name in arrays else "missing" for arrays in (weights, state))
        if there != here:
            what = f"Its weights are of another network: {name} is {there} there, by config and --set {here}."
            remedy = "Leave network and columns as they were in training, or check the config by itself."
            raise ModelFileError(Fault(str(path), what, remedy))
        state[name][...] = weights[name]
    rate = model.summary.get("learning_rate")
    return float(rate) if isinstance(rate, (int, float)) else None
