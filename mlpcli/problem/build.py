"""Config file to everything but the training: data, network, training step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from mlpcli.config.load import ConfigFile, ConfigSource, load_config, load_config_text
from mlpcli.config.schema import Config, DataConfig
from mlpcli.data.dataset import read_dataset
from mlpcli.data.targets import ClassTarget, Target
from mlpcli.errors import ConfigError, DataError, MissingExtraError, SettingError
from mlpcli.execute import choose_executor, hint
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.initializers import INITIALIZERS
from mlpcli.nn.loss import SmoothedLoss
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.network import Head, Penalty, build_network, check_memory, choose_head
from mlpcli.nn.normalizations import NORMALIZATIONS
from mlpcli.optim.optimizer import Optimizer
from mlpcli.optim.optimizers import OPTIMIZERS
from mlpcli.optim.schedules import SCHEDULES
from mlpcli.optim.step import MOST_COUNTED
from mlpcli.problem.kept_epoch import check_best_epoch
from mlpcli.problem.problem import Problem, random_stream, rows_of_batch
from mlpcli.problem.warm_start import read_start
from mlpcli.registry import choice_name

CHOICES: Mapping[str, Mapping[str, type]] = {
    "activation": ACTIVATIONS,
    "initialisation": INITIALIZERS,
    "loss": LOSSES,
    "normalisation": NORMALIZATIONS,
    "optimiser": OPTIMIZERS,
    "schedule": SCHEDULES,
}


def check_smoothing(head: Head, target: Target) -> None:
    """Raises SettingError where labels are smoothed that are no probabilities."""
    coded = isinstance(target, ClassTarget) and head.units == 1 and not set(target.coding) <= {0.0, 1.0}
    if coded and isinstance(head.loss, SmoothedLoss) and head.loss.label_smoothing:
        raise SettingError(
            "loss.label_smoothing",
            "Labels are smoothed between 0 and 1, and data.classes gives other numbers for them.",
            "Leave one of them out; numbers such as [0.05, 0.95] are smoothed already.",
        )


def loss_of_numbers(config: Config) -> str:
    """The name of a loss that tells what whole numbers are, where nothing else in the config does."""
    loss, output = config.loss, config.network.output.activation
    of_classes = bool(config.data.class_weights) or isinstance(output, ACTIVATIONS["softmax"])
    return choice_name(loss) if loss and loss.of_numbers and not of_classes else ""


def data_for(config: Config) -> DataConfig:
    """With the scaling of targets that suits the loss, where nothing was asked for."""
    if config.loss is None:
        return config.data
    return replace(config.data, target_scaling=config.loss.target_scaling(config.data.target_scaling))


def read_config(config: ConfigSource, overrides: str | Sequence[str] = ()) -> ConfigFile:
    """Read a file or a mapping. Raises ConfigError with every fault of it and of the overrides."""
    return load_config(config, overrides, CHOICES)


def prepare(
    config: ConfigSource, overrides: str | Sequence[str] = (), precision: str | None = None
) -> Problem:
    """Read config and data and build the network; nothing is trained.

    config: a file or a mapping. precision overrides that of the config. Raises ConfigError, DataError.
    """
    return prepare_file(read_config(config, overrides), precision)


def changed(file: ConfigFile, overrides: Sequence[str]) -> ConfigFile:
    """The same file with more overrides. Raises ConfigError."""
    return load_config_text(file.text, file.path, overrides, CHOICES, numbered=file.numbered)


def prepare_file(file: ConfigFile, precision: str | None = None) -> Problem:
    """The same as prepare, from a config that is read."""
    config = file.config
    dtype = precision or config.precision
    with locate_faults(file):
        of_numbers = loss_of_numbers(config)
        dataset = read_dataset(data_for(config), random_stream(config.seed, "split"), dtype, of_numbers)
        optimizer: Optimizer = config.optimizer or OPTIMIZERS["adam"]()
        head = choose_head(
            config.network,
            config.loss,
            dataset.task,
            dataset.preparation.outputs,
            coded=bool(config.data.classes),
        )
        check_smoothing(head, dataset.preparation.target)
        check_best_epoch(config.training, dataset)
        penalty = Penalty(optimizer.l1, optimizer.l2, optimizer.penalise_biases)
        weighted = bool(dataset.weighting)
        network = build_network(config.network, head, dataset.preparation.width, dtype, penalty, weighted)
        rows = len(dataset.training.inputs)
        if (config.training.folds or 0) > rows:
            what = f"{rows} rows cannot be dealt into {config.training.folds} folds."
            raise SettingError("training.folds", what, "Take fewer folds, or give more rows.")
        batch = rows_of_batch(config, rows)
        check_memory(network, config.network, batch, optimizer.arrays, optimizer.arrays_key)
        steps = config.training.epochs * -(-rows // batch)
        executor = choose_executor(config.executor)
        tip = hint(config.executor, steps)
        start = config.start_from and read_start(config.start_from, network, dataset.preparation)
        tips = tuple(each for each in (tip, optimizer.hint(batch < rows)) if each)
        problem = Problem(
            file=file,
            dataset=dataset,
            head=head,
            network=network,
            optimizer=optimizer,
            executor=executor,
            hints=tips,
            start=start or None,
        )
        check_counters(problem)
    return problem


def check_counters(problem: Problem) -> None:
    """Raises SettingError where the counters of a schedule would stand still, long before its end."""
    pace, dtype = problem.pace, problem.network.inputs.dtype
    scheduled = getattr(problem.optimizer, "schedule", None) or getattr(problem.optimizer, "warm_up", 0.0)
    if scheduled and max(problem.config.training.epochs, pace.steps) > MOST_COUNTED[dtype]:
        what = f"In {dtype} a schedule counts to {MOST_COUNTED[dtype]:,} epochs, and batches of one."
        raise SettingError("precision", what, "Write float64, or leave the schedule out.")


@contextmanager
def locate_faults(file: ConfigFile) -> Iterator[None]:
    """Faults of keys that later stages find get the lines of their keys."""
    try:
        yield
    except (SettingError, MissingExtraError, DataError) as error:
        kind = DataError if isinstance(error, DataError) else ConfigError
        raise kind([file.located(fault) for fault in error.faults]) from error
