"""Numeric columns: missing cells filled, values scaled; the statistics are those of the training part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.counts import Counts
from mlpcli.data.infer import ignoring
from mlpcli.data.table import Table
from mlpcli.errors import DataError, Fault
from mlpcli.wording import listed

Array = NDArray[Any]
Floats = tuple[float, ...]

# Values in work at a time: two float64 copies of them stay in the processor's cache.
_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class Numeric:
    """One or more numeric columns. The statistics have one entry per column, or one for all (pooled).

    scaling: standard (x - mean) / std; minmax (x - low) / (high - low); none. A constant column becomes 0
    in both. `fill` stands in for missing cells; when it is empty, a missing cell is an error.
    """

    names: tuple[str, ...]
    scaling: str
    fill: Floats
    mean: Floats
    std: Floats
    low: Floats
    high: Floats
    missing: tuple[int, ...]
    """Missing cells in the training part."""

    @property
    def width(self) -> int:
        return len(self.names)

    @property
    def pooled(self) -> bool:
        return len(self.mean) < len(self.names)

    def fault(self) -> str:
        """What cannot be true of such columns; empty when all is well."""
        statistics = (self.mean, self.std, self.low, self.high, self.missing)
        lengths = {len(each) for each in (*statistics, *((self.fill,) if self.fill else ()))}
        if self.scaling not in ("standard", "minmax", "none"):
            return f"scaling {self.scaling!r} is not known."
        sound = lengths in ({1}, {len(self.names)}) and min(*self.std, *self.missing, 0) >= 0
        return "" if sound else "the statistics do not fit the columns."

    def shift_and_scale(self) -> tuple[Array, Array]:
        """What is subtracted, and what it is then divided by: infinity for constant columns. (1 or width,)"""
        low, high = np.array(self.low), np.array(self.high)
        if self.scaling == "none":
            return np.zeros(len(low)), np.ones(len(low))
        spread = high - low if self.scaling == "minmax" else np.array(self.std)
        shift = low if self.scaling == "minmax" else np.array(self.mean)
        return shift, np.where((low == high) | (spread == 0), np.inf, spread)

    def apply(self, table: Table, out: Array) -> Counts:
        """Write the prepared columns to `out` (rows, width). Raises DataError for what is no number."""
        shift, scale = self.shift_and_scale()
        values = table.matrix(self.names)
        filled = np.zeros(self.width, np.int64)
        for rows in _pieces(values):
            piece = values[rows].astype(np.float64)
            if not np.isfinite(piece).all():
                filled += self._fill(piece, table, rows.start)
            piece -= shift
            piece /= scale
            try:
                with np.errstate(over="raise"):
                    out[rows] = piece
            except FloatingPointError as error:
                where = f"{table.source}, columns {self.names[0]!r} to {self.names[-1]!r}"
                what = f"There are values too large for {out.dtype}."
                remedy = "Say `precision: float64`, or use `data: {scaling: standard}`."
                raise DataError(Fault(where, what, remedy)) from error
        return Counts({self.names[at]: int(filled[at]) for at in np.flatnonzero(filled)})

    def _fill(self, piece: Array, table: Table, start: int) -> Array:
        """Fill missing cells in place; how many there were per column (width,)."""
        holes = np.isnan(piece)
        bad = np.argwhere(np.isinf(piece) if self.fill else ~np.isfinite(piece))
        if len(bad):
            row, at = bad[0].tolist()
            raise _unusable(table, start + row, self.names[at], bool(holes[row, at]))
        np.copyto(piece, np.array(self.fill), where=holes)
        filled: Array = holes.sum(axis=0)
        return filled


def fit_numeric(table: Table, names: tuple[str, ...], pooled: bool, scaling: str, missing: str) -> Numeric:
    """Statistics, in float64, of the named columns: each by itself, or all `pooled`.

    missing: mean, median, zero, or error (a missing cell then raises when applied). Raises DataError for a
    column without one value and for infinite values.
    """
    values = table.matrix(names)
    width = 1 if pooled else len(names)
    total, count, holes = np.zeros(width), np.zeros(width), np.zeros(width, np.int64)
    low, high = np.full(width, np.inf), np.full(width, -np.inf)
    with np.errstate(over="ignore", invalid="ignore"):
        for piece, there in _present(values, pooled):
            found = len(piece) if there is True else np.sum(there, axis=0)
            total += piece.sum(axis=0, where=there)
            count += found
            holes += len(piece) - found
            low = np.minimum(low, piece.min(axis=0, where=there, initial=np.inf))
            high = np.maximum(high, piece.max(axis=0, where=there, initial=-np.inf))
    if not count.all():
        empty = [name for name, some in zip(names, count, strict=False) if not some]
        what = f"There is not one value in the rows for training: {listed(empty)}."
        raise DataError(Fault(table.source, what, f"{ignoring(empty)}."))
    mean = total / count
    deviations, squares = np.zeros(width), np.zeros(width)
    with np.errstate(over="ignore", invalid="ignore"):
        for piece, there in _present(values, pooled):
            piece -= mean
            deviations += piece.sum(axis=0, where=there)
            squares += np.square(piece).sum(axis=0, where=there)
        # What rounding left over of the mean comes off the squares (Chan, Golub, LeVeque 1983).
        std = np.sqrt(np.maximum(squares - deviations * deviations / count, 0) / count)
    if not np.isfinite(std).all():
        for row, at in np.argwhere(np.isinf(values))[:1].tolist():
            raise _unusable(table, row, names[at], missing=False)
        at = int(np.flatnonzero(~np.isfinite(std))[0])
        what = f"The values of {names[at]!r} are too large to be scaled."
        raise DataError(Fault(table.source, what, "Divide them by a power of ten, or ignore the column."))
    mean = np.clip(mean + deviations / count, low, high)
    fill = {"mean": mean, "zero": np.zeros(width), "error": np.zeros(0)}.get(missing)
    if fill is None:
        fill = np.atleast_1d(np.nanmedian(values, axis=None if pooled else 0))
    filled, mean_, std_, low_, high_ = (tuple(map(float, each)) for each in (fill, mean, std, low, high))
    return Numeric(names, scaling, filled, mean_, std_, low_, high_, tuple(map(int, holes)))


def _pieces(values: Array) -> Iterator[slice]:
    step = max(1, _AT_ONCE // values.shape[1])
    for start in range(0, len(values), step):
        yield slice(start, min(start + step, len(values)))


def _present(values: Array, pooled: bool) -> Iterator[tuple[Array, Array | Literal[True]]]:
    """float64 pieces of the values, (n, columns) or (n, 1) when pooled, and where they are not NaN."""
    for rows in _pieces(values):
        piece = values[rows].astype(np.float64)
        piece = piece.reshape(-1, 1) if pooled else piece
        holes = np.isnan(piece)
        yield piece, ~holes if holes.any() else True


def _unusable(table: Table, row: int, name: str, missing: bool) -> DataError:
    what, remedy = "The value is infinite.", "Mend it, or make it NaN where it is not known."
    if missing:
        what, remedy = "The cell is missing.", "Fill it in, or say how: `data: {missing: {numeric: mean}}`."
    return DataError(Fault(table.where(row, name), what, remedy))
