"""`train` and `resume`: the seeds or folds that a config asks for, then the training itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mlpcli.config.edit import as_options
from mlpcli.config.load import ConfigFile, ConfigSource, load_config_text, read_text
from mlpcli.config.schema import Config
from mlpcli.data.progress import Progress
from mlpcli.execute.executor import State
from mlpcli.execute.rows import EpochRunner
from mlpcli.problem.build import CHOICES, prepare, prepare_file, read_config
from mlpcli.problem.problem import Problem
from mlpcli.runs.atomic import remove_left_over
from mlpcli.runs.folder import CHECKPOINT, CONFIG, SUMMARY, RunFolder, place_of
from mlpcli.runs.lock import locked
from mlpcli.runs.summary import read_summary, write_summary
from mlpcli.training.checkpointer import unwritable_ends_run
from mlpcli.training.epoch import Epoch
from mlpcli.training.events import Planned, Run
from mlpcli.training.observer import Interrupted, NonFiniteCost, Report, TrainingHooks, TrainingObserver
from mlpcli.training.part_evaluator import PartEvaluator
from mlpcli.training.provenance import check_executor, check_start
from mlpcli.training.start import fresh, make_ready
from mlpcli.training.trainer import run_training


def train(
    config: ConfigSource,
    overrides: str | Sequence[str] = (),
    runs: str | Path = "runs",
    report: Report = lambda event: None,
    interrupted: Interrupted = lambda: False,
    keep_every: float | None = None,
    progress: Progress | None = None,
) -> Run:
    """Train from a config and keep everything in a new folder under `runs`.

    config: a file, or a mapping with the same keys; its relative paths start from the working folder.
    overrides: as --set, "optimiser.learning_rate=0.01", one or several. report, interrupted, keep_every: see
    TrainingHooks. progress: is told how far data files are read. Raises ConfigError, DataError, OutputError;
    RunFailed where the cost became infinite or NaN, the last good weights saved, and where the run can no
    longer be kept; KeyboardInterrupt where seeds or folds were interrupted.
    """
    hooks = hooks_of(report, interrupted, keep_every)
    prepared = prepare(config, overrides, progress=progress)
    if not asks_for_more(prepared.config):
        return _train_once(prepared, Path(runs), hooks)
    from mlpcli.training.resume import start_run  # a plain training needs nothing of it

    folder = RunFolder.create(Path(runs), prepared.file.path.stem, prepared.file.text_for)
    _run_experiment(prepared, folder, hooks)
    return start_run(folder, hooks, prepared.files)


def resume(
    run: str | Path,
    overrides: str | Sequence[str] = (),
    report: Report = lambda event: None,
    interrupted: Interrupted = lambda: False,
    keep_every: float | None = None,
) -> Run:
    """Resume a run that was interrupted or killed, in its folder, by its own config.yaml.

    overrides: of keys that cannot change what was done so far: training.epochs, training.stop and the
    like. A run that is complete is reported as it is. The other arguments and errors are those of train;
    raises ModelFileError where the checkpoint is damaged, or does not fit the config.
    """
    from mlpcli.training.resume import resume_run, start_run

    hooks = hooks_of(report, interrupted, keep_every)
    overrides, folder = as_options(overrides), RunFolder.find(place_of(run))
    file = read_config(folder.path / CONFIG, overrides)
    if not asks_for_more(file.config):
        return resume_run(folder, overrides, hooks)
    check_places(file, folder, overrides)
    if folder.has(CHECKPOINT):  # seeds or folds are done
        return resume_run(folder, overrides, hooks)
    prepared = prepare_file(file)
    if overrides:
        folder.write_config(file.text)
    _run_experiment(prepared, folder, hooks, overrides)
    return start_run(folder, hooks, prepared.files)


def hooks_of(report: Report, interrupted: Interrupted, keep_every: float | None) -> TrainingHooks:
    """Return these hooks, with the diagnosis as the observer of the training."""
    return TrainingHooks(
        report=report,
        interrupted=interrupted,
        keep_every=keep_every,
        make_observer=_make_observer,
        explain=_explain_non_finite_cost,
    )


def _make_observer(prepared: Problem, state: State) -> TrainingObserver:
    # Imported here: a training without monitors does not wait for them.
    from mlpcli.diagnose.monitoring import Monitoring

    return Monitoring(prepared, state)


def _explain_non_finite_cost(
    prepared: Problem, runner: EpochRunner, state: State, epoch: Epoch, evaluator: PartEvaluator
) -> NonFiniteCost:
    from mlpcli.diagnose.non_finite_cost import explain_non_finite_cost  # seldom needed

    return explain_non_finite_cost(prepared, runner, state, epoch, evaluator)


def check_places(file: ConfigFile, folder: RunFolder, overrides: Sequence[str]) -> None:
    """Raise ConfigError where more is changed than the places of data files and of start_from."""
    if not overrides:
        return
    from mlpcli.training.resume import RELOCATABLE_KEYS, check_changes

    then = load_config_text(
        read_text(folder.path / CONFIG), folder.path / CONFIG, (), CHOICES, check_files=False
    )
    what = "It belongs to what the run is made of, and was changed"
    remedy = "Leave it as it was: here only the places of data files and of start_from may change."
    check_changes(file, then.config, RELOCATABLE_KEYS, what, remedy)


def asks_for_more(config: Config) -> bool:
    """Return whether seeds or folds come before the training."""
    return config.repeat is not None or config.training.folds is not None


def _train_once(prepared: Problem, runs: Path, hooks: TrainingHooks) -> Run:
    ready = make_ready(prepared)  # before there is a folder: data files may turn out to be unreadable
    file = ready.prepared.file
    folder = RunFolder.create(runs, file.path.stem, file.text_for)
    with locked(folder.path), unwritable_ends_run(folder.path):
        start = fresh(ready, folder, config=file.text, run_config=file.text_for(folder.path))
        return run_training(start, hooks)


def _run_experiment(
    prepared: Problem, folder: RunFolder, hooks: TrainingHooks, overrides: Sequence[str] = ()
) -> None:
    """Train the seeds or folds, as far as they are not done. Seeds change the config to that of the best.

    overrides: for folds that were begun; `prepared` has them already. Raises KeyboardInterrupt where it was
    interrupted.
    """
    with locked(folder.path), unwritable_ends_run(folder.path, lambda: "what is done"):
        remove_left_over(folder.path)
        ready = make_ready(prepared)
        if folder.has(SUMMARY):  # what is done of it was done with the same rows
            then = read_summary(folder)["made"]
            check_start(then, ready.made, prepared.config)
            check_executor(then, ready.made, folder.path)
        else:
            write_summary(folder, {"made": ready.made, "ended": None})
        hooks.report(Planned(ready.prepared, folder.path))
        if prepared.config.repeat is not None:
            from mlpcli.experiments.repeat import repeat

            repeat(prepared, folder, hooks.report, hooks.interrupted)
        else:
            from mlpcli.experiments.cross_validate import cross_validate

            cross_validate(prepared, folder, hooks, overrides)
