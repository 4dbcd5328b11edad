"""What is to be predicted: classes, several yes-or-no labels, or numbers; told from the target columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mlpcli.data.column import EXACT, number_text
from mlpcli.data.levels import count_levels, distinct_numbers
from mlpcli.data.table import Array, Table
from mlpcli.errors import DataError, Fault
from mlpcli.wording import listed, plural

MOST_INTEGER_CLASSES = 20
"""Integers with at most this many different values are read as classes, unless the task is given."""
FEW_ROWS = 20
"""Texts that all differ can be classes in no more rows than this."""
FIRST_CODES = (-1.0, 0.0, 1.0)
"""The smallest number of a class, where classes are numbered: whoever numbers classes begins there."""
MANY_STEPS = 5
"""Above so many values in a row, such as marks or ages, an input that rises with them tells numbers …"""
RISING = 0.9
"""… from classes, from this rank correlation on."""
MANY_COUNTS = 6
"""Above so many values, how often each comes tells counts and marks from classes: of seven classes numbered
at random, 1 in 79 times the numbers of rows first rise and then fall …"""
RARE_END = 5
"""… and of counts the largest are so many times as rare as the commonest."""
_ROWS_LOOKED_AT = 10_000


@dataclass(frozen=True, kw_only=True)
class _Facts:
    """Facts on one target column.

    values: numbers (rows,), or None when it is text. counts: rows of each distinct number.
    """

    name: str
    values: Array | None
    rows: int
    distinct: Array | tuple[str, ...]
    counts: Array | None = None

    @property
    def count(self) -> int:
        """The number of different values."""
        return len(self.distinct)

    @property
    def binary(self) -> bool:
        return self.values is not None and bool(np.isin(self.distinct, (0, 1)).all())

    @property
    def two_words(self) -> bool:
        """Whether the column is text of two values, such as yes and no."""
        return self.values is None and self.count == 2

    @property
    def whole(self) -> bool:
        return self.values is not None and bool((np.asarray(self.distinct) % 1 == 0).all())


def infer_task(
    table: Table,
    targets: tuple[str, ...],
    task: str | None = None,
    as_classes: bool = False,
    loss_of_numbers: str = "",
    inputs: Iterable[str] = (),
) -> tuple[str, tuple[str, ...]]:
    """Return the task (classification, multilabel or regression), and notes on why it is that.

    table: as the schema reads it, without a missing target cell. task: as the config gives it; None: it is
    inferred. as_classes: whether the target is declared to be categorical. loss_of_numbers: the chosen loss,
    where it makes little sense of classes, else "". inputs: columns of numbers, whose order may tell whether
    a target of few numbers has one, too.
    Raises DataError when the given `task` does not fit the column, or the column cannot be a target.
    """
    facts = [_facts(table, name) for name in targets]
    where = f"{table.source}, target {listed(map(repr, targets))}"
    if task is None and as_classes and len(facts) == 1:
        task = "classification"
    numbers_of_any = any(fact.count != 2 for fact in facts)  # two values may well be a yes and a no
    if task is None and loss_of_numbers and numbers_of_any and all(f.values is not None for f in facts):
        said = f"{where}: task regression, as loss {loss_of_numbers} is of numbers"
        if all(fact.whole for fact in facts):
            said += "; say `data: {task: classification}` if these are classes"
        return "regression", (f"{said}.",)
    if task is None:
        return _guess(facts, where) if len(facts) > 1 else _guess_one(facts[0], where, table, inputs)
    _check(task, facts, where, table)
    return task, ()


def _facts(table: Table, name: str) -> _Facts:
    column = table.column(name)
    if column.codes is not None or column.numbers is None:
        levels = tuple(count_levels(column))
        return _Facts(name=name, values=None, rows=table.rows, distinct=levels)
    distinct, counts = distinct_numbers(column.numbers)
    return _Facts(name=name, values=column.numbers, rows=table.rows, distinct=distinct, counts=counts)


def _guess(facts: list[_Facts], where: str) -> tuple[str, tuple[str, ...]]:
    """Return the task of several targets, and why it is that."""
    if all(fact.binary for fact in facts):
        return "multilabel", (f"{where}: task multilabel, for all values are 0 or 1.",)
    if all(fact.binary or fact.two_words for fact in facts):
        return "multilabel", (f"{where}: task multilabel, for each has two values.",)
    if all(fact.values is not None for fact in facts):
        return "regression", (f"{where}: task regression.",)
    raise DataError(Fault(where, _mixed(facts), _ONE_EACH, "data.target"))


def _guess_one(fact: _Facts, where: str, table: Table, inputs: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    """Return the task of one target, and why it is that, with the other reading where there is one."""
    if fact.values is None:
        _check_classes(fact, where)
        return "classification", (f"{where}: task classification, {plural(fact.count, 'class')}.",)
    if fact.binary:
        return "classification", (f"{where}: task classification, {plural(fact.count, 'class')}.",)
    # With hardly more rows than values (y = 2x in ten rows) they are points of a curve, not classes.
    few = fact.count <= MOST_INTEGER_CLASSES and fact.count <= fact.rows / 2
    why = _why_numbers(fact, table, inputs) if few and fact.whole and fact.count > 2 else ""
    if fact.count == 2 or (few and fact.whole and not why):
        said = f"task classification, {plural(fact.count, 'class')}"
        return "classification", (
            f"{where}: {said}; say `data: {{task: regression}}` to predict the number.",
        )
    remedy = "; say `data: {task: classification}` if the whole numbers are classes" if fact.whole else ""
    return "regression", (f"{where}: task regression{why}{remedy}.",)


def _why_numbers(fact: _Facts, table: Table, inputs: Iterable[str]) -> str:
    """Say why few whole numbers are not the numbers of classes; "" where they may well be."""
    values = np.asarray(fact.distinct, np.float64)
    # Larger numbers are no whole ones that could be compared.
    spread = np.gcd.reduce((values - values[0]).astype(np.int64)) if np.abs(values).max() < EXACT / 2 else 1
    if values[0] not in FIRST_CODES or values[-1] > MOST_INTEGER_CLASSES or spread > 1:
        shown = listed(map(number_text, values.tolist()))
        return f", for classes are seldom numbered {shown}"
    if fact.count <= MANY_STEPS or fact.values is None or fact.counts is None:
        return ""
    if fact.count > MANY_COUNTS and _are_counts(values, fact.counts):
        most = number_text(float(values[np.argmax(fact.counts)]))
        return f", for the farther from {most}, the rarer they are, as counts and marks are"
    ranks = _ranks(fact.values[:_ROWS_LOOKED_AT])
    for name in inputs:
        column = table.column(name)
        if column.numbers is None or column.codes is not None:
            continue
        found = column.numbers[:_ROWS_LOOKED_AT].astype(np.float64)
        there = ~np.isnan(found)
        if there.sum() > 2 and np.ptp(found[there]) and np.ptp(ranks[there]):
            together = np.corrcoef(_ranks(found[there]), ranks[there])[0, 1]
            if abs(together) >= RISING:
                return f", for it {'rises' if together > 0 else 'falls'} with {name!r}"
    return ""


def _are_counts(values: Array, counts: Array) -> bool:
    """Tell whether the numbers of rows rise to a peak and then fall, as those of counts, marks and sizes do.

    Classes numbered by how common they are fall from the first on, too, but leave no number out. counts: rows
    of each of the values, which are in order.
    """
    peak, steps = int(np.argmax(counts)), np.diff(counts)
    noise = 2 * np.sqrt(counts[:-1] + counts[1:])
    smooth = (steps[:peak] >= -noise[:peak]).all() and (steps[peak:] <= noise[peak:]).all()
    rare = counts[-1] * RARE_END <= counts[peak]
    return bool(smooth and rare and (peak > 0 or np.diff(values).max() > 1))


def _ranks(values: Array) -> Array:
    """Return the rank of each value, (rows,), equal ones sharing theirs."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Array = (np.cumsum(counts) - counts / 2)[places]
    return ranks


