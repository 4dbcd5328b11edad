"""Frozen dataclasses, one per section of the YAML file.

Choices (activation, initialisation, loss, optimiser) are settings objects of later stages; the
loader is handed their tables, so this stage imports none of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mlpcli.config.choices import ActivationChoice, LossChoice, OptimizerChoice
from mlpcli.config.setting import setting
from mlpcli.config.split_config import SplitConfig


@dataclass(frozen=True)
class MissingConfig:
    """The values that missing cells become."""

    numeric: str = setting("mean", one_of=("mean", "median", "zero", "error"))
    categorical: str = setting("level", one_of=("level", "most_frequent", "error"))
    values: tuple[str, ...] | None = setting(None)
    """Words and numbers that stand for no value. Words take the place of the usual ones, and so does an empty
    list; numbers come on top."""
    indicator: bool = setting(False)
    """Whether a column of numbers with missing cells gives one more input: 1 where the cell is missing."""


@dataclass(frozen=True, kw_only=True)
class ColumnConfig:
    """What the user says about one column; what is not given is found."""

    kind: str | None = setting(None, one_of=("number", "truth", "category", "ordinal", "date", "id", "text"))
    decimal: str | None = setting(None, one_of=(".", ","))
    thousands: str | None = setting(None, one_of=(",", ".", " ", "'"))
    missing: tuple[str, ...] | None = setting(None)
    """What data.missing.values is for all columns, for this one."""
    levels: tuple[str, ...] = setting(())
    """The levels of an ordinal column, the lowest first; of a truth value the words for no and yes."""
    format: str | None = setting(None)
    """How dates are written, as %d.%m.%Y."""

    def conflicts(self) -> Iterator[tuple[str, str, str]]:
        """Yield settings that contradict each other: (key, fault, remedy)."""
        yield from same_marks(self.decimal, self.thousands)


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """The places of the rows, and the meaning of their columns."""

    train: str | tuple[str, ...] = setting(path=True)
    """A file, a pattern such as part-*.csv, or a list of them, which are one table; `-` is standard input."""
    source: str | None = setting(None)
    """Where the files can be had, in words: said when one is missing."""
    labels: str | tuple[str, ...] | None = setting(None, path=True)
    target: str | tuple[str, ...] | None = setting(None)
    task: str | None = setting(None, one_of=("classification", "multilabel", "regression"))
    classes: tuple[float, ...] = setting(())
    """What one output unit is to say for each class."""
    class_weights: str | Mapping[str, float] | None = setting(None, one_of=("balanced",), at_least=0.0)
    weight: str | None = setting(None)
    """The column that says how much each row counts."""
    validation: float | str | tuple[str, ...] | None = setting(None, path=True, above=0.0, below=1.0)
    validation_labels: str | tuple[str, ...] | None = setting(None, path=True)
    test: float | str | tuple[str, ...] | None = setting(None, path=True, above=0.0, below=1.0)
    test_labels: str | tuple[str, ...] | None = setting(None, path=True)
    fold: str | None = setting(None)
    """2/5: the second of five parts of the training file's rows takes the place of the test part."""
    scaling: str = setting("standard", one_of=("standard", "minmax", "none"))
    target_scaling: str | None = setting(None, one_of=("standard", "minmax", "none"))
    """Scaling of regression targets; where it is not given, the one that suits the loss."""
    header: bool | int | None = setting(None, at_least=1, at_most=20)
    """Whether the first line names the columns, or over how many lines the names go."""
    separator: str | None = setting(None)
    skip: int = setting(0, at_least=0)
    """Lines before the table that are passed over."""
    comment: str | None = setting(None)
    """The mark at the beginning of a line that is passed over."""
    decimal: str | None = setting(None, one_of=(".", ","))
    thousands: str | None = setting(None, one_of=(",", ".", " ", "'"))
    columns: Mapping[str, ColumnConfig] = setting(factory=dict)
    """What is known about single columns."""
    use: tuple[str, ...] = setting(())
    """Columns that are inputs although they look like identifiers or counters."""
    ignore: tuple[str, ...] = setting(())
    categorical: tuple[str, ...] = setting(())
    levels: int = setting(100, at_least=2)
    """Levels of a category that are told apart, the commonest; the others are one level."""
    split: SplitConfig = setting(SplitConfig())
    cache: bool | None = setting(None)
    """Whether the prepared rows are kept for the next training; None: of files from 64 MiB on."""
    missing: MissingConfig = setting(MissingConfig())

    @property
    def fold_number(self) -> tuple[int, int] | None:
        """The number and count of the fold; None where there is none."""
        number, slash, count = (self.fold or "").partition("/")
        if not (slash and number.isdecimal() and count.isdecimal() and len(count) < 10):
            return None
        fold = int(number), int(count)
        return fold if 1 <= fold[0] <= fold[1] and fold[1] >= 2 else None

    def conflicts(self) -> Iterator[tuple[str, str, str]]:
        """Yield settings that contradict each other: (key, fault, remedy)."""
        targets = (self.target,) if isinstance(self.target, str) else self.target or ()
        yield from same_marks(self.decimal, self.thousands)
        for name in sorted({*self.use} & {*self.ignore}):
            yield "use", f"{name!r} is also in ignore.", "Take it out of one of them."
        if self.labels is not None and self.target is not None:
            yield "labels", "labels and target both say what to predict.", "Keep one of them."
        if self.target == ():
            yield "target", "The list of targets is empty.", "Name a column, or leave target out."
        for name in doubles(targets):
            yield "target", f"{name!r} is listed twice.", "Name each column once."
        if self.fold is not None and self.fold_number is None:
            what = f"{self.fold!r} is no fold: expected one such as 2/5, from 1/2 on."
            yield "fold", what, "Write which one, a slash, and of how many."
        if self.classes and self.task not in (None, "classification"):
            what = f"The numbers of classes are given, and the task is {self.task}."
            yield "classes", what, "Leave one of them out."
        if len(self.classes) > 2:
            what = f"One output unit tells two classes apart, and {len(self.classes)} are given."
            yield "classes", what, "Leave classes out: each class gets a unit of its own."
        if len(set(self.classes)) < len(self.classes):
            yield "classes", "Two classes are given the same number.", "Give each another one."
        if self.validation_labels is not None and not isinstance(self.validation, (str, tuple)):
            yield "validation_labels", "There is no validation file for them.", "Add validation: a path."
        if self.test_labels is not None and not isinstance(self.test, (str, tuple)):
            yield "test_labels", "There is no test file for them.", "Add test: a path."
        if isinstance(self.validation, float) and isinstance(self.test, float):
            shares = self.validation + self.test
            if shares >= 1.0:
                what = f"The shares for validation and test add up to {shares:g}: no row is left to train on."
                yield "test", what, "Make them smaller."
        yield from self.split.conflicts_beside(targets, self.validation, self.test, self.fold)
        if self.class_weights and self.task not in (None, "classification"):
            what = f"Class weights are given, and the task is {self.task}."
            yield "class_weights", what, "Leave one of them out; data.weight names a column of row weights."
        for key, others in (("target", targets), ("ignore", self.ignore), ("categorical", self.categorical)):
            if self.weight in others:
                yield "weight", f"{self.weight!r} is also in {key}.", "Take it out of one of them."
        for name in sorted({*targets} & {*self.ignore}):
            yield "ignore", f"{name!r} is the target and cannot be ignored.", "Take it out of one of them."
        for name in sorted({*self.ignore} & {*self.categorical}):
            yield "categorical", f"{name!r} is also in ignore.", "Take it out of one of them."


