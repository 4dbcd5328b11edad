"""Calendar columns: a date as year, month, day of the week and of the year, and the hour of a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.numeric import Numeric, fit_numeric
from mlpcli.data.preparation_warnings import PreparationWarnings
from mlpcli.data.table import Block, Table

Array = NDArray[Any]

PARTS = (
    *("year", "month sin", "month cos", "weekday sin", "weekday cos"),
    *("yearday sin", "yearday cos", "hour sin", "hour cos"),
)
"""Parts of a date; what comes round again has a sine and a cosine, so that December is beside January."""
_DAY, _YEAR_DAYS = 86400.0, 365.2425


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """A column of dates, fitted on the training part.

    numbers: the parts of the date that vary there, as columns named after column and part.
    """

    name: str
    numbers: Numeric

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def width(self) -> int:
        return self.numbers.width

    @property
    def missing(self) -> int:
        """Missing cells in the training part."""
        return self.numbers.missing[0]

    @property
    def empty(self) -> tuple[str, ...]:
        """The name of the column where the training part has not one date."""
        return (self.name,) if len(self.numbers.empty) == self.width else ()

    def fault(self) -> str:
        """Say what cannot be true of such a column; empty when all is well."""
        known = set(_names(self.name, PARTS))
        return self.numbers.fault() or (
            "" if known.issuperset(self.numbers.names) else "a part is of no date."
        )

    def apply(self, table: Table, out: Array) -> PreparationWarnings:
        """Write the prepared parts to `out`, (rows, width). Raises DataError as Numeric does."""
        warnings = self.numbers.apply(_parts(table, self.name), out)
        filled = max(warnings.filled.values(), default=0)  # all parts of a missing date are missing
        return PreparationWarnings({self.name: filled} if filled else {})


def fit_calendar(table: Table, name: str, scaling: str, missing: str) -> Calendar:
    """Fit the parts of the dates in a column to the rows of `table`; see fit_numeric. Raises DataError."""
    parts = _parts(table, name)
    every = fit_numeric(parts, parts.names, False, scaling, missing)
    # Days without times have no hour, and one year's days no year that says anything.
    varied = tuple(
        part for part, low, high in zip(every.names, every.low, every.high, strict=True) if high - low > 1e-9
    )
    return Calendar(name=name, numbers=fit_numeric(parts, varied or every.names[:1], False, scaling, missing))


def _names(name: str, parts: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{name} {part}" for part in parts)


def _parts(table: Table, name: str) -> Table:
    """Return a table of the parts of each date. name: a column of seconds since 1970-01-01 UTC."""
    seconds = table.numbers(name).astype(np.float64)
    there = ~np.isnan(seconds)
    moments = np.where(there, seconds, 0.0)
    days = np.floor(moments / _DAY).astype(np.int64).astype("datetime64[D]")
    years, months = days.astype("datetime64[Y]"), days.astype("datetime64[M]")
    month = (months - years.astype("datetime64[M]")).astype(np.float64) / 12
    weekday = ((days.astype(np.int64) + 3) % 7) / 7  # 1970-01-01 was a Thursday; Monday is 0
    yearday = (days - years.astype("datetime64[D]")).astype(np.float64) / _YEAR_DAYS
    columns = [years.astype(np.int64) + 1970.0]
    for turn in (month, weekday, yearday, moments % _DAY / _DAY):
        columns += [np.sin(2 * np.pi * turn), np.cos(2 * np.pi * turn)]
    values = np.stack(columns, axis=1)
    values[~there] = np.nan
    block = Block(_names(name, PARTS), values, pooled=False)
    return Table(source=table.source, columns=(block,), lines=table.lines, unit=table.unit)
