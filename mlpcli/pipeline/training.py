"""`train`: from a config file to a run folder, telling on the way what happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.dataset import Part
from mlpcli.errors import Fault, RunFailed
from mlpcli.execute.rows import CHUNK, EpochRunner, RowFunction
from mlpcli.graph.node import Node
from mlpcli.nn.network import Network
from mlpcli.optim.step import training_step
from mlpcli.pipeline.prepare import Prepared, prepare, random_stream
from mlpcli.predict.scores import Evaluation, evaluate_outputs
from mlpcli.runs.folder import MODEL, RunFolder
from mlpcli.runs.model_file import ModelFile
from mlpcli.training.loop import NOT_FINITE, Epoch, epochs

if TYPE_CHECKING:
    from numpy.typing import NDArray

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

    def __fspath__(self) -> str:
        return str(self.path)

    @property
    def failed(self) -> bool:
        """Whether the cost became infinite or NaN."""
        return self.stopped == NOT_FINITE


@dataclass(frozen=True)
class Ended:
    """Training is over, well or not, and everything is in its folder."""

    run: Run


Event = Started | EpochDone | Ended


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
    prepared = prepare(config, overrides)
    training = prepared.config.training
    step = training_step(prepared.network, prepared.optimizer)
    parameters = prepared.initial_values()
    state = parameters | step.optimizer_state()
    rows = prepared.rows(prepared.dataset.training)
    runner = EpochRunner(
        prepared.executor, _followed(prepared.network), step.updates, state, rows, prepared.batch_rows
    )
    validation = prepared.dataset.validation
    watched = _Watched(prepared, validation or prepared.dataset.training, state)
    rng = random_stream(prepared.config.seed, "shuffle")

    name = prepared.file.path.stem
    folder = RunFolder.create(Path(runs), name, lambda path: prepared.file.text_for(path))
    report(Started(prepared, folder.path))
    every = training.print_every or -(-training.epochs // LINES)
    history: list[Record] = []
    best = {key: array.copy() for key, array in parameters.items()}
    good: Epoch | None = None
    kept_epoch = 0
    epoch: Epoch | None = None
    for epoch in epochs(
        runner, len(rows["inputs"]), state, training, rng, watched.cost if validation else None, interrupted
    ):
        if not epoch.finite:
            break
        good = epoch
        if epoch.improved or validation is None:
            kept_epoch = epoch.number
            if validation is not None:
                best = {key: array.copy() for key, array in parameters.items()}
        record = None
        if epoch.number % every == 0 or epoch.stopped:
            prefix = "training" if validation is None else "validation"
            record = _record(epoch, {f"{prefix}_{name}": s for name, s in watched.scores().items()})
            history.append(record)
            folder.append_history(record)
        report(EpochDone(epoch.number, training.epochs, record))
    assert epoch is not None
    if validation is None:
        best = parameters

    findings = [] if epoch.finite else [_not_finite(prepared, runner, state, epoch, watched)]
    cost = good.cost if good else float("nan")
    summary = {
        "epochs": epoch.number,
        "kept_epoch": kept_epoch,
        "cost": cost if good else None,
        "stopped": epoch.stopped,
    }
    model = ModelFile(
        prepared.dataset.task,
        prepared.config.precision,
        prepared.config.network,
        prepared.head,
        prepared.dataset.preparation.width,
        prepared.dataset.preparation,
        {"header": prepared.config.data.header, "separator": prepared.config.data.separator},
        best,
        prepared.file.text,
        summary,
    )
    model.write(folder.path / MODEL)
    random = rng.bit_generator.state
    folder.write_checkpoint(
        {"epoch": good.number if good else 0, "random": random, "summary": summary}, state
    )
    folder.write_findings(findings)
    test = prepared.dataset.test
    tested = _Watched(prepared, test, best).evaluation() if test is not None and not findings else None
    run = Run(
        folder.path, epoch.stopped, epoch.number, cost, kept_epoch, epoch.seconds, tuple(history), tested
    )
    report(Ended(run))
    if findings:
        kept = f"weights of epoch {kept_epoch}" if kept_epoch else "initial weights"
        raise RunFailed(
            Fault(
                f"epoch {epoch.number}",
                findings[0]["message"],
                f"{findings[0]['remedy']} The {kept} are in {folder.path}.",
            )
        )
    return run


class _Watched:
    """Cost and scores of one part of the data, with the weights that `state` holds when asked."""

    def __init__(self, prepared: Prepared, part: Part, state: Mapping[str, NDArray[Any]]) -> None:
        self._prepared, self._part = prepared, part
        self.rows = prepared.rows(part)
        network, executor = prepared.network, prepared.executor
        chunk = min(CHUNK, len(part.inputs))
        self._losses = RowFunction(executor, {"loss": network.row_loss}, state, chunk)
        self._outputs = RowFunction(executor, {"prediction": network.prediction}, state, chunk)
        penalty = network.penalty
        self._penalty = RowFunction(executor, {"penalty": penalty}, state, 1) if penalty is not None else None

    def cost(self) -> float:
        """Mean loss plus penalty."""
        total = sum(float(out["loss"].sum()) for _, out in self._losses.chunks(self.rows))
        penalty = float(self._penalty.scalars()["penalty"]) if self._penalty else 0.0
        return total / len(self._part.inputs) + penalty

    def evaluation(self) -> Evaluation:
        """All scores, in the user's units."""
        outputs = self._outputs(self.rows)["prediction"]
        dataset = self._prepared.dataset
        return evaluate_outputs(outputs, self._part.targets, dataset.preparation, dataset.task)

    def scores(self) -> dict[str, float]:
        """The few that are printed with an epoch; means over several targets."""
        evaluation = self.evaluation()
        if evaluation.class_scores:
            return {"accuracy": float(np.mean([s.accuracy for s in evaluation.class_scores.values()]))}
        several = evaluation.regression_scores.values()
        return {
            "rmse": float(np.sqrt(np.mean([s.rmse**2 for s in several]))),
            "r2": float(np.mean([s.r2 for s in several])),
        }


