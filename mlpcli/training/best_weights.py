"""The weights that become the model: those of the best epoch, its row of history.csv, and their scores."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mlpcli.execute.executor import State
from mlpcli.runs.records import KeptEpoch
from mlpcli.scoring.evaluation import Evaluation
from mlpcli.training.epoch import Epoch
from mlpcli.training.events import Record
from mlpcli.training.part_evaluator import PartEvaluator

if TYPE_CHECKING:
    from mlpcli.config.schema import TrainingConfig
    from mlpcli.data.dataset import Dataset
    from mlpcli.problem.problem import Problem


def keeps_best(training: TrainingConfig, dataset: Dataset) -> bool:
    """Return whether the best epoch by the validation rows is kept, and not the last one."""
    return dataset.validation is not None and training.keep != "last"


class BestWeights:
    """The weights that become the model: of the best epoch, else of the last; never non-finite ones.

    weights: arrays by name. record, seconds: of that epoch as in history.csv, without the scores that need a
    pass over rows; while the last epoch is the one kept, of the last one so far. Numbers that are not known
    are None. scores: of the weights, once training is over: training_loss, validation_accuracy and the like.
    """

    def __init__(self, parameters: State, follows_best: bool) -> None:
        """Keep a copy of the initial weights. parameters: the arrays that training changes."""
        self._live, self.follows_best = parameters, follows_best
        self.weights = {name: array.copy() for name, array in parameters.items()}
        self.epoch = 0
        self.record: Record = {}
        self.seconds = 0.0
        self.scores: Record = {}

    def after(self, epoch: Epoch) -> None:
        """Take over the weights of an epoch that is over, if they are to be kept."""
        if epoch.last_finite is not None and not self.follows_best:
            self._take(epoch.last_finite, epoch.last_finite_epoch)
            if self.record and not self._known:
                # The epoch before the last one: nothing is remembered of it but its weights.
                self.record = {**dict.fromkeys(self.record), "epoch": epoch.last_finite_epoch}
        elif epoch.finite and (epoch.improved or not self.follows_best):
            self.record, self.seconds = record_of(epoch), epoch.seconds
            # The weights of the last epoch are copied once only, when it is known to be the last.
            if self.follows_best or epoch.stopped:
                self._take(self._live, epoch.number)

    def score(self, prepared: Problem, evaluator: PartEvaluator) -> Evaluation | None:
        """Compute the scores of the kept weights by a pass over each part; return those of the test part.

        evaluator: of the weights in training, which are put back. Nothing is compiled anew for it.
        """
        dataset = prepared.dataset
        live = {name: array.copy() for name, array in self._live.items()}
        try:
            _copy_into(self._live, self.weights)
            evaluator.look_at(prepared, dataset.training, "training")
            scores = evaluator.report()
            if dataset.validation is not None:
                evaluator.look_at(prepared, dataset.validation, "validation")
                scores = {"training_loss": scores["training_loss"], **evaluator.report()}
            self.scores = {name: score if math.isfinite(score) else None for name, score in scores.items()}
            if dataset.test is None:
                return None
            evaluator.look_at(prepared, dataset.test, "test")
            return evaluator.evaluation()
        finally:
            _copy_into(self._live, live)

    @property
    def cost(self) -> float | None:
        """The cost of the epoch, each batch's before its update; None where it is not known."""
        return self._known.get("cost")

    @property
    def loss(self) -> float | None:
        """The mean loss of the epoch, each batch's before its update; the cost where there is no penalty."""
        return self._known.get("loss", self.cost)

    @property
    def _known(self) -> Record:
        return self.record if self.record.get("epoch") == self.epoch else {}

    @property
    def row(self) -> Record:
        """The epoch as a row of history.csv; empty before the first epoch, or if nothing is known of it."""
        record, part = dict(self._known), "validation_" if "validation_loss" in self.record else "training_"
        if not record or not self.scores or not self.epoch:
            return {}
        own = {name: value for name, value in self.scores.items() if name.startswith(part)}
        return {**record, **own, "seconds": None if self.cost is None else round(self.seconds, 3)}

    def as_json(self) -> KeptEpoch:
        """Return everything but the weights, for a checkpoint."""
        return {
            "epoch": self.epoch,
            "record": dict(self.record),
            "scores": dict(self.scores),
            "seconds": self.seconds,
        }

    def restore(self, found: KeptEpoch) -> None:
        """Take over what as_json returned, which has no weights. Raises ValueError for anything else."""
        if found["record"] and not {"epoch", "cost"} <= set(found["record"]):
            raise ValueError("what is known of the epoch that is kept is not a row of its history")
        self.epoch, self.record, self.scores = found["epoch"], found["record"], found["scores"]
        self.seconds = found["seconds"]

    def _take(self, weights: State, epoch: int) -> None:
        _copy_into(self.weights, weights)
        self.epoch, self.scores = epoch, {}


def _copy_into(arrays: State, found: State) -> None:
    for name, array in arrays.items():
        array[...] = found[name]


def record_of(epoch: Epoch) -> Record:
    """Return the row of history.csv of an epoch, without seconds and scores that need another pass."""
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
