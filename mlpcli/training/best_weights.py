"""The epoch whose weights become the model: its weights, what was printed of it, and its scores."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlpcli.data.dataset import Dataset
from mlpcli.runs.records import Best
from mlpcli.scoring.evaluation import Evaluation
from mlpcli.training.events import Record
from mlpcli.training.loop import Epoch
from mlpcli.training.part_evaluator import Watched

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcli.config.schema import TrainingConfig
    from mlpcli.problem.problem import Problem

    Arrays = Mapping[str, NDArray[Any]]


def follows(training: TrainingConfig, dataset: Dataset) -> bool:
    """Return whether the best epoch is kept, by the validation rows, and not the last one."""
    return dataset.validation is not None and training.keep != "last"


class Kept:
    """The weights that become the model: of the best epoch, else of the last; never non-finite ones.

    record, seconds: of that epoch as in history.csv, without the scores that need a pass over rows; while the
    last epoch is what is kept, of the last one so far. Numbers that are not known are None.
    scores: of the weights, once the training is over: training_loss, validation_accuracy and the like.
    """

    def __init__(self, parameters: Arrays, following: bool) -> None:
        self._live, self.following = parameters, following
        self.weights = {name: array.copy() for name, array in parameters.items()}
        self.epoch = 0
        self.record: Record = {}
        self.seconds = 0.0
        self.scores: Record = {}

    def after(self, epoch: Epoch) -> None:
        """Take note of an epoch that is over."""
        if epoch.sound is not None and not self.following:
            self._take(epoch.sound, epoch.sound_epoch)
            if self.record and not self._known:
                # The epoch before the last one: of that nothing is remembered but its weights.
                self.record = {**dict.fromkeys(self.record), "epoch": epoch.sound_epoch}
        elif epoch.finite and (epoch.improved or not self.following):
            self.record, self.seconds = record_of(epoch), epoch.seconds
            # The weights of the last epoch are copied once only, when it is known to be the last.
            if self.following or epoch.stopped:
                self._take(self._live, epoch.number)

    def score(self, prepared: Problem, watched: Watched) -> Evaluation | None:
        """Compute the scores of the kept weights by a pass over each part; return those of the test part.

        watched: of the weights in training, which are put back. Nothing is compiled anew for it.
        """
        dataset = prepared.dataset
        live = {name: array.copy() for name, array in self._live.items()}
        try:
            _fill(self._live, self.weights)
            watched.look_at(prepared, dataset.training, "training")
            scores = watched.report()
            if dataset.validation is not None:
                watched.look_at(prepared, dataset.validation, "validation")
                scores = {"training_loss": scores["training_loss"], **watched.report()}
            self.scores = {name: score if math.isfinite(score) else None for name, score in scores.items()}
            if dataset.test is None:
                return None
            watched.look_at(prepared, dataset.test, "test")
            return watched.evaluation()
        finally:
            _fill(self._live, live)

    @property
    def cost(self) -> float | None:
        """Cost of the epoch, each batch's before its update; None where nothing is known of it."""
        return self._known.get("cost")

    @property
    def loss(self) -> float | None:
        """Loss of the epoch, likewise; it is the cost where there is no penalty."""
        return self._known.get("loss", self.cost)

    @property
    def _known(self) -> Record:
        return self.record if self.record.get("epoch") == self.epoch else {}

    @property
    def row(self) -> Record:
        """The epoch as a row of history.csv; empty where it is none, or nothing is known of it."""
        record, part = dict(self._known), "validation_" if "validation_loss" in self.record else "training_"
        if not record or not self.scores or not self.epoch:
            return {}
        own = {name: value for name, value in self.scores.items() if name.startswith(part)}
        return {**record, **own, "seconds": None if self.cost is None else round(self.seconds, 3)}

    def as_json(self) -> Best:
        """Everything but the weights, for a checkpoint."""
        return {
            "epoch": self.epoch,
            "record": dict(self.record),
            "scores": dict(self.scores),
            "seconds": self.seconds,
        }

    def restore(self, found: Best) -> None:
        """Take over what as_json gave, which has no weights. Raises ValueError for anything else."""
        if found["record"] and not {"epoch", "cost"} <= set(found["record"]):
            raise ValueError("what is known of the epoch that is kept is not a row of its history")
        self.epoch, self.record, self.scores = found["epoch"], found["record"], found["scores"]
        self.seconds = found["seconds"]

    def _take(self, weights: Arrays, epoch: int) -> None:
        _fill(self.weights, weights)
        self.epoch, self.scores = epoch, {}


def _fill(arrays: Arrays, found: Arrays) -> None:
    for name, array in arrays.items():
        array[...] = found[name]


def record_of(epoch: Epoch) -> Record:
    """Return what history.csv has of an epoch, but for its seconds and scores that need another pass."""
    return {
        "epoch": epoch.number,
        "cost": epoch.cost,
        **({} if epoch.loss is None else {"loss": epoch.loss}),
        **epoch.followed,
        **({} if epoch.validation_loss is None else {"validation_loss": epoch.validation_loss}),
    }


def with_row(history: list[Record], row: Record) -> list[Record]:
    """Return the records with this one among them, in the order of the epochs, unless it is there already."""
    if not row or any((each["epoch"], each["cost"]) == (row["epoch"], row["cost"]) for each in history):
        return history
    before = [each for each in history if (each["epoch"] or 0) < (row["epoch"] or 0)]
    return [*before, row, *history[len(before) :]]