def _followed(network: Network) -> dict[str, Node]:
    cost = {"cost": network.cost}
    return cost if network.penalty is None else {**cost, "loss": network.loss}


def _record(epoch: Epoch, scores: Mapping[str, float]) -> Record:
    return {
        "epoch": epoch.number,
        "cost": epoch.cost,
        **({} if epoch.loss is None else {"loss": epoch.loss}),
        "validation_cost": epoch.validation_cost,
        **scores,
        "seconds": round(epoch.seconds, 3),
    }


def _not_finite(
    prepared: Prepared,
    runner: EpochRunner,
    state: Mapping[str, NDArray[Any]],
    epoch: Epoch,
    watched: _Watched,
) -> dict[str, Any]:
    """Where the first infinity or NaN arose: the epoch is run again up to the batch that broke it."""
    good = {name: array.copy() for name, array in state.items()}
    if np.isfinite(epoch.cost):
        runner.replay(epoch.order, epoch.batches)
        rows, where = watched.rows, "on the validation rows"
    else:
        chosen = runner.replay(epoch.order, epoch.batches - 1)
        rows = {name: array[chosen] for name, array in prepared.rows(prepared.dataset.training).items()}
        where = f"in batch {epoch.batches}"
    nodes = {}
    for layer in prepared.network.layers:
        nodes[f"layer {layer.name}, before its activation"] = layer.pre_activation
        nodes[f"layer {layer.name}, after its activation"] = layer.output
    nodes["the loss"] = prepared.network.row_loss
    outputs = RowFunction(prepared.executor, nodes, state)(rows)
    first = next((name for name, array in outputs.items() if not np.isfinite(array).all()), "the penalty")
    for name, array in good.items():
        state[name][...] = array
    return {
        "name": "cost_not_finite",
        "severity": "problem",
        "epoch": epoch.number,
        "first": first,
        "message": f"The cost is not finite from epoch {epoch.number} on ({where}); it began in {first}.",
        "remedy": "Lower optimiser.learning_rate (try a tenth), or scale inputs and targets.",
    }
