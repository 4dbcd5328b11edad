"""`gradcheck`: is the gradient right, does it arrive, so what? On the user's config and rows, in float64."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.config.edit import as_options
from mlpcli.config.load import ConfigSource
from mlpcli.data.plain import finite
from mlpcli.diagnose.diagnosis import make_case
from mlpcli.diagnose.gradient.check import (
    BURN_IN,
    WORK,
    GradientCheck,
    burned_in,
    check_cost,
    default_coordinates,
)
from mlpcli.diagnose.gradient.formula_faults import cusps, uses_formulas
from mlpcli.diagnose.gradient.op import parts_of
from mlpcli.diagnose.gradient.precision import PrecisionCheck, check_precision
from mlpcli.diagnose.layers.health import LayerHealth, layer_health
from mlpcli.diagnose.ranking import diagnose
from mlpcli.diagnose.repair.proposal import Diagnosed, propose
from mlpcli.diagnose.trials.baseline import mean_loss
from mlpcli.diagnose.trials.budget import Budget
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.errors import Fault, ModelFileError
from mlpcli.execute import EXECUTORS
from mlpcli.execute.rows import RowFunction
from mlpcli.nn.network import Penalty, build_network
from mlpcli.problem.build import Prepared, prepare, random_stream
from mlpcli.runs.folder import CONFIG, RunFolder
from mlpcli.runs.model_file import ModelFile
from mlpcli.training.range_test import with_rate

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_ROWS = 64
"""Rows of the gradient check, unless told otherwise: two runs per entry, so few."""
RUN_AWAY = 10.0
"""Times the loss at first: above it a burn-in has diverged (DeepDiagnosis and others: ten times)."""
WORK_A_SECOND = 4e9
"""Multiplications a second of the gradient check, calls of NumPy counted among them."""
DEPTHS = ("fast", "usual", "full")
"""fast: exact rules and the first pass only, nothing is trained. usual: no longer than the training takes.
full: every entry is checked, every rule asked, and the training repeated from other first weights."""


@dataclass(frozen=True)
class Training:
    """The short training: the config's own, in full where that is quick.

    loss: of all its rows afterwards, without penalty; baseline: of the best constant prediction. seeds_learn:
    of `seeds` first weights, those that learn; 0 of 0 where that was not tried.
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


@dataclass(frozen=True)
class GradcheckReport:
    """All three answers.

    weights: "initial" or "trained", of which the cost is. rows: that layers and cost were looked at on;
    checked_rows: that the gradient was. layers: with the first weights; later: after the short training (none
    if nothing was trained); trained: with a run's own. delayed: layers that no gradient reaches at first, but
    does after one step: those before weights that are 0.
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

    @property
    def cut_off(self) -> tuple[str, ...]:
        """Layers that no gradient reaches, now and after one step; frozen ones need none."""
        lacking = [layer.name for layer in self.layers if layer.cut_off and not layer.frozen]
        return tuple(name for name in lacking if name not in self.delayed)

    def counted(self, severity: str) -> int:
        """Findings of one severity."""
        return sum(each.finding.severity == severity for each in self.findings)

    @property
    def healthy(self) -> bool:
        """The gradient is right, no problem was found, and the network learns. Where nothing was trained, the
        gradient has to reach every layer."""
        fine = not self.cut_off if self.training is None else self.training.learns
        return self.gradient.right and self.gradient.finite and not self.counted("problem") and fine

    def as_json(self) -> dict[str, Any]:
        """Plain data, with every number that is printed; null for those that are not finite."""
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
            "findings": [
                {
                    **each.finding.as_json(),
                    "line": each.line,
                    "page": each.page,
                    "remedies": [
                        {
                            **asdict(proposal.remedy),
                            "lines": [asdict(line) for line in proposal.lines],
                            "effect": proposal.effect and asdict(proposal.effect),
                            "in_vain": proposal.in_vain,
                        }
                        for proposal in each.proposals
                    ],
                }
                for each in self.findings
            ],
        }
        return {key: finite(value) for key, value in plain.items()}


def layer_json(layer: LayerHealth) -> dict[str, Any]:
    """Its fields, and what follows from them."""
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
    DataError, ModelFileError.
    """
    overrides, run = as_options(overrides), _run_of(config)
    prepared = prepare(run.path / CONFIG if run else config, overrides, precision="float64")
    state, trained = prepared.initial_values(), None
    if run is not None:
        trained = prepared.initial_values()
        rate = _take_weights(run.model(), trained)
        if prepared.optimizer.automatic and rate is not None:  # as it was found then
            prepared = replace(prepared, optimizer=prepared.optimizer.at_rate(rate))
    prepared = with_rate(prepared)
    case = make_case(prepared, trained)
    budget = Budget() if depth == "full" else Budget.of(case)
    evidence = Evidence(case, budget)
    gradient, checked_rows = _check_gradient(
        prepared, state, trained, depth == "full", most_rows, budget.checks
    )
    weights = state if trained is None else trained
    rows = evidence.some_rows
    found_cusps = cusps(prepared.network.settled, {**weights, **rows}, len(rows["inputs"]))
    in_precision = _check_precision(prepared, weights, rows)
    gradient = replace(gradient, in_precision=in_precision, cusps=tuple(found_cusps))
    training: Training | None = None
    later: tuple[LayerHealth, ...] = ()
    updates: Mapping[str, float] | None = None
    if depth != "fast":
        training = _training(evidence, depth == "full")
        later = tuple(evidence.trial_health)
        updates = evidence.trial.first_update
    some, executor = evidence.some_rows, EXECUTORS["numpy"]()
    layers, cost = layer_health(prepared.network, state, some, executor, updates)
    if trained is not None:
        cost = layer_health(prepared.network, trained, some, executor)[1]
    delayed: tuple[str, ...] = ()
    if any(layer.cut_off for layer in layers):
        after = burned_in(prepared.network, prepared.optimizer, state, some, executor, steps=1)
        moved = layers if after is None else layer_health(prepared.network, after, some, executor)[0]
        delayed = tuple(old.name for old, new in zip(layers, moved, strict=True) if old.cut_off > new.cut_off)
    found = diagnose(evidence, ask={"fast": "facts", "full": "all"}.get(depth, "usual"))
    own = math.inf if training is None else training.loss
    tries = depth != "fast"
    findings = tuple(propose(each, prepared.file, overrides, tries, own, budget) for each in found)
    return GradcheckReport(
        str(prepared.file.path if run is None else run.path),
        "trained" if run else "initial",
        depth,
        len(some["inputs"]),
        checked_rows,
        cost,
        gradient,
        tuple(layers),
        later,
        tuple(evidence.trained_health or ()),
        delayed,
        training,
        findings,
        tuple(budget.skipped),
        budget.untried,
    )


