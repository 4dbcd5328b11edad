"""The way from a config to its problem: data is read, network and optimiser are built, nothing is trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from mlpcli.config.load import ConfigFile, ConfigSource, load_config, load_config_text
from mlpcli.config.schema import Config, DataConfig
from mlpcli.data.cached_dataset import cached_dataset
from mlpcli.data.dataset import Dataset
from mlpcli.data.dataset_key import DatasetOrigin
from mlpcli.data.files import DataFiles
from mlpcli.data.progress import Progress
from mlpcli.data.schema.column_schema import ColumnSchema
from mlpcli.data.targets import ClassTarget, Target
from mlpcli.errors import ConfigError, DataError, MissingExtraError, SettingError
from mlpcli.execute import choose_executor, hint
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.initializers import INITIALIZERS
from mlpcli.nn.loss import SmoothedLoss
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.memory import check_memory
from mlpcli.nn.network import Head, Penalty, build_network, choose_head
from mlpcli.nn.normalizations import NORMALIZATIONS
from mlpcli.optim.optimizer import Optimizer
from mlpcli.optim.optimizers import OPTIMIZERS
from mlpcli.optim.schedules import SCHEDULES
from mlpcli.optim.step import MOST_COUNTED
from mlpcli.problem.kept_epoch import check_best_epoch
from mlpcli.problem.problem import Problem, random_stream, rows_of_batch
from mlpcli.registry import choice_name

CHOICES: Mapping[str, Mapping[str, type]] = {
    "activation": ACTIVATIONS,
    "initialisation": INITIALIZERS,
    "loss": LOSSES,
    "normalisation": NORMALIZATIONS,
    "optimiser": OPTIMIZERS,
    "schedule": SCHEDULES,
}


def read_config(config: ConfigSource, overrides: str | Sequence[str] = ()) -> ConfigFile:
    """Read and check a config, a file or a mapping.

    Raises ConfigError with every fault of it and of the overrides.
    """
    return load_config(config, overrides, CHOICES)


def with_overrides(file: ConfigFile, overrides: Sequence[str]) -> ConfigFile:
    """Return the config with more overrides in its text. Raises ConfigError."""
    return load_config_text(file.text, file.path, overrides, CHOICES, numbered=file.numbered)


def prepare(
    config: ConfigSource,
    overrides: str | Sequence[str] = (),
    precision: str | None = None,
    files: DataFiles | None = None,
    progress: Progress | None = None,
) -> Problem:
    """Read config and data, and build the problem that they make; nothing is trained.

    config: a file or a mapping. precision: float32 or float64; None: the config's. files: what the command
    has read already; None: nothing. progress: is told how far they are read. Raises ConfigError, DataError.
    """
    return prepare_file(read_config(config, overrides), precision, files, progress)


def prepare_file(
    file: ConfigFile,
    precision: str | None = None,
    files: DataFiles | None = None,
    progress: Progress | None = None,
) -> Problem:
    """Build the problem of a config that is read already; see prepare. Raises ConfigError, DataError."""
    # Seeds with splits of their own, and folds, build further problems of the same tables.
    more = file.config.repeat is not None or file.config.training.folds is not None
    files = files or DataFiles(keep_tables=more, progress=progress)
    return _build(file, precision or file.config.precision, files)


def rebuild(problem: Problem, changes: Sequence[str]) -> Problem:
    """Build the problem of the same config with changes, from the tables in memory.

    It has the precision of the first one, and shares its dataset where the changes do not touch that.
    changes: as --set, "data.scaling=standard". Raises ConfigError, DataError where the config cannot be
    built with them.
    """
    own = problem.file
    # Files that are read already may be gone; those that are not are looked for when they are read.
    file = load_config_text(own.text, own.path, changes, CHOICES, check_files=False, numbered=own.numbered)
    return _build(file, problem.network.inputs.dtype, problem.files, problem)


def _build(file: ConfigFile, dtype: str, files: DataFiles, like: Problem | None = None) -> Problem:
    """Build a problem; like: one of the same command, whose dataset is taken where it is the same."""
    config = file.config
    with locate_faults(file):
        same = like is not None and _makes_same_dataset(config, like.config)
        dataset = like.dataset if like is not None and same else _read(config, dtype, files)
        optimizer = config.optimizer or OPTIMIZERS["adam"]()
        assert isinstance(optimizer, Optimizer)
        coded = bool(config.data.classes)
        outputs = dataset.preparation.outputs
        head = choose_head(config.network, config.loss, dataset.task, outputs, coded=coded)
        check_smoothing(head, dataset.preparation.target)
        check_best_epoch(config.training, dataset)
        penalty = Penalty(optimizer.l1, optimizer.l2, optimizer.penalise_biases)
        width, weighted = dataset.preparation.width, bool(dataset.weighting)
        network = build_network(config.network, head, width, dtype, penalty, weighted)
        _check_folds(config, dataset.training.rows)
        batch = rows_of_batch(config, dataset.training.rows)
        check_memory(network, config.network, batch, optimizer.arrays, optimizer.arrays_key)
        executor = choose_executor(config.executor)
        faster = hint(config.executor, config.training.epochs * -(-dataset.training.rows // batch))
        start = None
        if config.start_from:
            from mlpcli.problem.warm_start import read_start  # seldom needed

            start = read_start(config.start_from, network, dataset.preparation)
        problem = Problem(
            file=file,
            dataset=dataset,
            files=files,
            head=head,
            network=network,
            optimizer=optimizer,
            executor=executor,
            hints=tuple(filter(None, (faster, optimizer.hint(batch < dataset.training.rows)))),
            start=start,
        )
        check_counters(problem)
    return problem


def _read(config: Config, dtype: str, files: DataFiles) -> Dataset:
    stream = random_stream(config.seed, "split")
    origin = DatasetOrigin(
        config=data_for(config),
        rng=stream,
        dtype=dtype,
        loss_of_numbers=loss_of_numbers(config),
        files=files,
        known=known_by_start(config),
    )
    return cached_dataset(origin)


def known_by_start(config: Config) -> Mapping[str, ColumnSchema]:
    """Return the meaning of columns by name, where the training goes on from a model that knows them.

    Raises ModelFileError.
    """
    if not config.start_from:
        return {}
    from mlpcli.problem.warm_start import known_columns  # seldom needed

    return known_columns(config.start_from)


def _makes_same_dataset(config: Config, other: Config) -> bool:
    """Tell whether two configs make the same dataset, and the same rows of it."""
    first, second = (
        (each.seed, data_for(each), loss_of_numbers(each), each.start_from) for each in (config, other)
    )
    return first == second


def data_for(config: Config) -> DataConfig:
    """Return the data section with the scaling of targets that suits the loss, where it asks for none."""
    if config.loss is None:
        return config.data
    return replace(config.data, target_scaling=config.loss.target_scaling(config.data.target_scaling))


def loss_of_numbers(config: Config) -> str:
    """Return the name of a loss that makes whole numbers a regression; "" where the loss decides nothing."""
    loss, output = config.loss, config.network.output.activation
    of_classes = bool(config.data.class_weights) or isinstance(output, ACTIVATIONS["softmax"])
    return choice_name(loss) if loss and loss.of_numbers and not of_classes else ""


def check_smoothing(head: Head, target: Target) -> None:
    """Raise SettingError where labels are smoothed that are no probabilities."""
    coded = isinstance(target, ClassTarget) and head.units == 1 and not set(target.coding) <= {0.0, 1.0}
    if coded and isinstance(head.loss, SmoothedLoss) and head.loss.label_smoothing:
        raise SettingError(
            "loss.label_smoothing",
            "Labels are smoothed between 0 and 1, and data.classes gives other numbers for them.",
            "Leave one of them out; numbers such as [0.05, 0.95] are smoothed already.",
        )


def _check_folds(config: Config, rows: int) -> None:
    """Raise SettingError where there are more folds than training rows."""
    if (config.training.folds or 0) > rows:
        what = f"{rows} rows cannot be dealt into {config.training.folds} folds."
        raise SettingError("training.folds", what, "Take fewer folds, or give more rows.")


def check_counters(problem: Problem) -> None:
    """Raise SettingError where the counters of a schedule would stand still long before its end.

    They are counted in the precision of the network, which is exact up to a certain number only.
    """
    pace, dtype = problem.training_length, problem.network.inputs.dtype
    scheduled = problem.optimizer.schedule or problem.optimizer.warm_up
    if scheduled and max(problem.config.training.epochs, pace.steps) > MOST_COUNTED[dtype]:
        what = f"In {dtype} a schedule counts to {MOST_COUNTED[dtype]:,} epochs, and batches of one."
        raise SettingError("precision", what, "Write float64, or leave the schedule out.")


@contextmanager
def locate_faults(file: ConfigFile) -> Iterator[None]:
    """Give the faults of keys that later stages find the lines of their keys, as ConfigError or DataError."""
    try:
        yield
    except (SettingError, MissingExtraError, DataError) as error:
        kind = DataError if isinstance(error, DataError) else ConfigError
        raise kind([file.with_location(fault) for fault in error.faults]) from error
