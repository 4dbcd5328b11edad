"""`train`: from a config file to a run folder, telling on the way what happens."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlpcli.errors import Fault, RunFailed
from mlpcli.graph.node import Node
from mlpcli.nn.network import Network
from mlpcli.optim.step import training_step
from mlpcli.pipeline.prepare import Prepared, prepare, random_stream, with_rate
from mlpcli.pipeline.watched import LOST_REMEDY, Watched, find_lost_cost
from mlpcli.predict.scores import Evaluation
from mlpcli.runs.folder import MODEL, RunFolder
from mlpcli.runs.model_file import ModelFile
from mlpcli.training.loop import NOT_FINITE, Epoch, epochs
from mlpcli.training.plateau import Plateau
from mlpcli.training.runner import first_state, make_runner

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcli.diagnose.finding import Finding

LINES = 20
"""Epochs printed where the config does not say every how many."""

Record = dict[str, int | float | None]
"""What is printed of an epoch: epoch, cost, validation_cost, scores, seconds."""


@dataclass(frozen=True)
class Started:
    """Everything is ready; the first epoch comes next."""

    prepared: Prepared
    folder: Path


@dataclass(frozen=True)
class EpochDone:
    """One pass is over. record: only for the epochs that are printed."""

    number: int
    of: int
    record: Record | None


@dataclass(frozen=True)
class Run:
    """A finished training. path: the run folder. cost: of the last finite epoch; kept_epoch: of the model."""

    path: Path
    stopped: str
    epochs: int
    cost: float
    kept_epoch: int
    seconds: float
    history: tuple[Record, ...]
    test: Evaluation | None
    findings: tuple[Noticed, ...] = ()

    def __fspath__(self) -> str:
        return str(self.path)

    @property
    def failed(self) -> bool:
        """Whether the cost became infinite or NaN."""
        return self.stopped == NOT_FINITE


@dataclass(frozen=True)
class Noticed:
    """Something goes wrong. epoch: 0 before the first. batch: of that epoch, where it is known."""

    epoch: int
    finding: Finding
    batch: int | None = None

    def as_json(self) -> dict[str, Any]:
        """As in findings.json: the finding's fields after epoch and batch."""
        return {"epoch": self.epoch, "batch": self.batch, **self.finding.as_json()}


@dataclass(frozen=True)
class Ended:
    """Training is over, well or not, and everything is in its folder."""

    run: Run


Event = Started | Noticed | EpochDone | Ended