_ONE_EACH = (
    "Several targets are all numbers (regression), or all of two values each (multilabel). "
    "Name one kind of target, and train the others by configs of their own."
)


def _mixed(facts: list[_Facts]) -> str:
    """Say why these targets fit no task together."""
    words = [
        f"{fact.name!r} is text of {plural(fact.count, 'value')}" for fact in facts if fact.values is None
    ]
    numbers = listed(repr(fact.name) for fact in facts if fact.values is not None and not fact.binary)
    return listed(words) + (f", and numbers are in {numbers}" if numbers else "") + "."


def _check(task: str, facts: list[_Facts], where: str, table: Table) -> None:
    """Check that the targets can serve the given task. Raises DataError."""
    if task == "classification":
        if len(facts) > 1:
            remedy = "Name one target, or say `data: {task: multilabel}` for columns of two values."
            raise DataError(Fault(where, "A classification has one target column.", remedy))
        _check_classes(facts[0], where)
        return
    for fact in facts:
        if task == "multilabel" and fact.two_words:
            continue
        if task == "multilabel" and fact.values is None:
            what = f"{fact.name!r} is text of {plural(fact.count, 'value')}; a label has two."
            raise DataError(Fault(where, what, "Make a column of 0 and 1 of it, or choose another task."))
        if fact.values is None:
            remedy = "Say `data: {task: classification}`, or leave `task` out."
            raise DataError(Fault(where, f"{fact.name!r} is text; the task {task} needs numbers.", remedy))
        if task == "multilabel" and not fact.binary:
            row = int(np.flatnonzero(~np.isin(fact.values, (0, 1)))[0])
            what = f"{fact.values[row]:g} is neither 0 nor 1, as the task multilabel needs."
            raise DataError(Fault(table.where(row, fact.name), what, "Write 0 or 1, or choose another task."))


def _check_classes(fact: _Facts, where: str) -> None:
    """Check that a target can be classes. Raises DataError where it has too many different values."""
    many = fact.count > MOST_INTEGER_CLASSES
    if fact.values is not None and many and not (fact.whole and fact.count <= fact.rows / 2):
        what = f"{fact.count} different numbers are too many to be classes."
        raise DataError(Fault(where, what, "Say `data: {task: regression}`."))
    if fact.values is None and fact.count > max(FEW_ROWS, fact.rows / 2):
        what = f"{fact.count} different texts in {fact.rows} rows are too many to be classes."
        raise DataError(Fault(where, what, "Name another target."))