def _run_of(config: ConfigSource) -> RunFolder | None:
    """Find the run that a folder is. Raises ModelFileError for a folder that is none."""
    if not isinstance(config, (str, os.PathLike)) or not os.path.isdir(config):
        return None
    return RunFolder.find(Path(config))


def config_of(place: Path) -> Path:
    """The config file of a run folder; any other path stays. Raises ModelFileError for a folder without."""
    run = _run_of(place)
    return place if run is None else run.path / CONFIG


def _check_gradient(
    prepared: Prepared,
    state: Mapping[str, NDArray[Any]],
    trained: Mapping[str, NDArray[Any]] | None,
    full: bool,
    most_rows: int,
    seconds: float,
) -> tuple[GradientCheck, int]:
    """At the first weights, a few steps later, and at the trained ones; and on how many rows.

    seconds: for all of it, counted.
    """
    network, executor = prepared.network, EXECUTORS["numpy"]()
    rng = random_stream(prepared.config.seed, "shuffle")
    rows = prepared.rows(prepared.dataset.training)
    counters = network.counters()  # of dropout: the mask is that of one step, the same in every run
    state = {**state, **counters}
    few = np.sort(rng.permutation(len(rows["inputs"]))[:most_rows])
    some = {name: array[few] for name, array in rows.items()}
    points = {
        "first weights": state,
        f"weights after {BURN_IN} steps": _after_burn_in(prepared, state, some),
        "trained weights": None if trained is None else {**trained, **counters},
    }
    points = {name: weights for name, weights in points.items() if weights is not None}
    trained_ones = [p.node for p in network.trained]
    each = WORK_A_SECOND * seconds / (len(points) * (1 if network.penalty is None else 2))
    entries = default_coordinates(trained_ones, len(few), full, min(WORK, each))
    checked = check_cost(
        network.cost,
        network.loss,
        network.penalty,
        trained_ones,
        [(name, weights) for name, weights in points.items() if weights is not None],
        some,
        executor,
        rng,
        entries,
        parts=parts_of(network),
        formulas=uses_formulas(network, prepared.head.loss),
    )
    return checked, len(few)


def _check_precision(
    prepared: Prepared, weights: Mapping[str, NDArray[Any]], rows: Mapping[str, NDArray[Any]]
) -> PrecisionCheck | None:
    """The gradient in the precision of the config; None where that is float64, as all else here."""
    config = prepared.config
    if config.precision == "float64":
        return None
    optimizer, dataset = prepared.optimizer, prepared.dataset
    penalty = Penalty(optimizer.l1, optimizer.l2, optimizer.penalise_biases)
    width, weighted = dataset.preparation.width, bool(dataset.weighting)
    same = build_network(config.network, prepared.head, width, config.precision, penalty, weighted)
    return check_precision(prepared.network, same, weights, rows)


def _after_burn_in(
    prepared: Prepared, state: Mapping[str, NDArray[Any]], rows: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]] | None:
    """The weights a few steps later: biases that begin at 0 lie on kinks of their own, then they do not.

    At weights that ran away rounding says more than the gradient, so then with shorter steps; None where
    these run away, too.
    """
    network, executor = prepared.network, EXECUTORS["numpy"]()

    def cost(weights: Mapping[str, NDArray[Any]]) -> float:
        function = RowFunction(executor, {"loss": network.row_loss}, weights)
        with np.errstate(all="ignore"):
            return mean_loss(function(rows)["loss"], rows)

    most = RUN_AWAY * abs(cost(state))
    for factor in (1.0, 0.01):
        slower = prepared.optimizer.at_rate(prepared.optimizer.rate * factor)
        later = burned_in(network, slower, state, rows, executor)
        if later is not None and abs(cost(later)) <= most:
            return later
    return None


def _training(evidence: Evidence, repeated: bool) -> Training:
    trial = evidence.trial
    learns = [evidence.learns]
    if repeated:
        learns += [evidence.beats_baseline(each.loss) for each in evidence.redraws]
    return Training(
        trial.start_loss,
        trial.loss,
        evidence.baseline,
        evidence.learns,
        trial.complete,
        len(trial.costs),
        trial.steps,
        sum(learns) if repeated else 0,
        len(learns) if repeated else 0,
    )


def _take_weights(path: Path, state: dict[str, NDArray[Any]]) -> float | None:
    """Copy those of a model file, and give the learning rate that was found for them, if it was.

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