def same_marks(decimal: str | None, thousands: str | None) -> Iterator[tuple[str, str, str]]:
    """Yield the conflict of one mark for fractions and for thousands, where there is one."""
    if decimal is not None and decimal == thousands:
        what = f"{thousands!r} is also the decimal mark."
        yield "thousands", what, "Give each a mark of its own, or leave one of them out."


def doubles(names: Iterable[str]) -> list[str]:
    """Return the names given more than once."""
    return sorted(name for name, count in Counter(names).items() if count > 1)


@dataclass(frozen=True, kw_only=True)
class HiddenConfig:
    """One hidden layer. `8` is short for `{units: 8}`."""

    units: int = setting(at_least=1)
    activation: ActivationChoice | None = setting(None, choice_of="activation")
    initializer: object = setting(None, choice_of="initialisation", spelling="initialisation")
    bias_initializer: object = setting(None, choice_of="initialisation", spelling="bias_initialisation")
    normalization: object = setting(None, choice_of="normalisation", spelling="normalisation")
    """Normalisation of the linear part, before the activation."""
    dropout: float = setting(0.0, at_least=0.0, below=1.0)
    """Share of the results that are 0 in a step of the training."""
    trainable: bool = setting(True)


@dataclass(frozen=True, kw_only=True)
class OutputConfig:
    """The output layer; what is not given follows from the task."""

    units: int | None = setting(None, at_least=1)
    activation: ActivationChoice | None = setting(None, choice_of="activation")
    initializer: object = setting(None, choice_of="initialisation", spelling="initialisation")
    bias_initializer: object = setting(None, choice_of="initialisation", spelling="bias_initialisation")
    trainable: bool = setting(True)


