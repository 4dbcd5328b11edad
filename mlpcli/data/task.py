"""What is to be predicted: classes, several yes-or-no labels, or numbers; told from the target columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mlpcli.data.cell_values import EXACT, is_missing, meaning, numbers
from mlpcli.data.infer import FEW_ROWS, MOSTLY_NUMBERS, slip
from mlpcli.data.table import Array, Table
from mlpcli.errors import DataError, Fault
from mlpcli.wording import listed, plural

MOST_INTEGER_CLASSES = 20
"""Integers with at most this many different values are read as classes, unless the task is given."""


@dataclass(frozen=True, kw_only=True)
class _Facts:
    """Facts on one target column. values: numbers (rows,), or None when it is text."""

    name: str
    values: Array | None
    rows: int
    distinct: int
    slips: Fault | None = None

    @property
    def binary(self) -> bool:
        return self.values is not None and bool(np.isin(self.values, (0, 1)).all())

    @property
    def two_words(self) -> bool:
        """Whether the column is text of two values, such as yes and no."""
        return self.values is None and self.distinct == 2

    @property
    def whole(self) -> bool:
        return self.values is not None and bool((self.values == np.floor(self.values)).all())


def infer_task(
    table: Table,
    targets: tuple[str, ...],
    task: str | None = None,
    as_classes: bool = False,
    loss_of_numbers: str = "",
) -> tuple[str, tuple[str, ...]]:
    """Return the task (classification, multilabel or regression), and notes on why it is that.

    table: without a missing target cell. task: as the config gives it; None: it is inferred. as_classes:
    whether the target is declared to be categorical. loss_of_numbers: the chosen loss, where it makes little
    sense of classes, else "".
    Raises DataError when the given `task` does not fit the column, or the column cannot be a target.
    """
    facts = [_facts(table, name) for name in targets]
    where = f"{table.source}, target {listed(map(repr, targets))}"
    for fact in facts:
        if fact.slips and not as_classes and task != "classification":
            raise DataError(fact.slips)
    if task is None and as_classes and len(facts) == 1:
        task = "classification"
    numbers_of_any = any(fact.distinct != 2 for fact in facts)  # two values may well be a yes and a no
    if task is None and loss_of_numbers and numbers_of_any and all(f.values is not None for f in facts):
        said = f"{where}: task regression, as loss {loss_of_numbers} is of numbers"
        if all(fact.whole for fact in facts):
            said += "; say `data: {task: classification}` if these are classes"
        return "regression", (f"{said}.",)
    if task is None:
        return _guess(facts, where)
    _check(task, facts, where, table)
    return task, ()


def _facts(table: Table, name: str) -> _Facts:
    cells, rows = table.cells(name), table.rows
    if not isinstance(cells, list):
        return _Facts(name=name, values=cells, rows=rows, distinct=_distinct(cells))
    values, bad = numbers(cells)
    if not len(bad) and np.abs(values).max(initial=0.0) < EXACT:
        return _Facts(name=name, values=values, rows=rows, distinct=_distinct(values))
    distinct = len({meaning(cell) for cell in set(cells) if not is_missing(cell)})
    if len(bad):
        slips = slip(table, name, cells, bad) if len(bad) <= (1 - MOSTLY_NUMBERS) * len(cells) else None
        return _Facts(name=name, values=None, rows=rows, distinct=distinct, slips=slips)
    # Whole numbers too large for float64 are told apart as they are written.
    return _Facts(name=name, values=values, rows=rows, distinct=distinct)


def _distinct(values: Array) -> int:
    # Without the counts NumPy 2.4 loads numpy.ma at first: findings/numpy-unique-imports-ma.sh.
    return len(np.unique(values, return_counts=True)[0])


def _guess(facts: list[_Facts], where: str) -> tuple[str, tuple[str, ...]]:
    if len(facts) > 1:
        if all(fact.binary for fact in facts):
            return "multilabel", (f"{where}: task multilabel, for all values are 0 or 1.",)
        if all(fact.binary or fact.two_words for fact in facts):
            return "multilabel", (f"{where}: task multilabel, for each has two values.",)
        if all(fact.values is not None for fact in facts):
            return "regression", (f"{where}: task regression.",)
        raise DataError(Fault(where, _mixed(facts), _ONE_EACH, "data.target"))
    fact = facts[0]
    if fact.values is None:
        _check_classes(fact, where)
        return "classification", (f"{where}: task classification, {plural(fact.distinct, 'class')}.",)
    # With hardly more rows than values (y = 2x in ten rows) they are points of a curve, not classes.
    few = fact.distinct <= MOST_INTEGER_CLASSES and fact.distinct <= fact.rows / 2
    if fact.distinct == 2 or (few and fact.whole):
        said = f"{where}: task classification, {plural(fact.distinct, 'class')}"
        if not fact.binary:
            said += "; say `data: {task: regression}` to predict the number"
        return "classification", (f"{said}.",)
    remedy = "; say `data: {task: classification}` if the whole numbers are classes" if fact.whole else ""
    return "regression", (f"{where}: task regression{remedy}.",)


_ONE_EACH = (
    "Several targets are all numbers (regression), or all of two values each (multilabel). "
    "Name one kind of target, and train the others by configs of their own."
)


def _mixed(facts: list[_Facts]) -> str:
    """Say why these targets fit no task together."""
    words = [
        f"{fact.name!r} is text of {plural(fact.distinct, 'value')}" for fact in facts if fact.values is None
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
            what = f"{fact.name!r} is text of {plural(fact.distinct, 'value')}; a label has two."
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
    many = fact.distinct > MOST_INTEGER_CLASSES
    if fact.values is not None and many and not (fact.whole and fact.distinct <= fact.rows / 2):
        what = f"{fact.distinct} different numbers are too many to be classes."
        raise DataError(Fault(where, what, "Say `data: {task: regression}`."))
    if fact.values is None and fact.distinct > max(FEW_ROWS, fact.rows / 2):
        what = f"{fact.distinct} different texts in {fact.rows} rows are too many to be classes."
        raise DataError(Fault(where, what, "Name another target."))
