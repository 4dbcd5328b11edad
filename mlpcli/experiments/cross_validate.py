"""`training.folds`: cross-validation. Every row is predicted by a training that has not seen it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from mlpcli.config.load import load_config
from mlpcli.data.counts import Counts
from mlpcli.errors import Fault, ModelFileError, OutputError, RunFailed
from mlpcli.predict.model import prediction_of
from mlpcli.problem.build import CHOICES, prepare, with_overrides
from mlpcli.problem.problem import Problem
from mlpcli.runs.folder import CONFIG, FOLDS, PREDICTIONS, REMEDY, RunFolder
from mlpcli.runs.model_file import ModelFile
from mlpcli.training.events import BrokenOff, Event, FoldDone, FoldsDone
from mlpcli.training.part_evaluator import Watched
from mlpcli.training.resume import ELSEWHERE, check_changes, resume

LEAVE_FOLDS = "Delete that folder: the fold is then trained again."


def cross_validate(
    prepared: Problem,
    folder: RunFolder,
    report: Callable[[Event], None],
    interrupted: Callable[[], bool],
    keep_every: float | None = None,
    overrides: Sequence[str] = (),
) -> None:
    """Train each fold in a run folder of its own, fold-1 and so on, and go on where that was begun.

    Leaves folds.csv (a row of scores per fold) and fold-predictions.csv (a row per row of the file, in its
    order). overrides: for folds that were begun; `prepared` has them already. Raises KeyboardInterrupt where
    it was told to end, else as train.
    """
    count = prepared.config.training.folds
    assert count is not None
    scores: list[Mapping[str, float]] = []
    predicted: list[dict[str, Any]] = []
    for number in range(1, count + 1):
        file = with_overrides(prepared.file, [f"data.fold={number}/{count}", "training.folds=null"])
        inner = folder.inner(f"fold-{number}", file.text_for)
        try:
            then = load_config(inner.path / CONFIG, (), CHOICES, check_files=False).config
            check_changes(file, then, ELSEWHERE, f"{inner.path} is another training", LEAVE_FOLDS)
            run = resume(
                inner.path,
                overrides,
                interrupted=interrupted,
                keep_every=keep_every,
                files=prepared.files,
            )
            if run.interrupted:
                raise KeyboardInterrupt
            mine = prepare(inner.path / CONFIG, overrides, files=prepared.files)
            held = _held_back(mine, inner)
        except KeyboardInterrupt:  # in a fold, or while its rows are read
            with suppress(OSError):  # the standard output may be gone, too
                report(BrokenOff(folder.path))
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
        scores.append({**held.scores(), "loss": held.loss()})
        predicted += _predictions(mine, held, number)
        ended = inner.read_summary()["ended"]
        halvings = len(ended["halvings"]) if ended else 0
        report(FoldDone(number, count, run.epochs, run.kept_epoch, scores[-1], halvings))
    folder.write_table(FOLDS, [{"fold": at, **each} for at, each in enumerate(scores, 1)])
    predicted.sort(key=lambda row: int(row["line"]))
    folder.write_table(PREDICTIONS, predicted)
    report(FoldsDone(tuple(scores), folder.path / PREDICTIONS))


def folds_of(folder: RunFolder) -> FoldsDone | None:
    """What folds.csv has; None where not all folds are done, or none was asked for. Raises ModelFileError."""
    rows = folder.read_rows(FOLDS)
    if not folder.has(FOLDS):
        return None
    try:
        scores = [{name: float(text) for name, text in row.items() if name != "fold"} for row in rows]
        if len(scores) < 2 or not all(scores):
            raise ValueError("scores are missing in it")
    except ValueError as error:
        raise ModelFileError(Fault(str(folder.path / FOLDS), f"It is damaged: {error}.", REMEDY)) from error
    return FoldsDone(tuple(scores), folder.path / PREDICTIONS)


def _held_back(prepared: Problem, folder: RunFolder) -> Watched:
    """The rows of the fold, with the weights that were kept."""
    assert prepared.dataset.test is not None
    weights = ModelFile.read(folder.model()).parameters
    return Watched(prepared, "test", prepared.dataset.test, weights)


def _predictions(prepared: Problem, held: Watched, fold: int) -> Iterator[dict[str, Any]]:
    """line: of the row in its file. Then the fold, what `mlp predict` would say, and what is true."""
    preparation, part = prepared.dataset.preparation, held.part
    said = prediction_of(held.outputs(), preparation, Counts(), held.no_probabilities)
    target = preparation.target
    for at, line in enumerate(part.lines):
        row: dict[str, Any] = {"line": int(line), "fold": fold}
        values = said.values[at].tolist()
        if said.labels is not None:
            row |= {"true": said.names[int(part.targets[at])], "label": said.labels[at]}
            row |= dict(zip(said.columns, values, strict=True))
        else:
            true = part.targets[at : at + 1]
            true = preparation.unscale(true) if target.task == "regression" else true
            row |= {f"true_{name}": value for name, value in zip(said.names, true[0].tolist(), strict=True)}
            row |= {f"predicted_{name}": value for name, value in zip(said.names, values, strict=True)}
        yield row
