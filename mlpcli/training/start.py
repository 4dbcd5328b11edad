"""Where a training starts from: everything that is made before its first epoch, fresh or restored."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.optim.step import TrainingStep, training_step
from mlpcli.problem.problem import Problem
from mlpcli.runs.folder import LEARNING_RATE, RunFolder
from mlpcli.runs.records import Provenance, RunOrigin
from mlpcli.training.auto_rate import resolve_auto_rate
from mlpcli.training.plateau import PlateauCounter
from mlpcli.training.provenance import provenance
from mlpcli.training.state import TrainingState


@dataclass(frozen=True)
class Ready:
    """A problem whose learning rate is a number, its training step, and what they were made of."""

    prepared: Problem
    step: TrainingStep
    made: Provenance


def make_ready(prepared: Problem) -> Ready:
    """Find the learning rate if it is `auto`, and build the training step.

    Raises DataError where a data file cannot be read for its sha256.
    """
    prepared = resolve_auto_rate(prepared)
    step = step_of(prepared)
    return Ready(prepared, step, provenance(prepared, step))


def step_of(prepared: Problem) -> TrainingStep:
    """Return what one batch does."""
    halves = prepared.config.training.on_divergence == "halve"
    adjustable = halves or PlateauCounter.of(prepared.optimizer) is not None
    return training_step(
        prepared.network, prepared.optimizer, length=prepared.training_length, adjustable=adjustable
    )


@dataclass(frozen=True, kw_only=True)
class TrainingStart:
    """A training that is about to run in its folder.

    state: of the initial weights, or restored from a checkpoint. given: provenance and config texts that
    every checkpoint has. notes: what to say about resuming.
    """

    folder: RunFolder
    prepared: Problem
    step: TrainingStep
    state: TrainingState
    given: RunOrigin
    notes: tuple[str, ...] = ()


def fresh(
    ready: Ready, folder: RunFolder, *, config: str, run_config: str, notes: tuple[str, ...] = ()
) -> TrainingStart:
    """Return the start from the initial weights, and keep the curve of the range test if there was one.

    config: the text as it was given; run_config: as it is in the folder. Raises OutputError.
    """
    prepared = ready.prepared
    state = TrainingState.initial(prepared, ready.step)
    if prepared.found_rate is not None:
        curve = zip(prepared.found_rate.rates, prepared.found_rate.losses, strict=True)
        folder.table(LEARNING_RATE).write([{"rate": rate, "loss": loss} for rate, loss in curve])
    given: RunOrigin = {"made": ready.made, "config": config, "run_config": run_config}
    return TrainingStart(
        folder=folder, prepared=prepared, step=ready.step, state=state, given=given, notes=notes
    )