def train(
    config: str | Path,
    overrides: Sequence[str] = (),
    runs: str | Path = "runs",
    report: Callable[[Event], None] = lambda event: None,
    interrupted: Callable[[], bool] = lambda: False,
) -> Run:
    """Train from a config file and keep everything in a new folder under `runs`.

    overrides: as --set, "optimiser.learning_rate=0.01". report: called as things happen. interrupted:
    asked after every batch; when it says yes, training ends there and is saved. Raises ConfigError,
    DataError, OutputError; RunFailed where the cost became infinite or NaN, the last good weights saved.
    """
    prepared = with_rate(prepare(config, overrides))
    training, dataset = prepared.config.training, prepared.dataset
    plateau = Plateau.of(prepared.optimizer)
    step = training_step(
        prepared.network, prepared.optimizer, pace=prepared.pace, adjustable=plateau is not None
    )
    parameters = prepared.initial_values()
    state = first_state(prepared.optimizer, step, parameters)
    runner = make_runner(
        prepared.executor,
        prepared.optimizer,
        step,
        {**_followed(prepared.network), **step.followed},
        state,
        prepared.rows(dataset.training),
        prepared.batch_rows,
    )
    part = (
        ("training", dataset.training) if dataset.validation is None else ("validation", dataset.validation)
    )
    watched = Watched(prepared, *part, state)
    rng = random_stream(prepared.config.seed, "shuffle")
    every = training.print_every or -(-training.epochs // LINES)

    folder = RunFolder.create(Path(runs), prepared.file.path.stem, prepared.file.text_for)
    found = prepared.found_rate
    if found is not None:
        folder.write_learning_rate(zip(found.rates, found.losses, strict=True))
    report(Started(prepared, folder.path))
    noticed: list[Noticed] = []

    def notice(epoch: int, findings: Sequence[Finding], batch: int | None = None) -> None:
        for finding in findings:
            noticed.append(Noticed(epoch, finding, batch))
            report(noticed[-1])

    monitoring = None
    if training.monitors:
        # Imported here: who switches it off does not wait for it.
        from mlpcli.pipeline.monitoring import Monitoring

        monitoring = Monitoring(prepared, state)
        notice(0, monitoring.facts())
    kept = _Kept(parameters, following=dataset.validation is not None)
    history: list[Record] = []
    epoch: Epoch | None = None
    for epoch in epochs(
        runner,
        state,
        training,
        rng,
        watched.cost if dataset.validation is not None else None,
        interrupted,
        every,
        watched.cost,
        plateau,
    ):
        kept.after(epoch)
        record = None
        if epoch.finite and (epoch.number % every == 0 or epoch.stopped):
            record = _record(epoch, {f"{watched.name}_{name}": s for name, s in watched.scores().items()})
            history.append(record)
            folder.append_history(record)
        if epoch.finite:
            report(EpochDone(epoch.number, training.epochs, record))
        if record is not None and monitoring is not None:
            notice(epoch.number, monitoring.after(epoch))
    assert epoch is not None

    lost = None if epoch.finite else find_lost_cost(prepared, runner, state, epoch, watched)
    if lost:
        notice(epoch.number, [lost.finding], lost.batch)
    summary = {"epochs": epoch.number, "kept_epoch": kept.epoch, "cost": kept.cost, "stopped": epoch.stopped}
    summary |= {} if found is None else {"learning_rate": found.chosen}
    _model(prepared, kept.weights, summary).write(folder.path / MODEL)
    random = {"shuffle": rng.bit_generator.state}
    done = {"epoch": epoch.number - (not epoch.finite), "random": random, **summary}
    done |= {} if plateau is None else {"plateau": plateau.as_json()}
    folder.write_checkpoint(done, state)
    folder.write_findings([each.as_json() for each in noticed])
    test = None
    if dataset.test is not None and not lost:
        test = Watched(prepared, "test", dataset.test, kept.weights).evaluation()
    cost = math.nan if kept.cost is None else kept.cost
    run = Run(
        folder.path,
        epoch.stopped,
        epoch.number,
        cost,
        kept.epoch,
        epoch.seconds,
        tuple(history),
        test,
        tuple(noticed),
    )
    report(Ended(run))
    if lost:
        weights = f"weights of epoch {kept.epoch}" if kept.epoch else "initial weights"
        remedy = f"{LOST_REMEDY} The {weights} are in {folder.path}."
        raise RunFailed(Fault(f"epoch {epoch.number}", lost.finding.cause, remedy))
    return run


class _Kept:
    """The weights that become the model: of the lowest validation cost, else the last; never lost ones."""

    def __init__(self, parameters: Mapping[str, NDArray[Any]], following: bool) -> None:
        self._live, self._following = parameters, following
        self.weights = {name: array.copy() for name, array in parameters.items()}
        self.epoch = 0
        self.cost: float | None = None
        """Of the last epoch whose cost is finite."""

    def after(self, epoch: Epoch) -> None:
        """An epoch is over."""
        if epoch.finite:
            self.cost = epoch.cost
        if epoch.sound is not None and not self._following:
            self._take(epoch.sound, epoch.sound_epoch)
        elif epoch.finite and (epoch.improved if self._following else epoch.stopped):
            self._take(self._live, epoch.number)

    def _take(self, weights: Mapping[str, NDArray[Any]], epoch: int) -> None:
        for name, array in self.weights.items():
            array[...] = weights[name]
        self.epoch = epoch


def _model(prepared: Prepared, weights: Mapping[str, NDArray[Any]], summary: Mapping[str, Any]) -> ModelFile:
    data = prepared.config.data
    return ModelFile(
        prepared.dataset.task,
        prepared.config.precision,
        prepared.config.network,
        prepared.head,
        prepared.dataset.preparation.width,
        prepared.dataset.preparation,
        {"header": data.header, "separator": data.separator},
        weights,
        prepared.file.text,
        summary,
        prepared.dataset.weighting,
    )


def _followed(network: Network) -> dict[str, Node]:
    cost = {"cost": network.cost}
    return cost if network.penalty is None else {**cost, "loss": network.loss}


def _record(epoch: Epoch, scores: Mapping[str, float]) -> Record:
    return {
        "epoch": epoch.number,
        "cost": epoch.cost,
        **({} if epoch.loss is None else {"loss": epoch.loss}),
        **epoch.followed,
        "validation_cost": epoch.validation_cost,
        **scores,
        "seconds": round(epoch.seconds, 3),
    }
