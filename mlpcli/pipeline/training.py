"""`train`: from a config file to a run folder, telling on the way what happens."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlpcli.errors import Fault, OutputError, RunFailed
from mlpcli.execute.executor import State
from mlpcli.execute.rows import EpochRunner, Rows
from mlpcli.graph.node import Node
from mlpcli.nn.network import Network
from mlpcli.optim.step import RATE_FACTOR, TrainingStep, training_step
from mlpcli.pipeline.events import Ended, EpochDone, Event, Halved, Noticed, Record, Run, Started
from mlpcli.pipeline.keeper import Keeper
from mlpcli.pipeline.prepare import Prepared, with_rate
from mlpcli.pipeline.provenance import provenance
from mlpcli.pipeline.session import Session
from mlpcli.pipeline.watched import AT_ONCE_REMEDY, LOST_REMEDY, LostCost, Watched, find_lost_cost
from mlpcli.runs.contents import Given, Outcome
from mlpcli.runs.folder import RunFolder
from mlpcli.runs.lock import locked
from mlpcli.runs.model_file import ModelFile
from mlpcli.training.loop import INTERRUPTED, Epoch, epochs
from mlpcli.training.plateau import Plateau
from mlpcli.training.runner import make_runner

if TYPE_CHECKING:
    from mlpcli.diagnose.finding import Finding
    from mlpcli.pipeline.monitoring import Monitoring

LINES = 20
"""Epochs printed where the config does not say every how many."""

Report = Callable[[Event], None]
Interrupted = Callable[[], bool]


def train_prepared(
    prepared: Prepared,
    runs: str | Path,
    report: Report = lambda event: None,
    interrupted: Interrupted = lambda: False,
    keep_every: float | None = None,
) -> Run:
    """Train and keep everything in a new folder under `runs`; see train() in starting.py."""
    prepared = with_rate(prepared)
    step = step_of(prepared)
    made = provenance(prepared, step)
    if interrupted():
        raise KeyboardInterrupt  # there is nothing to be saved yet
    folder = RunFolder.create(Path(runs), prepared.file.path.stem, prepared.file.text_for)
    with locked(folder.path):
        session = Session.begin(prepared, step)
        texts = prepared.file.text, prepared.file.text_for(folder.path)
        given: Given = {"made": made, "config": texts[0], "run_config": texts[1]}
        keeper = Keeper(folder, session, given, keep_every)
        keep_curve(prepared, folder)
        return conduct(prepared, step, session, keeper, Started(prepared, folder.path), report, interrupted)


def keep_curve(prepared: Prepared, folder: RunFolder) -> None:
    """Of the range test, where there was one."""
    found = prepared.found_rate
    if found is not None:
        folder.write_learning_rate(zip(found.rates, found.losses, strict=True))


def step_of(prepared: Prepared) -> TrainingStep:
    """What one batch does."""
    adjustable = (
        prepared.config.training.on_divergence == "halve" or Plateau.of(prepared.optimizer) is not None
    )
    return training_step(prepared.network, prepared.optimizer, pace=prepared.pace, adjustable=adjustable)


def make_training_runner(prepared: Prepared, step: TrainingStep, state: State, rows: Rows) -> EpochRunner:
    """What runs its epochs, on the rows of the training part."""
    followed = {**_followed(prepared.network), **step.followed}
    return make_runner(
        prepared.executor, prepared.optimizer, step, followed, state, rows, prepared.batch_rows
    )


def conduct(
    prepared: Prepared,
    step: TrainingStep,
    session: Session,
    keeper: Keeper,
    started: Started,
    report: Report,
    interrupted: Interrupted,
) -> Run:
    """Train a session to its end, new or gone on with; its folder is locked. For the rest see train."""
    training, dataset, state = prepared.config.training, prepared.dataset, session.state
    rows = prepared.rows(dataset.training)
    runner = make_training_runner(prepared, step, state, rows)
    following = dataset.validation is not None
    part = ("validation", dataset.validation) if dataset.validation else ("training", dataset.training)
    watched = Watched(prepared, *part, state)
    every = training.print_every or -(-training.epochs // LINES)

    def tell(event: Event) -> None:
        try:
            report(event)
        except OSError:  # the standard output is gone: that is no reason to lose anything
            keeper.rescue()
            raise

    def notice(epoch: int, findings: Sequence[Finding], batch: int | None = None) -> None:
        found = [Noticed(epoch, finding, batch) for finding in findings]
        session.noticed += found
        for each in found:
            tell(each)

    with _faults_told(keeper):
        keeper.keep()
        tell(started)
        monitoring = _monitoring(prepared, session, {"training": rows, watched.name: watched.rows})
        if monitoring is not None and not session.progress.done:
            notice(0, [] if session.noticed else monitoring.facts(interrupted))
        broken_off: list[Record] = []
        epoch: Epoch | None = None
        lost: LostCost | None = None
        for epoch in epochs(
            runner,
            state,
            training,
            session.rng,
            watched.cost if following else None,
            interrupted,
            every,
            watched.cost,
            session.progress,
            lambda: keeper.due,
        ):
            if not epoch.whole and epoch.finite:
                keeper.keep(epoch.stopped)  # of the epochs before it, and how far this one came
            session.kept.after(epoch)
            record = None
            if not epoch.finite:
                lost = find_lost_cost(prepared, runner, state, epoch, watched)
                notice(epoch.number, [lost.finding], lost.batch)
                if not epoch.stopped:
                    tell(_halved(session, keeper, epoch, lost))
                continue
            if epoch.number % every == 0 or epoch.stopped:
                scores = {f"{watched.name}_{name}": s for name, s in watched.scores().items()}
                record = _record(epoch, scores)
                asked = epoch.stopped == INTERRUPTED and epoch.number % every  # else it would not be printed
                (session.history if epoch.whole and not asked else broken_off).append(record)
                keeper.folder.append_history(record)
            if keeper.due and session.exact and not epoch.stopped:
                keeper.keep()
            tell(EpochDone(epoch.number, training.epochs, record))
            if record is not None and monitoring is not None:
                notice(epoch.number, monitoring.after(epoch))
        assert epoch is not None

        failed = lost is not None and not epoch.finite
        test = None
        if dataset.test is not None and not failed:
            test = Watched(prepared, "test", dataset.test, session.kept.weights).evaluation()
        kept = session.kept
        outcome: Outcome = {
            "epochs": epoch.number,
            "kept_epoch": kept.epoch,
            "cost": kept.cost,
            "stopped": epoch.stopped,
        }
        if prepared.found_rate is not None:
            outcome["learning_rate"] = prepared.found_rate.chosen
        # The checkpoint that says that all is over comes last: until then it can be done again.
        keeper.finish(_model(prepared, keeper.config_text, kept.weights, outcome), outcome, test)
        if epoch.whole or not epoch.finite:
            keeper.keep(epoch.stopped)
    run = Run(
        keeper.folder.path,
        epoch.stopped,
        epoch.number,
        math.nan if kept.cost is None else kept.cost,
        kept.epoch,
        epoch.seconds,
        (*session.history, *broken_off),
        test,
        tuple(session.noticed),
    )
    report(Ended(run))
    if failed:
        assert lost is not None
        raise RunFailed(failure(run, lost.finding.cause, (epoch.number, lost.batch) == (1, 1)))
    return run


def failure(run: Run, cause: str, at_once: bool = False) -> Fault:
    """What a run whose cost is not finite has to say. at_once: whether it was so before the first step."""
    weights = f"weights of epoch {run.kept_epoch}" if run.kept_epoch else "initial weights"
    remedy = AT_ONCE_REMEDY if at_once else LOST_REMEDY
    return Fault(f"epoch {run.epochs}", cause, f"{remedy} The {weights} are in {run.path}.")


@contextmanager
def _faults_told(keeper: Keeper) -> Iterator[None]:
    """What cannot be written ends the run; what it has up to then is told with the fault."""
    try:
        yield
    except OutputError as error:
        raise RunFailed([keeper.explained(fault) for fault in error.faults]) from error


def _monitoring(prepared: Prepared, session: Session, rows: Mapping[str, Rows]) -> Monitoring | None:
    if not prepared.config.training.monitors:
        return None
    # Imported here: who switches it off does not wait for it.
    from mlpcli.pipeline.monitoring import Monitoring

    monitoring = Monitoring(prepared, session.state, rows)
    if session.progress.done:
        monitoring.go_on(session.history, {each.finding.rule for each in session.noticed})
    return monitoring


def _halved(session: Session, keeper: Keeper, epoch: Epoch, lost: LostCost) -> Halved:
    """What goes on from the last good epoch; printed epochs after it are no longer true."""
    factor = float(session.state[RATE_FACTOR]) / 2
    event = Halved(epoch.number, epoch.sound_epoch, factor, lost.finding.cause)
    session.halvings.append({"epoch": event.epoch, "after": event.after, "rate_factor": event.factor})
    kept = [record for record in session.history if (record["epoch"] or 0) <= event.after]
    if len(kept) < len(session.history):
        session.history[:] = kept
        keeper.folder.write_history(kept)
    return event


def _model(
    prepared: Prepared, config: str, weights: Mapping[str, Any], summary: Mapping[str, Any]
) -> ModelFile:
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
        config,
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
