"""The library's front door: every verb of the command line is a function here, which the command calls.

What a function needs is imported when it is called: `mlp check` does not wait for the diagnosis.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlpcli.config.load import ConfigSource
    from mlpcli.data.preparation_warnings import PreparationWarnings
    from mlpcli.data.progress import Progress
    from mlpcli.diagnose.repair.candidates import Candidate
    from mlpcli.diagnose.repair.search import Repair
    from mlpcli.diagnose.report import GradcheckReport
    from mlpcli.diagnose.trials.evidence import Evidence
    from mlpcli.experiments.compare import Comparison
    from mlpcli.experiments.data_report.report import DataReport
    from mlpcli.experiments.reproduce import Reproduction
    from mlpcli.experiments.show import Shown
    from mlpcli.experiments.verify_resume import Verification
    from mlpcli.graph.node import Node
    from mlpcli.predict.model import Model
    from mlpcli.problem.problem import Problem
    from mlpcli.training.events import Event, Run


def train(
    config: ConfigSource,
    overrides: str | Sequence[str] = (),
    runs: str | Path = "runs",
    report: Callable[[Event], None] = lambda event: None,
    interrupted: Callable[[], bool] = lambda: False,
    keep_every: float | None = None,
    progress: Progress | None = None,
) -> Run:
    """Train from a config and keep everything in a new folder under `runs`.

    config: a file, or a mapping with the same keys; its relative paths start from the working folder.
    overrides: as --set, "optimiser.learning_rate=0.01", one or several. report: called with every event.
    interrupted: asked after every batch; when it says yes, training ends there and is saved. keep_every:
    seconds between two checkpoints; None: so that they take next to no time. progress: is told how far data
    files are read. Raises ConfigError, DataError,
    OutputError; RunFailed where the cost became infinite or NaN, the last good weights saved, and where
    the run can no longer be kept; KeyboardInterrupt where seeds or folds were interrupted.
    """
    from mlpcli.experiments.train import train as train_config

    return train_config(config, overrides, runs, report, interrupted, keep_every, progress)


def resume(
    run: str | Path,
    overrides: str | Sequence[str] = (),
    report: Callable[[Event], None] = lambda event: None,
    interrupted: Callable[[], bool] = lambda: False,
    keep_every: float | None = None,
) -> Run:
    """Resume a run that was interrupted or killed, in its folder, by its own config.yaml.

    overrides: of keys that cannot change what was done so far: training.epochs, training.stop and the
    like. A run that is complete is reported as it is. The other arguments and errors are those of train;
    raises ModelFileError where the checkpoint is damaged, or does not fit the config.
    """
    from mlpcli.experiments.train import resume as resume_run

    return resume_run(run, overrides, report, interrupted, keep_every)


def load(path: str | Path, executor: str = "auto") -> Model:
    """Return the model of a run folder or a model file, ready to predict. executor: auto, numpy or native.

    A model in its run folder knows the data files of the run, see Model.evaluate. Raises ModelFileError where
    `path` is neither, or damaged; MissingExtraError without what native needs.
    """
    from mlpcli.predict.origin import load as load_model

    return load_model(path, executor)


def predict(
    run: str | Path,
    data: str,
    output: str | None = None,
    executor: str = "auto",
    digits: int | None = None,
    progress: Progress | None = None,
) -> tuple[tuple[str, ...], PreparationWarnings]:
    """Write one CSV row per row of `data` to a file, or to standard output where output is None.

    Returns notes, and counts of cells that were not as in training. digits: the most significant digits of a
    number; None: all that tell it from others in the network's precision. progress: is told how far the rows
    are read. An existing output is replaced only when all went well. Raises DataError, ModelFileError;
    OutputError where the output cannot be written, is the file of rows, or one of the run's.
    """
    from mlpcli.predict.csv_output import write_predictions

    return write_predictions(run, data, output, executor, digits, progress)


def check(config: ConfigSource, overrides: str | Sequence[str] = ()) -> Problem:
    """Do everything but the training: read config and data, and build the network.

    config, overrides: see train. Raises ConfigError, DataError.
    """
    from mlpcli.experiments.show import check as check_config

    return check_config(config, overrides)


def data_report(
    source: ConfigSource, target: str | Sequence[str] = (), overrides: str | Sequence[str] = ()
) -> DataReport:
    """Look at a data file, or at the data of a config, before anything is trained on it.

    source: a data file, "-" for standard input; a config (a file named .yaml or .yml, or a mapping); or a
    run folder. target: the columns to be predicted; none: those of the config, and of a data file none.
    overrides: see train. Raises ConfigError, DataError, ModelFileError.
    """
    from mlpcli.experiments.data_report.report import data_report as look_at

    return look_at(source, (target,) if isinstance(target, str) else target, overrides)


def graph(
    config: ConfigSource, overrides: str | Sequence[str] = (), with_gradients: bool = False
) -> dict[str, Node]:
    """Return the nodes of the prediction and the cost by name, and of every gradient if wanted.

    config, overrides: see train. Raises ConfigError, DataError.
    """
    from mlpcli.experiments.show import graph_outputs
    from mlpcli.problem.build import prepare

    return graph_outputs(prepare(config, overrides), with_gradients)


def graph_text(
    config: ConfigSource, overrides: str | Sequence[str] = (), with_gradients: bool = False, dot: bool = False
) -> str:
    """Return that graph as text, a line for each node, or in Graphviz's DOT language.

    config, overrides: see train. Raises ConfigError, DataError.
    """
    from mlpcli.graph.show import as_dot, as_text

    nodes = graph(config, overrides, with_gradients)
    return as_dot(nodes) if dot else as_text(nodes)


def gradcheck(
    config: ConfigSource,
    overrides: str | Sequence[str] = (),
    depth: str = "usual",
    most_rows: int | None = None,
) -> GradcheckReport:
    """Check the gradient of a config or a run, and find why it does not learn.

    config: a file or a mapping (its initial weights are checked), or a run folder (its trained ones). depth:
    fast (no trainings), usual or full. most_rows: of the gradient check; None: the default of the report.
    Raises ConfigError, DataError, ModelFileError.
    """
    from mlpcli.diagnose.report import MOST_ROWS
    from mlpcli.diagnose.report import gradcheck as check_gradient

    return check_gradient(config, overrides, depth, MOST_ROWS if most_rows is None else most_rows)


def repair(
    path: str | Path,
    overrides: str | Sequence[str] = (),
    report: Callable[[Candidate], None] = lambda candidate: None,
    interrupted: Callable[[], bool] = lambda: False,
    evidence: Evidence | None = None,
) -> Repair:
    """Try the remedies of what is found about a config (of a run: its config), and write one that learns.

    report: called after every candidate. interrupted: asked between trainings; when it says yes, what was
    reached is kept. evidence: that of a GradcheckReport of the same config: what was tried for it is not
    trained again; None: there is none. Raises ConfigError, DataError, ModelFileError, OutputError.
    """
    from mlpcli.diagnose.repair.search import repair as search

    return search(path, overrides, report, interrupted, evidence)


def reproduce(run: str | Path, overrides: str | Sequence[str] = ()) -> Reproduction:
    """Train a run again from what it records, in a temporary folder, and compare the bits.

    overrides: the places of data files, if they were moved. Raises ModelFileError where it cannot be trained
    again, ConfigError where more than places was changed, and what train raises.
    """
    from mlpcli.experiments.reproduce import reproduce as train_again

    return train_again(run, overrides)


def verify_resume(config: ConfigSource, overrides: str | Sequence[str] = ()) -> Verification:
    """Train a config twice in a temporary folder, once interrupted again and again, and compare the bits.

    Raises what train raises; ConfigError where a time limit would end the training.
    """
    from mlpcli.experiments.verify_resume import verify_resume as verify

    return verify(config, overrides)


def compare(first: str | Path, second: str | Path) -> Comparison:
    """Compare two runs: config, data, curves, scores. Raises ModelFileError where one of them is no run."""
    from mlpcli.experiments.compare import compare as compare_runs

    return compare_runs(first, second)


def keys_for(word: str) -> list[str]:
    """Return the keys of a config that a word of another tool, or a key without its section, stands for."""
    from mlpcli.config.foreign_words import keys_by_leaf, own_keys
    from mlpcli.config.schema import Config
    from mlpcli.problem.build import CHOICES

    return own_keys(word, keys_by_leaf(Config, CHOICES))


def show(path: str | Path) -> Shown:
    """Return what a run folder or a model file holds. Raises ModelFileError where there is neither."""
    from mlpcli.experiments.show import show_run

    return show_run(path)
