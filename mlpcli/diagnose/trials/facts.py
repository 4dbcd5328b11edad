"""Facts about a problem that need no training. Everything is computed when first asked for, and once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.calendar import Calendar
from mlpcli.data.categorical import Categorical
from mlpcli.data.indicator import Indicator
from mlpcli.execute.rows import Rows
from mlpcli.problem.problem import Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_ROWS = 1024
"""Rows that layer health looks at."""
AT_ONCE = 1 << 17
"""Cells of a table that are looked at in one go: a millisecond, and 1 MB of float64."""
ALL_CELLS = 1 << 22
"""Cells up to which facts about rows are taken from all of them, about 50 ms; of larger tables from some."""
SAMPLE = 1 << 19
"""Cells that are looked at of a larger table."""
LEAST_SAMPLE = 200
"""Rows that are looked at of a larger table, however many columns it has."""


class FactsInterrupted(Exception):
    """A search for facts was interrupted: somebody waits for the training to end."""


class Facts:
    """Rows, names and initial weights of a problem.

    notes: whether findings that are notes are wanted: those of a large table take their time.
    """

    def __init__(
        self, problem: Problem, notes: bool = True, interrupted: Callable[[], bool] = lambda: False
    ) -> None:
        self.problem, self.notes, self._interrupted = problem, notes, interrupted

    @cached_property
    def some_rows(self) -> Rows:
        """Up to MOST_ROWS training rows, drawn by the seed."""
        return self._some(self.problem.training_rows, 0)

    @cached_property
    def some_validation(self) -> Rows | None:
        """Up to MOST_ROWS validation rows, drawn by the seed; None where there is no validation part."""
        rows = self.problem.validation_rows
        return None if rows is None else self._some(rows, 1)

    def _some(self, rows: Rows, seed_offset: int) -> Rows:
        count = len(rows["inputs"])
        if count <= MOST_ROWS:
            return rows
        chosen = np.sort(self.problem.shuffle(seed_offset).permutation(count)[:MOST_ROWS])
        return {name: array[chosen] for name, array in rows.items()}

    @cached_property
    def initial_values(self) -> dict[str, NDArray[Any]]:
        """The initial weights and running averages, by name."""
        return self.problem.initial_values()

    def check_interrupt(self) -> None:
        """Raise FactsInterrupted where somebody waits for the end. Rules ask in the midst of long work."""
        if self._interrupted():
            raise FactsInterrupted

    def pieces(self, rows: int, width: int) -> Iterator[slice]:
        """Yield slices of so many rows, about AT_ONCE cells each; between two of them the work may stop."""
        step = max(1, AT_ONCE // max(1, width))
        for start in range(0, rows, step):
            if start:
                self.check_interrupt()
            yield slice(start, min(rows, start + step))

    def sample(self, rows: int, width: int) -> NDArray[np.intp]:
        """Draw numbers of some of so many rows by the seed, in order: what is looked at of a large table."""
        count = max(LEAST_SAMPLE, min(MOST_ROWS, SAMPLE // max(1, width)))
        return np.sort(self.problem.shuffle().permutation(rows)[:count])

    @cached_property
    def target_span(self) -> tuple[float, float]:
        """The lowest and the highest number that an output has to give."""
        target = self.problem.training_rows["target"]
        if self.problem.dataset.task == "classification" and target.shape[1] > 1:
            return 0.0, 1.0  # a unit for each class
        pieces = [target[rows] for rows in self.pieces(*target.shape)]
        return min(float(p.min()) for p in pieces), max(float(p.max()) for p in pieces)

    def column_name(self, number: int) -> str:
        """Return the column of the file from which an input was made. number: of the input, from 0."""
        return self._names[number][0]

    def input_name(self, number: int) -> str:
        """Return the column of the file and, where it is a category, the level that an input stands for."""
        return self._names[number][1]

    @cached_property
    def _names(self) -> list[tuple[str, str]]:
        """The column of the file, and the name with its level, of each input; several may have one column."""
        names: list[tuple[str, str]] = []
        for column in self.problem.dataset.preparation.columns:
            if isinstance(column, Categorical):
                levels = [f"{column.name}={level}" for level in column.levels] or [column.name]
                names += [(column.name, level) for level in levels]
            elif isinstance(column, Calendar):
                names += [(column.name, part) for part in column.numbers.names]
            elif isinstance(column, Indicator):
                names += [(name, f"{name} is missing") for name in column.columns]
            elif len(column.names) == column.width:
                names += [(name, name) for name in column.names]
            else:
                names += [(column.names[0], column.names[0])] * column.width
        return names
