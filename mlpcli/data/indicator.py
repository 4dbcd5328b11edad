"""Indicators: one more input for a column of numbers, 1 where its cell is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from mlpcli.data.preparation_warnings import PreparationWarnings
from mlpcli.data.table import Table


@dataclass(frozen=True)
class Indicator:
    """The missing cells of columns that other transforms prepare. columns: their names."""

    columns: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """No columns: those it looks at belong to their own transforms."""
        return ()

    @property
    def width(self) -> int:
        return len(self.columns)

    @property
    def empty(self) -> tuple[str, ...]:
        return ()

    def fault(self) -> str:
        """Say what cannot be true of indicators; empty when all is well."""
        return "" if 0 < len(set(self.columns)) == len(self.columns) else "its columns are not distinct."

    def apply(self, table: Table, out: NDArray[Any]) -> PreparationWarnings:
        """Write 1 where the cell is missing, else 0, to `out`, (rows, columns)."""
        for at, name in enumerate(self.columns):
            out[:, at] = table.column(name).is_empty()
        return PreparationWarnings()
