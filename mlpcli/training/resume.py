"""`train --resume`: a run that broke off goes on to the bits that it would have ended with."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from mlpcli.config.differences import Difference, differences
from mlpcli.config.load import ConfigFile, load_config_text
from mlpcli.config.schema import Config
from mlpcli.data.files import DataFiles
from mlpcli.errors import ConfigError, Fault, ModelFileError, RunFailed
from mlpcli.optim.step import TrainingStep
from mlpcli.problem.build import CHOICES, prepare, read_config
from mlpcli.problem.problem import Problem
from mlpcli.registry import choice_name
from mlpcli.runs.atomic import remove_left_over
from mlpcli.runs.checkpoint import REMEDY, Checkpoint, understood
from mlpcli.runs.folder import CHECKPOINT, CONFIG, HISTORY, MODEL, SUMMARY, RunFolder
from mlpcli.runs.lock import locked
from mlpcli.runs.model_file import ModelFile
from mlpcli.runs.records import Given
from mlpcli.training.best_weights import Kept, with_row
from mlpcli.training.checkpointer import Keeper, explained
from mlpcli.training.events import Ended, Noticed, Run, Started
from mlpcli.training.loop import ALL_DONE, INTERRUPTED, LOST
from mlpcli.training.part_evaluator import LOST_RULES
from mlpcli.training.provenance import DATA_FILES, check_computation, check_data, check_start, provenance
from mlpcli.training.range_test import with_rate
from mlpcli.training.state import Session, records
from mlpcli.training.trainer import Interrupted, Report, conduct, failure, keep_curve, step_of

STOP = tuple(f"training.stop.{key}" for key in ("patience", "min_delta", "cost_below", "max_time"))
FREE = (
    *("training.epochs", *STOP, "training.print_every", "training.monitors"),
    *("data.source", "start_from", "executor"),
)
"""Keys that cannot change what was done so far: nothing is left of the first weights, either. The executor
and the data files are looked at as such."""
ELSEWHERE = ("start_from", "executor")
"""Likewise, of a run with seeds or folds."""
LEAVE_IT = f"Leave it as it was, or train anew with mlp train. What may change: {', '.join(FREE[:7])}."


def resume(
    run: str | Path,
    overrides: Sequence[str] = (),
    report: Report = lambda event: None,
    interrupted: Interrupted = lambda: False,
    keep_every: float | None = None,
    anew: bool = False,
    files: DataFiles | None = None,
) -> Run:
    """Go on with a run that was interrupted or killed, in its folder, by its own config.yaml.

    overrides: of keys that cannot change what was done so far: training.epochs, training.stop and the
    like. A run that is complete is told as it is. anew: that the training has not begun yet is as it should
    be. files: what the command has read already. Arguments and errors are else those of train;
    ModelFileError where the checkpoint is damaged, or not what would be gone on with.
    """
    folder = RunFolder.find(Path(run))
    with locked(folder.path), explained(folder.path, lambda: "the last checkpoint"):
        remove_left_over(folder.path)
        if not folder.has(CHECKPOINT):
            return _from_the_start(folder, overrides, report, interrupted, keep_every, anew, files)
        found = Checkpoint.read(folder.path / CHECKPOINT)
        return _go_on(folder, found, overrides, report, interrupted, keep_every, files)


def _from_the_start(
    folder: RunFolder,
    overrides: Sequence[str],
    report: Report,
    interrupted: Interrupted,
    keep_every: float | None,
    anew: bool,
    files: DataFiles | None,
) -> Run:
    """A run that was killed before there was a checkpoint."""
    begun = [name for name in (HISTORY, MODEL) if folder.has(name)]
    if begun:
        what = f"There is no {CHECKPOINT}, though the training had begun: there is {begun[0]}."
        raise ModelFileError(Fault(str(folder.path), what, REMEDY))
    prepared, step = _prepared(folder, overrides, files)
    made = provenance(prepared, step)
    if folder.has(SUMMARY):
        check_start(folder.read_summary()["made"], made, prepared.config)
    session = Session.begin(prepared, step)
    if overrides:
        folder.write_config(prepared.file.text)
    text = prepared.file.text
    keeper = Keeper(folder, session, {"made": made, "config": text, "run_config": text}, keep_every)
    keep_curve(prepared, folder)
    note = f"the run has no {CHECKPOINT} yet: it starts from its {CONFIG}."
    started = Started(prepared, folder.path, notes=() if anew else (note,))
    return conduct(prepared, step, session, keeper, started, report, interrupted)


def _go_on(
    folder: RunFolder,
    found: Checkpoint,
    overrides: Sequence[str],
    report: Report,
    interrupted: Interrupted,
    keep_every: float | None,
    files: DataFiles | None,
) -> Run:
    values, path = found.values, folder.path / CHECKPOINT
    file = read_config(folder.path / CONFIG, overrides)
    with understood(path):
        text = values["run_config"]
        then = load_config_text(text, folder.path / CONFIG, (), CHOICES, check_files=False).config
        check_changes(file, then, FREE, "A run that goes on keeps its config, and this was changed", LEAVE_IT)
        _check_epochs(file, values)
        over = None if _goes_on(values, then, file.config) else _as_it_is(folder, values, found)
        lost = [f for f in values["findings"] if f["rule"] in LOST_RULES]
        cause, rule = (lost[-1]["cause"], lost[-1]["rule"]) if lost else ("", "")
        at_once = bool(lost) and (lost[-1]["epoch"], lost[-1]["batch"]) == (1, 1)
    if over is not None:
        if not folder.has(MODEL):
            what = f"The training is complete, and its {MODEL} is gone."
            remedy = f"Use another copy of the run, or train again: mlp train {folder.path / CONFIG}"
            raise ModelFileError(Fault(str(folder.path), what, remedy))
        ModelFile.read(folder.path / MODEL)
        report(Ended(over, anew=False))
        if over.failed:
            raise RunFailed(failure(over, cause, rule, at_once))
        return over
    found.check_version(path)
    prepared, step = _prepared(folder, overrides, files)
    made = provenance(prepared, step)
    began = values["made"].get("start_from")
    if prepared.found_rate is not None and made.get("start_from") != began:
        what = "The learning rate was found from the first weights, and these are others."
        raise file.error("start_from", what, "Bring back that model as it was, or train anew with mlp train.")
    made.pop("start_from", None)
    if began is not None:
        made["start_from"] = began
    schedule = getattr(prepared.optimizer, "schedule", None)
    epochs = then.training.epochs, file.config.training.epochs
    if schedule is not None and made["graph"] != values["made"]["graph"] and epochs[0] != epochs[1]:
        what = (
            f"The schedule {choice_name(schedule)} is laid out over all epochs, {epochs[0]} of them so far."
        )
        remedy = "Leave training.epochs as it was, or train anew with mlp train."
        raise file.error("training.epochs", what, remedy)
    with understood(path):
        check_data(values["made"], made, prepared.config.data)
        notes = check_computation(values["made"], made, path)
        text = values["config"]
    session = Session.begin(prepared, step)
    session.restore(found, path)
    folder.write_history(session.history)
    if prepared.file.text != values["run_config"]:
        text = prepared.file.text
        folder.write_config(text)
    given: Given = {"made": made, "config": text, "run_config": prepared.file.text}
    keeper = Keeper(folder, session, given, keep_every)
    part = session.progress.part
    begun = part.passed.batches if part else 0
    started = Started(prepared, folder.path, session.progress.done, begun, notes)
    return conduct(prepared, step, session, keeper, started, report, interrupted)


def _prepared(
    folder: RunFolder, overrides: Sequence[str], files: DataFiles | None
) -> tuple[Problem, TrainingStep]:
    prepared = with_rate(prepare(folder.path / CONFIG, overrides, files=files))
    return prepared, step_of(prepared)


def check_changes(file: ConfigFile, then: Config, free: Collection[str], what: str, remedy: str) -> None:
    """Raises ConfigError for every key that differs and may not: that is none of `free`, nor below one.

    The paths of data files are free, as what is in the files is looked at. what, remedy: of the message.
    """
    faults = [
        file.with_location(Fault("", f"{what} ({each}).", remedy, each.key))
        for each in differences(then, file.config)
        if not _moved(each) and not any(each.key == key or each.key.startswith(f"{key}.") for key in free)
    ]
    if faults:
        raise ConfigError(faults)


def _moved(difference: Difference) -> bool:
    """Whether it is another place of a data file."""
    both = isinstance(difference.first, str) and isinstance(difference.second, str)
    return both and difference.key in {f"data.{key}" for key in DATA_FILES}


def _check_epochs(file: ConfigFile, values: Any) -> None:
    done, wanted = values["epoch"] + (values["part"] is not None), file.config.training.epochs
    if wanted < done or (
        wanted == done and values["stopped"] in ("", INTERRUPTED) and values["part"] is None
    ):
        what = f"{done} epochs are done or begun already."
        raise file.error("training.epochs", what, "Give more, or train anew with mlp train.")


def _goes_on(values: Any, then: Config, now: Config) -> bool:
    """Whether there is anything left to do."""
    stopped = values["stopped"]
    if stopped in LOST:
        return False
    if stopped in ("", INTERRUPTED):
        return True
    more = now.training.epochs > values["epoch"]
    return more and (stopped == ALL_DONE or then.training.stop != now.training.stop)


def _as_it_is(folder: RunFolder, values: Any, found: Checkpoint) -> Run:
    """The run that is over, from its last checkpoint."""
    kept = Kept({}, following=False)
    kept.restore(values["kept"])
    history = records(values["history"], found.groups["history"])
    return Run(
        folder.path,
        values["stopped"],
        values["epoch"] + (values["part"] is not None or values["stopped"] in LOST),
        math.nan if kept.cost is None else kept.cost,
        kept.epoch,
        values["seconds"],
        tuple(with_row(history, kept.row)),
        None,
        tuple(map(Noticed.from_json, values["findings"])),
        kept.loss,
        kept.scores,
    )
