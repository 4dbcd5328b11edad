"""A run that was interrupted or killed is resumed, to the bits that it would have ended with."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from mlpcli.config.differences import Difference, differences
from mlpcli.config.load import ConfigFile, load_config_text
from mlpcli.config.schema import Config
from mlpcli.data.files import DataFiles
from mlpcli.errors import ConfigError, Fault, ModelFileError, RunFailed
from mlpcli.problem.build import CHOICES, prepare, prepare_file, read_config
from mlpcli.registry import choice_name
from mlpcli.runs.atomic import remove_left_over
from mlpcli.runs.checkpoint import REMEDY, Checkpoint, understood
from mlpcli.runs.folder import CHECKPOINT, CONFIG, HISTORY, MODEL, SUMMARY, RunFolder
from mlpcli.runs.lock import locked
from mlpcli.runs.model_file import ModelFile
from mlpcli.runs.records import CheckpointHeader, RunOrigin
from mlpcli.runs.summary import read_summary
from mlpcli.training.checkpointer import unwritable_ends_run
from mlpcli.training.events import Run, RunEnded
from mlpcli.training.failure import failure
from mlpcli.training.finished import Finished, finished_run
from mlpcli.training.observer import TrainingHooks
from mlpcli.training.provenance import DATA_FILES, check_computation, check_data, check_start
from mlpcli.training.start import Ready, TrainingStart, fresh, make_ready
from mlpcli.training.state import TrainingState
from mlpcli.training.stop_reasons import ALL_DONE, INTERRUPTED, NON_FINITE
from mlpcli.training.trainer import run_training

STOP = tuple(f"training.stop.{key}" for key in ("patience", "min_delta", "cost_below", "max_time"))
RESUMABLE_KEYS = (
    *("training.epochs", *STOP, "training.print_every", "training.monitors"),
    *("data.source", "start_from", "executor"),
)
"""Keys that cannot change what was done so far: nothing is left of the initial weights, either. The executor
and the data files are checked by themselves."""
RELOCATABLE_KEYS = ("start_from", "executor")
"""Keys that may change when a run with seeds or folds is resumed."""
LEAVE_IT = (
    f"Leave it as it was, or train anew with mlp train. What may change: {', '.join(RESUMABLE_KEYS[:7])}."
)
NO_CHECKPOINT = f"the run has no {CHECKPOINT} yet: it starts from its {CONFIG}."


def resume_run(
    folder: RunFolder, overrides: Sequence[str], hooks: TrainingHooks, files: DataFiles | None = None
) -> Run:
    """Resume the training of a run folder by its own config.yaml: from its checkpoint, or from the start.

    overrides: of RESUMABLE_KEYS. files: what the command has read already; None: nothing. A run that is
    complete is reported as it is. Raises ConfigError, DataError, OutputError; ModelFileError where the
    checkpoint is damaged or does not fit the config; RunFailed where the cost is not finite, and where the
    run can no longer be kept.
    """
    with locked(folder.path), unwritable_ends_run(folder.path, lambda: "the last checkpoint"):
        remove_left_over(folder.path)
        if not folder.has(CHECKPOINT):
            return run_training(_fresh_in(folder, overrides, files, resumed=True), hooks)
        checkpoint = Checkpoint.read(folder.path / CHECKPOINT)
        file = read_config(folder.path / CONFIG, overrides)
        before, finished = _checked(folder, checkpoint, file)
        if finished is not None:
            return _report_finished(folder, finished, hooks)
        return run_training(restored(folder, checkpoint, file, before, files), hooks)


def start_run(folder: RunFolder, hooks: TrainingHooks, files: DataFiles) -> Run:
    """Train a run folder that has a config.yaml, and no training yet. Raises as resume_run does.

    files: what the command has read already, by which it has checked or written run.json.
    """
    with locked(folder.path), unwritable_ends_run(folder.path, lambda: "the last checkpoint"):
        remove_left_over(folder.path)
        return run_training(_fresh_in(folder, (), files, resumed=False), hooks)


def _fresh_in(
    folder: RunFolder, overrides: Sequence[str], files: DataFiles | None, *, resumed: bool
) -> TrainingStart:
    """Return the start of a run that has not begun, or (resumed) was killed before there was a checkpoint."""
    begun = [name for name in (HISTORY, MODEL) if folder.has(name)]
    if begun:
        what = f"There is no {CHECKPOINT}, though the training had begun: there is {begun[0]}."
        raise ModelFileError(Fault(str(folder.path), what, REMEDY))
    ready = make_ready(prepare(folder.path / CONFIG, overrides, files=files))
    # The command that begins a run has done that itself; of a pipe, nobody could tell later what was in it.
    if resumed and folder.has(SUMMARY):
        check_start(read_summary(folder)["made"], ready.made, ready.prepared.config)
    text = ready.prepared.file.text
    if overrides:
        folder.write_config(text)
    notes = (NO_CHECKPOINT,) if resumed else ()
    return fresh(ready, folder, config=text, run_config=text, notes=notes)


def _checked(folder: RunFolder, checkpoint: Checkpoint, file: ConfigFile) -> tuple[Config, Finished | None]:
    """Return the config so far, and the run if nothing is left to do. Raises ConfigError, ModelFileError."""
    values = checkpoint.values
    with understood(folder.path / CHECKPOINT):
        text = values["run_config"]
        then = load_config_text(text, folder.path / CONFIG, (), CHOICES, check_files=False).config
        what = "A run that goes on keeps its config, and this was changed"
        check_changes(file, then, RESUMABLE_KEYS, what, LEAVE_IT)
        _check_epochs(file, values)
        if _is_unfinished(values, then, file.config):
            return then, None
        return then, finished_run(folder, checkpoint)


def _report_finished(folder: RunFolder, finished: Finished, hooks: TrainingHooks) -> Run:
    if not folder.has(MODEL):
        what = f"The training is complete, and its {MODEL} is gone."
        remedy = f"Use another copy of the run, or train again: mlp train {folder.path / CONFIG}"
        raise ModelFileError(Fault(str(folder.path), what, remedy))
    ModelFile.read(folder.path / MODEL)
    run = finished.run
    hooks.report(RunEnded(run, anew=False))
    if run.failed:
        raise RunFailed(failure(run, finished.cause, finished.rule, finished.at_once))
    return run


def restored(
    folder: RunFolder,
    checkpoint: Checkpoint,
    file: ConfigFile,
    before: Config,
    files: DataFiles | None = None,
) -> TrainingStart:
    """Return the start from a checkpoint, and make the folder fit it.

    file: the checked config of the folder with the overrides; before: the config so far. Raises ConfigError,
    DataError, ModelFileError.
    """
    values, path = checkpoint.values, folder.path / CHECKPOINT
    checkpoint.check_version(path)
    ready = make_ready(prepare_file(file, files=files))
    prepared, made = ready.prepared, ready.made
    _keep_initial_weights(ready, values, file)
    _check_schedule(ready, values, file, before.training.epochs)
    with understood(path):
        check_data(values["made"], made, prepared.config.data)
        notes = check_computation(values["made"], made, path)
        text = values["config"]
    state = TrainingState.initial(prepared, ready.step)
    state.restore(checkpoint, path)
    folder.table(HISTORY).write(state.history)
    if prepared.file.text != values["run_config"]:
        text = prepared.file.text
        folder.write_config(text)
    given: RunOrigin = {"made": made, "config": text, "run_config": prepared.file.text}
    return TrainingStart(
        folder=folder, prepared=prepared, step=ready.step, state=state, given=given, notes=notes
    )


def _keep_initial_weights(ready: Ready, values: CheckpointHeader, file: ConfigFile) -> None:
    """Make the provenance name the initial weights that the run began with: nothing is left of others.

    Raises ConfigError where the learning rate was found from them.
    """
    made, began = ready.made, values["made"].get("start_from")
    if ready.prepared.found_rate is not None and made.get("start_from") != began:
        what = "The learning rate was found from the first weights, and these are others."
        raise file.error("start_from", what, "Bring back that model as it was, or train anew with mlp train.")
    made.pop("start_from", None)
    if began is not None:
        made["start_from"] = began


def _check_schedule(ready: Ready, values: CheckpointHeader, file: ConfigFile, before: int) -> None:
    """Raise ConfigError where a schedule over all epochs, `before` of them, would be over others now."""
    schedule, graph = ready.prepared.optimizer.schedule, values["made"]["graph"]
    if schedule is not None and ready.made["graph"] != graph and before != file.config.training.epochs:
        what = f"The schedule {choice_name(schedule)} is laid out over all epochs, {before} of them so far."
        remedy = "Leave training.epochs as it was, or train anew with mlp train."
        raise file.error("training.epochs", what, remedy)


def check_changes(file: ConfigFile, then: Config, free: Collection[str], what: str, remedy: str) -> None:
    """Raise ConfigError for every key that differs and may not: that is none of `free`, nor below one.

    The paths of data files are free, as what is in the files is checked. what, remedy: of the message.
    """
    faults = [
        file.with_location(Fault("", f"{what} ({each}).", remedy, each.key))
        for each in differences(then, file.config)
        if not _is_moved_file(each)
        and not any(each.key == key or each.key.startswith(f"{key}.") for key in free)
    ]
    if faults:
        raise ConfigError(faults)


def _is_moved_file(difference: Difference) -> bool:
    """Return whether the difference is another place of a data file."""
    both = isinstance(difference.first, str) and isinstance(difference.second, str)
    return both and difference.key in {f"data.{key}" for key in DATA_FILES}


def _check_epochs(file: ConfigFile, values: CheckpointHeader) -> None:
    """Raise ConfigError where too few epochs are asked for: what is done or begun has as many."""
    done, wanted = values["epoch"] + (values["part"] is not None), file.config.training.epochs
    if wanted < done or (
        wanted == done and values["stopped"] in ("", INTERRUPTED) and values["part"] is None
    ):
        what = f"{done} epochs are done or begun already."
        raise file.error("training.epochs", what, "Give more, or train anew with mlp train.")


def _is_unfinished(values: CheckpointHeader, then: Config, now: Config) -> bool:
    """Return whether there is anything left to do. then, now: the config before and after the overrides."""
    stopped = values["stopped"]
    if stopped in NON_FINITE:
        return False
    if stopped in ("", INTERRUPTED):
        return True
    more = now.training.epochs > values["epoch"]
    return more and (stopped == ALL_DONE or then.training.stop != now.training.stop)
