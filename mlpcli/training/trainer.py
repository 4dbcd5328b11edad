"""`train`: from a config file to a run folder, telling on the way what happens."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlpcli.errors import Fault, RunFailed
from mlpcli.execute.executor import State
from mlpcli.execute.rows import EpochRunner, Rows
from mlpcli.graph.node import Node
from mlpcli.nn.network import Network
from mlpcli.optim.step import RATE_FACTOR, TrainingStep, training_step
from mlpcli.problem.problem import Problem
from mlpcli.runs.folder import RunFolder
from mlpcli.runs.lock import locked
from mlpcli.runs.model_file import ModelFile
from mlpcli.runs.records import Given, Outcome
from mlpcli.training.best_weights import record_of, with_row
from mlpcli.training.checkpointer import Keeper, explained
from mlpcli.training.events import BrokenOff, Ended, EpochDone, Event, Halved, Noticed, Record, Run, Started
from mlpcli.training.loop import INTERRUPTED, Epoch, epochs
from mlpcli.training.part_evaluator import (
    AT_ONCE_REMEDY,
    FORMULA_REMEDY,
    FORMULA_RULE,
    LOST_REMEDY,
    LostCost,
    Watched,
    find_lost_cost,
)
from mlpcli.training.plateau import Plateau
from mlpcli.training.progress import all_finite
from mlpcli.training.provenance import provenance
from mlpcli.training.range_test import with_rate
from mlpcli.training.runner import make_runner
from mlpcli.training.state import Session

if TYPE_CHECKING:
    from mlpcli.diagnose.monitoring import Monitoring
    from mlpcli.runs.finding import Finding

LINES = 20
"""Epochs printed where the config does not say every how many."""

Report = Callable[[Event], None]
Interrupted = Callable[[], bool]


def train_prepared(
    prepared: Problem,
    runs: str | Path,
    report: Report = lambda event: None,
    interrupted: Interrupted = lambda: False,
    keep_every: float | None = None,
) -> Run:
    """Train and keep everything in a new folder under `runs`; see train() in starting.py."""
    prepared = with_rate(prepared)
    step = step_of(prepared)
    made = provenance(prepared, step)
    folder = RunFolder.create(Path(runs), prepared.file.path.stem, prepared.file.text_for)
    with locked(folder.path), explained(folder.path):
        session = Session.begin(prepared, step)
        texts = prepared.file.text, prepared.file.text_for(folder.path)
        given: Given = {"made": made, "config": texts[0], "run_config": texts[1]}
        keeper = Keeper(folder, session, given, keep_every)
        keep_curve(prepared, folder)
        return conduct(prepared, step, session, keeper, Started(prepared, folder.path), report, interrupted)


def keep_curve(prepared: Problem, folder: RunFolder) -> None:
    """Of the range test, where there was one."""
    found = prepared.found_rate
    if found is not None:
        folder.write_learning_rate(zip(found.rates, found.losses, strict=True))


def step_of(prepared: Problem) -> TrainingStep:
    """What one batch does."""
    adjustable = (
        prepared.config.training.on_divergence == "halve" or Plateau.of(prepared.optimizer) is not None
    )
    return training_step(prepared.network, prepared.optimizer, pace=prepared.pace, adjustable=adjustable)


def make_training_runner(prepared: Problem, step: TrainingStep, state: State, rows: Rows) -> EpochRunner:
    """What runs its epochs, on the rows of the training part."""
    followed = {**_followed(prepared.network), **step.followed}
    return make_runner(
        prepared.executor, prepared.optimizer, step, followed, state, rows, prepared.batch_rows
    )


def conduct(
    prepared: Problem,
    step: TrainingStep,
    session: Session,
    keeper: Keeper,
    started: Started,
    report: Report,
    interrupted: Interrupted,
) -> Run:
    """Train a session to its end, new or gone on with; its folder is locked. For the rest see train."""
    training, dataset, state = prepared.config.training, prepared.dataset, session.state
    following = dataset.validation is not None
    part = ("validation", dataset.validation) if dataset.validation else ("training", dataset.training)
    every = training.print_every or -(-training.epochs // LINES)
    weights = [state[name] for name in session.kept.weights]

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

    with explained(keeper.folder.path, lambda: keeper.since), _way_on_told(keeper, report):
        rows = prepared.rows(dataset.training)
        runner = make_training_runner(prepared, step, state, rows)
        watched = Watched(prepared, *part, state)
        keeper.keep()
        tell(started)
        monitoring = _monitoring(prepared, session)
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
            watched.check if following else None,
            interrupted,
            every,
            watched.cost,
            session.progress,
            lambda: keeper.due,
            lambda: all_finite(weights),
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
                record = {**record_of(epoch), **watched.report(), "seconds": round(epoch.seconds, 3)}
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
        kept, test = session.kept, None
        if kept.epoch or not failed:  # the initial weights may be what the cost was lost with
            scored = kept.score(prepared, watched)
            test = None if failed else scored
        history = with_row([*session.history, *broken_off], kept.row)
        if len(history) > len(session.history) + len(broken_off):
            keeper.folder.write_history(history)
        outcome: Outcome = {
            "epochs": epoch.number,
            "kept_epoch": kept.epoch,
            "cost": kept.cost,
            "loss": kept.loss,
            "scores": dict(kept.scores),
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
        tuple(history),
        test,
        tuple(session.noticed),
        kept.loss,
        kept.scores,
    )
    report(Ended(run))
    if failed:
        assert lost is not None
        found = lost.finding
        raise RunFailed(failure(run, found.cause, found.rule, (epoch.number, lost.batch) == (1, 1)))
    return run


def failure(run: Run, cause: str, rule: str, at_once: bool = False) -> Fault:
    """What a run whose cost or weights are not finite has to say.

    rule: of the finding that says the cause. at_once: whether it was so before the first step.
    """
    weights = f"weights of epoch {run.kept_epoch}" if run.kept_epoch else "initial weights"
    remedy = AT_ONCE_REMEDY if at_once else LOST_REMEDY
    if rule == FORMULA_RULE:
        remedy = FORMULA_REMEDY
    return Fault(f"epoch {run.epochs}", cause, f"{remedy} The {weights} are in {run.path}.")


@contextmanager
def _way_on_told(keeper: Keeper, report: Report) -> Iterator[None]:
    """Where an interrupt ends the run in the middle, what is kept of it can be gone on with."""
    try:
        yield
    except KeyboardInterrupt:
        with suppress(OSError):  # the standard output may be gone, too
            report(BrokenOff(keeper.folder.path))
        raise


def _monitoring(prepared: Problem, session: Session) -> Monitoring | None:
    if not prepared.config.training.monitors:
        return None
    # Imported here: who switches it off does not wait for it.
    from mlpcli.diagnose.monitoring import Monitoring

    monitoring = Monitoring(prepared, session.state)
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
    prepared: Problem, config: str, weights: Mapping[str, Any], summary: Mapping[str, Any]
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
