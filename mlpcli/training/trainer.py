"""A training from its start to its end: epochs, records, findings, checkpoints, the model."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from mlpcli.errors import RunFailed
from mlpcli.execute.executor import State
from mlpcli.execute.rows import EpochRunner, Rows
from mlpcli.graph.node import Node
from mlpcli.nn.network import Network
from mlpcli.optim.step import RATE_FACTOR, TrainingStep
from mlpcli.problem.problem import Problem
from mlpcli.runs.folder import HISTORY
from mlpcli.runs.model_file import READING_KEYS, ModelFile
from mlpcli.runs.records import RunOutcome
from mlpcli.scoring.evaluation import Evaluation
from mlpcli.training.best_weights import record_of, with_row
from mlpcli.training.checkpointer import Checkpointer, unwritable_ends_run
from mlpcli.training.epoch import Epoch
from mlpcli.training.events import (
    EpochDone,
    Event,
    Halved,
    Record,
    ReportedFinding,
    Run,
    RunEnded,
    RunInterrupted,
    Started,
)
from mlpcli.training.failure import failure
from mlpcli.training.loop import EpochLoop
from mlpcli.training.observer import NonFiniteCost, TrainingHooks, TrainingObserver
from mlpcli.training.part_evaluator import VALIDATION, PartEvaluator, epoch_checks
from mlpcli.training.runner import make_runner
from mlpcli.training.start import TrainingStart
from mlpcli.training.stop_reasons import INTERRUPTED

if TYPE_CHECKING:
    from mlpcli.runs.finding import Finding

LINES = 20
"""Epochs printed where the config does not say every how many."""


def run_training(start: TrainingStart, hooks: TrainingHooks) -> Run:
    """Train from a start, fresh or restored, to the end, and keep everything in its folder, which is locked.

    Raises RunFailed where the cost became infinite or NaN, the last good weights saved, and where the run can
    no longer be kept; KeyboardInterrupt where it was interrupted and no batch was at hand to be finished.
    """
    training = _Training(start, hooks)
    run = training.train()
    hooks.report(RunEnded(run))
    training.check(run)
    return run


def make_training_runner(prepared: Problem, step: TrainingStep, state: State, rows: Rows) -> EpochRunner:
    """Return what runs the epochs of a training. rows: of the training part, by placeholder."""
    followed = {**_followed(prepared.network), **step.tracked}
    return make_runner(
        prepared.executor, prepared.optimizer, step, followed, state, rows, prepared.batch_rows
    )


def _followed(network: Network) -> dict[str, Node]:
    cost = {"cost": network.cost}
    return cost if network.penalty is None else {**cost, "loss": network.loss}


class _Training:
    """One training under way: what an epoch means for the folder, the observer and the listener."""

    def __init__(self, start: TrainingStart, hooks: TrainingHooks) -> None:
        self._prepared, self._state, self._hooks = start.prepared, start.state, hooks
        self._start, self._folder = start, start.folder
        self._checkpointer = Checkpointer(start.folder, start.state, start.given, hooks.keep_every)
        training = start.prepared.config.training
        self._every = training.print_every or -(-training.epochs // LINES)
        self._observer: TrainingObserver | None = None
        self._interrupted_records: list[Record] = []
        self._explained: NonFiniteCost | None = None

    def train(self) -> Run:
        """Run all epochs, write everything, and return the run."""
        with (
            unwritable_ends_run(self._folder.path, lambda: self._checkpointer.resumes_from),
            self._interrupt_reported(),
        ):
            self._compile()
            self._checkpointer.write()
            self._report_start()
            self._observe()
            epoch = self._run_epochs()
            return self._finish(epoch)

    def _report(self, event: Event) -> None:
        """Report an event. Where the listener is gone, a checkpoint is written before the OSError."""
        try:
            self._hooks.report(event)
        except OSError:  # the standard output is gone: that is no reason to lose anything
            self._checkpointer.rescue()
            raise

    def check(self, run: Run) -> None:
        """Raise RunFailed where the training ended with a cost or weights that are not finite."""
        if run.failed:
            assert self._explained is not None
            finding, batch = self._explained
            raise RunFailed(failure(run, finding.cause, finding.rule, (run.epochs, batch) == (1, 1)))

    @contextmanager
    def _interrupt_reported(self) -> Iterator[None]:
        """Report the folder of a run that an interrupt ends in the middle: it can be resumed."""
        try:
            yield
        except KeyboardInterrupt:
            with suppress(OSError):  # the standard output may be gone, too
                self._hooks.report(RunInterrupted(self._folder.path))
            raise

    def _compile(self) -> None:
        """Compile the step and the evaluation."""
        prepared, arrays = self._prepared, self._state.loop.arrays
        dataset = prepared.dataset
        rows = prepared.rows(dataset.training)
        self._runner = make_training_runner(prepared, self._start.step, arrays, rows)
        name, part = "training", dataset.training
        if dataset.validation is not None:
            name, part = VALIDATION, dataset.validation
        self._evaluator = PartEvaluator(prepared, name, part, arrays)

    def _report_start(self) -> None:
        loop = self._state.loop
        started = Started(
            prepared=self._prepared,
            folder=self._folder.path,
            after=loop.epoch,
            batches=loop.interrupted.passed.batches if loop.interrupted else 0,
            notes=self._start.notes,
        )
        self._report(started)

    def _observe(self) -> None:
        """Let the observer look at the problem, or at the epochs that a resumed run has already."""
        if not self._prepared.config.training.monitors:
            return
        state = self._state
        self._observer = self._hooks.make_observer(self._prepared, state.loop.arrays)
        if state.loop.epoch:
            self._observer.resume(state.history, {each.finding.rule for each in state.findings})
        elif not state.findings:  # a run killed in its first epoch has reported the facts already
            self._report_findings(0, self._observer.facts(self._hooks.interrupted))

    def _report_findings(self, epoch: int, findings: Sequence[Finding], batch: int | None = None) -> None:
        found = [ReportedFinding(epoch, finding, batch) for finding in findings]
        self._state.findings += found
        for each in found:
            self._report(each)

    def _run_epochs(self) -> Epoch:
        """Run epochs until there is a reason to stop; return the last."""
        loop = EpochLoop(
            self._runner,
            self._state.loop,
            self._prepared.config.training,
            epoch_checks(self._evaluator, self._state.weights),
            every=self._every,
            interrupted=self._hooks.interrupted,
            checkpoint_due=lambda: self._checkpointer.due,
        )
        epoch: Epoch | None = None
        for epoch in loop.run():
            if not epoch.whole and epoch.finite:
                self._checkpointer.write(epoch.stopped)  # of the epochs before it, and how far this one came
            self._state.best.after(epoch)
            if epoch.finite:
                self._after_epoch(epoch)
            else:
                self._after_non_finite_cost(epoch)
        assert epoch is not None
        return epoch

    def _after_epoch(self, epoch: Epoch) -> None:
        record = None
        if epoch.number % self._every == 0 or epoch.stopped:
            record = self._keep_record(epoch)
        if self._checkpointer.due and self._state.is_exact and not epoch.stopped:
            self._checkpointer.write()
        self._report(EpochDone(epoch.number, self._prepared.config.training.epochs, record))
        # The record is reported first, so that a finding stands below the epoch that shows it.
        if record is not None and self._observer is not None:
            self._report_findings(epoch.number, self._observer.after(epoch))

    def _keep_record(self, epoch: Epoch) -> Record:
        """Write the row of history.csv of an epoch and return it."""
        record = {**record_of(epoch), **self._evaluator.report(), "seconds": round(epoch.seconds, 3)}
        # Not printed without the interrupt: a resumed run is to have the history of one that was left alone.
        only_interrupted = epoch.stopped == INTERRUPTED and epoch.number % self._every
        passing = only_interrupted or not epoch.whole
        (self._interrupted_records if passing else self._state.history).append(record)
        self._folder.table(HISTORY).append(record)
        return record

    def _after_non_finite_cost(self, epoch: Epoch) -> None:
        arrays = self._state.loop.arrays
        self._explained = self._hooks.explain(self._prepared, self._runner, arrays, epoch, self._evaluator)
        finding, batch = self._explained
        self._report_findings(epoch.number, [finding], batch)
        if not epoch.stopped:
            self._report(self._halve(epoch, finding.cause))

    def _halve(self, epoch: Epoch, cause: str) -> Halved:
        """Note that training resumes at half the rate; printed epochs after that point are no longer true."""
        state = self._state
        factor = float(state.loop.arrays[RATE_FACTOR]) / 2
        after = epoch.last_finite_epoch
        state.halvings.append({"epoch": epoch.number, "after": after, "rate_factor": factor})
        kept = [record for record in state.history if (record["epoch"] or 0) <= after]
        if len(kept) < len(state.history):
            state.history[:] = kept
            self._folder.table(HISTORY).write(kept)
        return Halved(epoch.number, after, factor, cause)

    def _finish(self, epoch: Epoch) -> Run:
        """Score the kept weights, write everything, and return the run. epoch: the last."""
        best, state, prepared = self._state.best, self._state, self._prepared
        test: Evaluation | None = None
        # With the initial weights the cost may be not finite already: then there are no scores of them.
        if best.epoch or epoch.finite:
            scored = best.score(prepared, self._evaluator)
            test = scored if epoch.finite else None
        printed = [*state.history, *self._interrupted_records]
        history = with_row(printed, best.row)
        if len(history) > len(printed):
            self._folder.table(HISTORY).write(history)
        outcome = self._outcome(epoch)
        model = _model(prepared, self._checkpointer.config_text, best.weights, outcome)
        # The checkpoint that says that all is over comes last: until then it can be done again.
        self._checkpointer.finish(model, outcome, test)
        if epoch.whole or not epoch.finite:
            self._checkpointer.write(epoch.stopped)
        return Run(
            path=self._folder.path,
            stopped=epoch.stopped,
            epochs=epoch.number,
            cost=math.nan if best.cost is None else best.cost,
            loss=best.loss,
            kept_epoch=best.epoch,
            seconds=epoch.seconds,
            history=tuple(history),
            scores=best.scores,
            test=test,
            findings=tuple(state.findings),
        )

    def _outcome(self, epoch: Epoch) -> RunOutcome:
        best, found_rate = self._state.best, self._prepared.found_rate
        outcome: RunOutcome = {
            "epochs": epoch.number,
            "kept_epoch": best.epoch,
            "cost": best.cost,
            "loss": best.loss,
            "scores": dict(best.scores),
            "stopped": epoch.stopped,
        }
        if found_rate is not None:
            outcome["learning_rate"] = found_rate.chosen
        return outcome


def _model(prepared: Problem, config: str, weights: State, outcome: RunOutcome) -> ModelFile:
    data, preparation = prepared.config.data, prepared.dataset.preparation
    return ModelFile(
        task=prepared.dataset.task,
        precision=prepared.config.precision,
        network=prepared.config.network,
        head=prepared.head,
        width=preparation.width,
        preparation=preparation,
        reading={key: getattr(data, key) for key in READING_KEYS},
        parameters=weights,
        config=config,
        summary=outcome,
        weighting=prepared.dataset.weighting,
    )
