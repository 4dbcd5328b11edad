"""A worker that trains one network from many seeds, in the same memory and by the same machine code."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from mlpcli.optim.optimizer import StepOptimizer
from mlpcli.problem.build import prepare_file
from mlpcli.problem.problem import Problem
from mlpcli.training.auto_rate import resolve_auto_rate
from mlpcli.training.events import SeedResult
from mlpcli.training.loop import EpochLoop
from mlpcli.training.part_evaluator import PartEvaluator, epoch_checks, printed_scores
from mlpcli.training.start import step_of
from mlpcli.training.state import TrainingState
from mlpcli.training.stop_reasons import INTERRUPTED
from mlpcli.training.trainer import make_training_runner


class SeedWorker:
    """Trainings of one network, one after the other, in the same memory and by the same machine code."""

    def __init__(self, prepared: Problem) -> None:
        self._prepared, self._step = prepared, step_of(prepared)
        rows = prepared.rows(prepared.dataset.training)
        self._rows = {name: np.array(array) for name, array in rows.items()}
        self._state = TrainingState.initial(prepared, self._step).loop.arrays
        self._runner = make_training_runner(prepared, self._step, self._state, self._rows)
        dataset = prepared.dataset
        self._parts = ["validation" if dataset.validation else "training"]
        self._parts += ["test"] if dataset.test else []
        self._evaluators = [
            PartEvaluator(prepared, name, getattr(dataset, name), self._state) for name in self._parts
        ]

    def takes(self, prepared: Problem) -> bool:
        """Return whether it is a training of this network, on as many rows."""
        # The runner of an optimiser that goes by all rows has them in it.
        return prepared is self._prepared or (
            isinstance(prepared.optimizer, StepOptimizer) and _made_of(prepared) == _made_of(self._prepared)
        )

    def train(self, prepared: Problem, interrupted: Callable[[], bool]) -> SeedResult | None:
        """Train from the seed of its config, and return the result; None where it was interrupted."""
        training, dataset = prepared.config.training, prepared.dataset
        state = TrainingState.initial(prepared, self._step, self._state)
        for name, array in prepared.rows(dataset.training).items():
            self._rows[name][...] = array
        for name, evaluator in zip(self._parts, self._evaluators, strict=True):
            evaluator.look_at(prepared, getattr(dataset, name))
        checks = epoch_checks(self._evaluators[0], state.weights)
        loop = EpochLoop(
            self._runner, state.loop, training, checks, every=training.epochs, interrupted=interrupted
        )
        for epoch in loop.run():
            state.best.after(epoch)
        if epoch.stopped == INTERRUPTED:
            return None
        kept = state.best
        for name, array in kept.weights.items():
            self._state[name][...] = array
        scores: dict[str, float] = {}
        for name, evaluator in zip(self._parts, self._evaluators, strict=True):
            found = printed_scores(evaluator.evaluation(), training.stop.metric)
            scores |= {f"{name}_{score}": value for score, value in found.items()}
        result = SeedResult(
            seed=prepared.config.seed,
            epochs=epoch.number,
            cost=math.nan if kept.cost is None else kept.cost,
            validation_loss=kept.record.get("validation_loss"),
            scores=scores,
            stopped=epoch.stopped,
            halvings=state.loop.halvings,
        )
        below = prepared.config.repeat.cost_below if prepared.config.repeat else None
        return result if below is None else replace(result, reached=result.followed < below)


def _made_of(prepared: Problem) -> tuple[Any, ...]:
    """Return what memory and machine code of a training depend on, where only the seed may differ."""
    data = prepared.dataset
    rows = [None if part is None else part.rows for part in (data.training, data.validation, data.test)]
    return prepared.network.size, data.preparation.width, prepared.optimizer, rows


def with_seed(prepared: Problem, seed: int) -> Problem:
    """Prepare the config with another seed; rows that no seed has a part in are not read again."""
    # The text stays: reading it again for every seed would take longer than a short training.
    file = replace(prepared.file, config=replace(prepared.config, seed=seed))
    if prepared.split_is_drawn or prepared.config.start_from or prepared.optimizer.automatic:
        return resolve_auto_rate(prepare_file(file, files=prepared.files))
    return replace(prepared, file=file)
