"""`training.folds`: cross-validation. Every row is predicted by a training that has not seen it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from mlpcli.config.load import load_config
from mlpcli.data.preparation_warnings import PreparationWarnings
from mlpcli.errors import Fault, ModelFileError, OutputError, RunFailed
from mlpcli.predict.model import prediction_of
from mlpcli.problem.build import CHOICES, prepare, with_overrides
from mlpcli.problem.problem import Problem
from mlpcli.runs.folder import CONFIG, FOLDS, PREDICTIONS, RunFolder
from mlpcli.runs.model_file import ModelFile
from mlpcli.runs.summary import read_summary
from mlpcli.runs.table import REMEDY
from mlpcli.training.events import FoldDone, FoldsDone, RunInterrupted
from mlpcli.training.observer import TrainingHooks
from mlpcli.training.part_evaluator import PartEvaluator, printed_scores
from mlpcli.training.resume import RELOCATABLE_KEYS, check_changes, resume_run

LEAVE_FOLDS = "Delete that folder: the fold is then trained again."


def cross_validate(
    prepared: Problem,
    folder: RunFolder,
    hooks: TrainingHooks,
    overrides: Sequence[str] = (),
) -> None:
    """Train each fold in a run folder of its own, fold-1 and so on, and resume folds that were begun.

    Leaves folds.csv (a row of scores per fold) and fold-predictions.csv (a row per row of the file, in its
    order). Folds are built from the tables that `prepared` has read. overrides: for folds that were begun;
    `prepared` has them already. Raises KeyboardInterrupt where it is interrupted, else what train raises.
    """
    count = prepared.config.training.folds
    assert count is not None
    quiet = replace(hooks, report=lambda event: None)
    scores: list[Mapping[str, float]] = []
    predicted: list[dict[str, Any]] = []
    for number in range(1, count + 1):
        file = with_overrides(prepared.file, [f"data.fold={number}/{count}", "training.folds=null"])
        inner = folder.inner(f"fold-{number}", file.text_for)
        try:
            then = load_config(inner.path / CONFIG, (), CHOICES, check_files=False).config
            check_changes(file, then, RELOCATABLE_KEYS, f"{inner.path} is another training", LEAVE_FOLDS)
            run = resume_run(inner, overrides, quiet, prepared.files)
            if run.interrupted:
                raise KeyboardInterrupt
            mine = prepare(inner.path / CONFIG, overrides, files=prepared.files)
            held = _held_back(mine, inner)
        except KeyboardInterrupt:  # in a fold, or while its rows are read
            with suppress(OSError):  # the standard output may be gone, too
                hooks.report(RunInterrupted(folder.path))
            raise
        except ModelFileError as error:
            remedy = f"Delete {inner.path}; mlp train --resume {folder.path} then trains that fold again."
            raise ModelFileError([Fault(f.where, f.what, remedy) for f in error.faults]) from error
        except RunFailed as error:
            remedy = "Mend the config, and train anew: a run keeps the config it began with."
            if isinstance(error.__cause__, OutputError):
                remedy = f"Free the place, then go on from what is done: mlp train --resume {folder.path}"
            where = f"fold {number} of {count}"
            raise RunFailed([Fault(f"{where}, {f.where}", f.what, remedy) for f in error.faults]) from error
        scores.append(
            {**printed_scores(held.evaluation(), mine.config.training.stop.metric), "loss": held.loss()}
        )
        predicted += _predictions(mine, held, number)
        ended = read_summary(inner)["ended"]
        halvings = len(ended["halvings"]) if ended else 0
        done = FoldDone(
            number=number,
            of=count,
            epochs=run.epochs,
            kept_epoch=run.kept_epoch,
            scores=scores[-1],
            halvings=halvings,
        )
        hooks.report(done)
    folder.table(FOLDS).write([{"fold": at, **each} for at, each in enumerate(scores, 1)])
    predicted.sort(key=lambda row: int(row["line"]))
    folder.table(PREDICTIONS).write(predicted)
    hooks.report(FoldsDone(tuple(scores), folder.path / PREDICTIONS))


def folds_of(folder: RunFolder) -> FoldsDone | None:
    """Read folds.csv; return None where folds are missing or were not asked for. Raises ModelFileError."""
    rows = list(folder.table(FOLDS).rows())
    if not folder.has(FOLDS):
        return None
    try:
        scores = [{name: float(text) for name, text in row.items() if name != "fold"} for row in rows]
        if len(scores) < 2 or not all(scores):
            raise ValueError("scores are missing in it")
    except ValueError as error:
        raise ModelFileError(Fault(str(folder.path / FOLDS), f"It is damaged: {error}.", REMEDY)) from error
    return FoldsDone(tuple(scores), folder.path / PREDICTIONS)


def _held_back(prepared: Problem, folder: RunFolder) -> PartEvaluator:
    """Return an evaluator of the rows that a fold holds back, with the weights that were kept."""
    assert prepared.dataset.test is not None
    weights = ModelFile.read(folder.model()).parameters
    return PartEvaluator(prepared, "test", prepared.dataset.test, weights)


def _predictions(prepared: Problem, held: PartEvaluator, fold: int) -> Iterator[dict[str, Any]]:
    """Yield a record for each held-back row: its line in the file, the fold, the truth, the prediction."""
    preparation, part = prepared.dataset.preparation, held.part
    outputs = prediction_of(held.outputs(), preparation, PreparationWarnings(), held.no_probabilities)
    target = preparation.target
    for at, line in enumerate(part.lines):
        row: dict[str, Any] = {"line": int(line), "fold": fold}
        values = outputs.values[at].tolist()
        if outputs.labels is not None:
            row |= {"true": outputs.names[int(part.targets[at])], "label": outputs.labels[at]}
            row |= dict(zip(outputs.columns, values, strict=True))
        else:
            true = part.targets[at : at + 1]
            true = preparation.unscale(true) if target.task == "regression" else true
            row |= {
                f"true_{name}": value for name, value in zip(outputs.names, true[0].tolist(), strict=True)
            }
            row |= {f"predicted_{name}": value for name, value in zip(outputs.names, values, strict=True)}
        yield row
