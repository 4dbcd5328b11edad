"""`train` and `resume`: what a config asks for before its training, then the training itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mlpcli.config.edit import as_options
from mlpcli.config.load import ConfigFile, ConfigSource, load_config_text, read_text
from mlpcli.config.schema import Config
from mlpcli.problem.build import CHOICES, prepare, prepare_file, read_config
from mlpcli.problem.problem import Problem
from mlpcli.runs.atomic import remove_left_over
from mlpcli.runs.folder import CHECKPOINT, CONFIG, SUMMARY, RunFolder, place_of
from mlpcli.runs.lock import locked
from mlpcli.training.checkpointer import explained
from mlpcli.training.events import Planned, Run
from mlpcli.training.provenance import check_executor, check_start, provenance
from mlpcli.training.range_test import with_rate
from mlpcli.training.resume import ELSEWHERE, check_changes
from mlpcli.training.resume import resume as resume_training
from mlpcli.training.trainer import Interrupted, Report, step_of, train_prepared


def train(
    config: ConfigSource,
    overrides: str | Sequence[str] = (),
    runs: str | Path = "runs",
    report: Report = lambda event: None,
    interrupted: Interrupted = lambda: False,
    keep_every: float | None = None,
) -> Run:
    """Train from a config and keep everything in a new folder under `runs`.

    config: a file, or a mapping that says what one would; its relative paths start from the working folder.
    overrides: as --set, "optimiser.learning_rate=0.01", one or several. report: called as things happen.
    interrupted: asked after every batch; when it says yes, training ends there and is saved. keep_every:
    seconds between two checkpoints; None: so that they take next to no time. Raises ConfigError, DataError,
    OutputError; RunFailed where the cost became infinite or NaN, the last good weights saved, and where
    the run can no longer be kept; KeyboardInterrupt where seeds or folds were interrupted.
    """
    prepared = prepare(config, overrides)
    if not asks_for_more(prepared.config):
        return train_prepared(prepared, runs, report, interrupted, keep_every)
    folder = RunFolder.create(Path(runs), prepared.file.path.stem, prepared.file.text_for)
    return _after_the_rest(prepared, folder, report, interrupted, keep_every)


def resume(
    run: str | Path,
    overrides: str | Sequence[str] = (),
    report: Report = lambda event: None,
    interrupted: Interrupted = lambda: False,
    keep_every: float | None = None,
) -> Run:
    """Go on with a run that was interrupted or killed, in its folder, by its own config.yaml.

    overrides: of keys that cannot change what was done so far: training.epochs, training.stop and the
    like. A run that is complete is told as it is. Arguments and errors are else those of train;
    ModelFileError where the checkpoint is damaged, or not what would be gone on with.
    """
    overrides, folder = as_options(overrides), RunFolder.find(place_of(run))
    file = read_config(folder.path / CONFIG, overrides)
    if asks_for_more(file.config):
        check_places(file, folder, overrides)
        if not folder.has(CHECKPOINT):
            prepared = prepare_file(file)
            if overrides:
                folder.write_config(file.text)
            return _after_the_rest(prepared, folder, report, interrupted, keep_every, overrides)
    return resume_training(run, overrides, report, interrupted, keep_every)


def check_places(file: ConfigFile, folder: RunFolder, overrides: Sequence[str]) -> None:
    """Raises ConfigError where more is changed than where the data files are."""
    if not overrides:
        return
    then = load_config_text(
        read_text(folder.path / CONFIG), folder.path / CONFIG, (), CHOICES, check_files=False
    )
    what = "It belongs to what the run is made of, and was changed"
    remedy = "Leave it as it was: here only the places of data files and of start_from may change."
    check_changes(file, then.config, ELSEWHERE, what, remedy)


def asks_for_more(config: Config) -> bool:
    """Whether seeds or folds come before the training."""
    return config.repeat is not None or config.training.folds is not None


def _after_the_rest(
    prepared: Problem,
    folder: RunFolder,
    report: Report,
    interrupted: Interrupted,
    keep_every: float | None,
    overrides: Sequence[str] = (),
) -> Run:
    """Seeds or folds, as far as they are not done, then the training of the config, which they may change."""
    with locked(folder.path), explained(folder.path, lambda: "what is done"):
        remove_left_over(folder.path)
        rated = with_rate(prepared)
        made = provenance(rated, step_of(rated))
        if folder.has(SUMMARY):  # what is done of it was done with the same rows
            then = folder.read_summary()["made"]
            check_start(then, made, prepared.config)
            check_executor(then, made, folder.path)
        else:
            folder.write_summary({"made": made, "ended": None})
        report(Planned(rated, folder.path))
        if prepared.config.repeat is not None:
            from mlpcli.experiments.repeat import repeat

            repeat(prepared, folder, report, interrupted)
        else:
            from mlpcli.experiments.cross_validate import cross_validate

            cross_validate(prepared, folder, report, interrupted, keep_every, overrides)
    return resume_training(folder.path, (), report, interrupted, keep_every, anew=True, files=prepared.files)