@dataclass(frozen=True)
class NetworkConfig:
    """The layers between the input columns and the prediction."""

    hidden: tuple[HiddenConfig, ...] = setting((), short_for="units", most=1000)
    """A thousand layers take most of a minute to be made ready, and more are of no use."""
    output: OutputConfig = setting(OutputConfig(), short_for="activation")


METRICS = ("loss", "accuracy", "balanced_accuracy", "auc", "f1", "rmse", "mae", "r2")
"""Scores of the validation rows by which the best epoch may be chosen."""
LOWER_IS_BETTER = ("loss", "rmse", "mae")


@dataclass(frozen=True, kw_only=True)
class StopConfig:
    """When training ends before its last epoch. The first that holds ends it."""

    metric: str | None = setting(None, one_of=METRICS)
    """Score of the validation rows that patience and the best epoch go by; None: their loss."""
    patience: int | None = setting(None, at_least=1)
    """Epochs without improvement of the metric (of the training cost without validation rows)."""
    min_delta: float = setting(0.0, at_least=0.0)
    """How much better a value must be to count as an improvement."""
    cost_below: float | None = setting(None)
    """Limit of the validation loss (of the training cost without validation rows)."""
    max_time: float | None = setting(None, above=0.0)
    """Seconds."""


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How long, in which pieces, and how often to print."""

    epochs: int = setting(100, at_least=1)
    folds: int | None = setting(None, at_least=2)
    """Cross-validation: so many trainings beside that of all rows, each without one of as many parts."""
    batch_size: int | str | None = setting(None, at_least=1, one_of=("full",))
    """None: 32, or all rows where the optimiser takes all."""
    shuffle: bool = setting(True)
    print_every: int | None = setting(None, at_least=1)
    monitors: bool = setting(True)
    on_divergence: str = setting("stop", one_of=("stop", "halve"))
    keep: str | None = setting(None, one_of=("best", "last"))
    """Epoch whose weights become the model; None: the best where there are validation rows, else the last."""
    stop: StopConfig = setting(StopConfig())


@dataclass(frozen=True)
class RepeatConfig:
    """A training repeated from several seeds, the config's own first; the best is trained once more."""

    seeds: int = setting(at_least=2, at_most=1_000_000)
    """A million rows of repeat.csv are about 100 MB."""
    cost_below: float | None = setting(None)
    """Value below which a seed's validation loss (its training cost without validation rows) counts."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """One YAML file, checked."""

    data: DataConfig
    network: NetworkConfig = setting(NetworkConfig())
    start_from: str | None = setting(None, path=True, folder=True)
    """A run or a model file: its weights are the first ones."""
    seed: int = setting(0, at_least=0)
    precision: str = setting("float64", one_of=("float32", "float64"))
    executor: str = setting("auto", one_of=("auto", "numpy", "native"))
    loss: LossChoice | None = setting(None, choice_of="loss")
    optimizer: OptimizerChoice | None = setting(
        None, choice_of="optimiser", default_choice="adam", spelling="optimiser"
    )
    training: TrainingConfig = setting(TrainingConfig())
    repeat: RepeatConfig | None = setting(None, short_for="seeds")

    def conflicts(self) -> Iterator[tuple[str, str, str]]:
        """Yield settings that contradict each other: (key, fault, remedy)."""
        if self.repeat is not None and self.training.folds is not None:
            what = "Repeating and cross-validation are asked for at once."
            yield "training.folds", what, "Take one of them out; cross-validate the seed that was found."
        data, folds = self.data, self.training.folds
        if folds is not None and (reason := data.split.why_no_folds()):
            yield "training.folds", *reason
        drawn = isinstance(data.validation, float) or isinstance(data.test, float) or data.fold or folds
        if not drawn and not data.split.column and data.split.columns():
            what = "A column is given by which rows are split, and no part is drawn from them."
            yield "data.split", what, "Add data.validation or data.test, a share such as 0.2."
        if self.repeat is not None and self.training.stop.max_time is not None:
            what = "Seeds share the cores, so how far one comes in a time depends on what else runs."
            yield "training.stop.max_time", what, "Leave it out; training.epochs and patience end a seed."
        if self.optimizer is None:  # written as null, which stands for adam: neither applies to it
            return
        size, epochs = self.training.batch_size, self.training.epochs
        if self.optimizer.full_batch and size not in (None, "full"):
            what = "The optimiser goes by all rows at once, and batches are asked for."
            yield (
                "training.batch_size",
                what,
                "Write full, or leave batch_size out; or take another optimiser.",
            )
        warm_up = self.optimizer.warm_up
        if warm_up >= epochs and warm_up:
            what = f"A warm-up of {warm_up:g} takes all of training.epochs, {epochs}: the rate is never full."
            yield "optimiser.warm_up", what, "Make warm_up shorter than training.epochs."
