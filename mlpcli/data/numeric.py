"""Numeric columns: missing cells filled, values scaled; the statistics are those of the training part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.preparation_warnings import PreparationWarnings
from mlpcli.data.table import Table
from mlpcli.errors import DataError, Fault

Array = NDArray[Any]
Floats = tuple[float, ...]

# Values in work at a time: two float64 copies of them stay in the processor's cache.
_AT_ONCE = 1 << 17
_LEAST_ROWS = 64


MOST_SPREAD = 1e9
"""The largest distance between two values, in standard deviations: n values lie within sqrt(2n) of them
(Samuelson 1968, How deviant can you be?)."""


def is_spread(value: float) -> bool:
    """Tell whether a number can be the spread of values: its square is finite and above 0."""
    return 0.0 < value * value < np.inf


@dataclass(frozen=True, kw_only=True)
class Numeric:
    """One or more numeric columns. The statistics have one entry per column, or one for all (pooled).

    scaling: standard (x - mean) / std; minmax (x - low) / (high - low); none. A constant column becomes 0
    in both. `fill` stands in for missing cells; when it is empty, a missing cell is an error. A column
    without one value in the training part has statistics of 0, and is always 0 whatever the scaling.
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
    empty: tuple[str, ...] = ()
    """Columns without one value in the training part."""

    @property
    def width(self) -> int:
        return len(self.names)

    @property
    def pooled(self) -> bool:
        return len(self.mean) < len(self.names)

    def fault(self) -> str:
        """Say what cannot be true of such columns; empty when all is well."""
        statistics = (self.mean, self.std, self.low, self.high, self.missing)
        lengths = {len(each) for each in (*statistics, *((self.fill,) if self.fill else ()))}
        if self.scaling not in ("standard", "minmax", "none"):
            return f"scaling {self.scaling!r} is not known."
        sound = lengths in ({1}, {len(self.names)}) and min(*self.std, *self.missing, 0) >= 0
        sound = sound and set(self.empty) <= set(self.names)
        if not sound:
            return "the statistics do not fit the columns."
        for name, low, mean, std, high in zip(self.names, self.low, self.mean, self.std, self.high):  # noqa: B905
            if not low <= mean <= high:
                return f"{name!r}: the mean {mean:g} is not between low {low:g} and high {high:g}."
            if low < high and std and not (is_spread(std) and std <= high - low <= MOST_SPREAD * std):
                return f"{name!r}: the std {std:g} is not that of values from {low:g} to {high:g}."
        for name, low, fill, high in zip(self.names, self.low, self.fill, self.high):  # noqa: B905
            if fill and not low <= fill <= high:
                return f"{name!r}: the fill {fill:g} is not between low {low:g} and high {high:g}."
        return ""

    def shift_and_scale(self) -> tuple[Array, Array]:
        """Return what is subtracted, and then divided by: (1 or width,), infinity for constant columns."""
        low, high = np.array(self.low), np.array(self.high)
        if self.scaling == "none":
            absent = set(self.empty)
            vanishing = [bool(absent)] if self.pooled else [name in absent for name in self.names]
            return np.zeros(len(low)), np.where(vanishing, np.inf, 1.0)
        spread = high - low if self.scaling == "minmax" else np.array(self.std)
        shift = low if self.scaling == "minmax" else np.array(self.mean)
        with np.errstate(under="ignore", over="ignore"):
            constant = (low == high) | (spread * spread == 0)
        return shift, np.where(constant, np.inf, spread)

    def apply(self, table: Table, out: Array) -> PreparationWarnings:
        """Write the prepared columns to `out`, (rows, width), and return what was filled.

        Raises DataError for what is no number, and for numbers too large for the type of `out`.
        """
        shift, scale = self.shift_and_scale()
        filled, start = np.zeros(self.width, np.int64), 0
        for part, piece in _float_pieces(table, self.names):
            if not np.isfinite(piece).all():
                filled += self._fill(piece, part)
            piece -= shift
            piece /= scale
            try:
                with np.errstate(over="raise"):
                    out[start : start + len(piece)] = piece
            except FloatingPointError as error:
                where = f"{table.source}, columns {self.names[0]!r} to {self.names[-1]!r}"
                what = f"There are values too large for {out.dtype}."
                remedy = "Say `precision: float64`, or use `data: {scaling: standard}`."
                raise DataError(Fault(where, what, remedy)) from error
            start += len(piece)
        return PreparationWarnings({self.names[at]: int(filled[at]) for at in np.flatnonzero(filled)})

    def _fill(self, piece: Array, table: Table) -> Array:
        """Fill missing cells in place; return how many there were per column, (width,). Raises DataError."""
        holes = np.isnan(piece)
        bad = np.argwhere(np.isinf(piece) if self.fill else ~np.isfinite(piece))
        if len(bad):
            row, at = bad[0].tolist()
            raise _unusable(table, row, self.names[at], bool(holes[row, at]))
        np.copyto(piece, np.array(self.fill), where=holes)
        filled: Array = holes.sum(axis=0)
        return filled


def fit_numeric(table: Table, names: tuple[str, ...], pooled: bool, scaling: str, missing: str) -> Numeric:
    """Fit statistics, in float64, to the named columns: each by itself, or all `pooled`.

    missing: mean, median, zero, or error (a missing cell then raises when applied). A column without one
    value is noted as empty. Raises DataError for infinite values.
    """
    width = 1 if pooled else len(names)
    total, count, holes = np.zeros(width), np.zeros(width), np.zeros(width, np.int64)
    low, high = np.full(width, np.inf), np.full(width, -np.inf)
    with np.errstate(over="ignore", invalid="ignore"):
        for piece, there in _present(table, names, pooled):
            found = len(piece) if there is True else np.sum(there, axis=0)
            total += piece.sum(axis=0, where=there)
            count += found
            holes += len(piece) - found
            low = np.minimum(low, piece.min(axis=0, where=there, initial=np.inf))
            high = np.maximum(high, piece.max(axis=0, where=there, initial=-np.inf))
    none = count == 0
    empty = (names if none.all() else ()) if pooled else tuple(np.array(names)[none].tolist())
    low[none] = high[none] = 0.0
    count[none] = 1.0
    mean = total / count
    deviations, squares = np.zeros(width), np.zeros(width)
    with np.errstate(over="ignore", invalid="ignore"):
        for piece, there in _present(table, names, pooled):
            piece -= mean
            deviations += piece.sum(axis=0, where=there)
            squares += np.square(piece).sum(axis=0, where=there)
        # What rounding left over of the mean comes off the squares (Chan, Golub, LeVeque 1983).
        std = np.sqrt(np.maximum(squares - deviations * deviations / count, 0) / count)
    if not np.isfinite(std).all():
        _refuse_infinite(table, names)
        at = int(np.flatnonzero(~np.isfinite(std))[0])
        what = f"The values of {names[at]!r} are too large to be scaled."
        raise DataError(Fault(table.source, what, "Divide them by a power of ten, or ignore the column."))
    mean = np.clip(mean + deviations / count, low, high)
    fill = {"mean": mean, "zero": np.zeros(width), "error": np.zeros(0)}.get(missing)
    if fill is None:
        fill = np.zeros(width)
        if not none.all():
            fill[~none] = _medians(table, names, pooled, none)
    return Numeric(
        names=names,
        scaling=scaling,
        fill=tuple(fill.tolist()),
        mean=tuple(mean.tolist()),
        std=tuple(std.tolist()),
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
        missing=tuple(holes.tolist()),
        empty=empty,
    )


def _rows_at_once(width: int) -> int:
    # Of very many columns few rows would do, and each piece asks for every column.
    return max(_LEAST_ROWS, _AT_ONCE // width)


def _float_pieces(table: Table, names: tuple[str, ...]) -> Iterator[tuple[Table, Array]]:
    """Yield pieces of a table with their values, float64 (n, columns), that may be written to until the next.

    Columns are gathered in one buffer: fresh memory for each piece takes longer than what is done with it.
    """
    step = _rows_at_once(len(names))
    buffer = np.empty((0, 0))
    for part in table.pieces(step):
        block = part.block(names)
        if block is not None:
            yield part, block.astype(np.float64)
            continue
        if not buffer.size:
            buffer = np.empty((len(names), min(step, table.rows)))
        rows = buffer[:, : part.rows]
        for row, name in zip(rows, names, strict=True):
            row[:] = part.numbers(name)
        yield part, rows.T


def _present(
    table: Table, names: tuple[str, ...], pooled: bool
) -> Iterator[tuple[Array, Array | Literal[True]]]:
    """Yield float64 pieces of the values, (n, columns) or (n, 1) when pooled, and where they are not NaN."""
    for _, piece in _float_pieces(table, names):
        piece = piece.reshape(-1, 1) if pooled else piece
        holes = np.isnan(piece)
        yield piece, ~holes if holes.any() else True


def _refuse_infinite(table: Table, names: tuple[str, ...]) -> None:
    """Raise DataError for the first infinite value, where there is one."""
    for part in table.pieces(_rows_at_once(len(names))):
        for row, at in np.argwhere(np.isinf(part.matrix(names)))[:1].tolist():
            raise _unusable(part, row, names[at], missing=False)


def _medians(table: Table, names: tuple[str, ...], pooled: bool, none: Array) -> Array:
    """Return the medians of the columns that have values, (columns,), or the one of all when pooled."""
    block = table.block(names)
    if block is None:
        some = [table.numbers(name) for name, empty in zip(names, none, strict=True) if not empty]
        return np.array([np.nanmedian(values) for values in some])
    if pooled:
        return np.asarray(np.nanmedian(block))
    # Some columns at a time: of all of them a copy would be as large as the table.
    there = np.flatnonzero(~none)
    step = max(1, _AT_ONCE * 16 // max(1, len(block)))
    parts = [there[start : start + step] for start in range(0, len(there), step)]
    return np.concatenate([np.nanmedian(block[:, part], axis=0) for part in parts])


def _unusable(table: Table, row: int, name: str, missing: bool) -> DataError:
    what, remedy = "The value is infinite.", "Mend it, or make it NaN where it is not known."
    if missing:
        what, remedy = "The cell is missing.", "Fill it in, or say how: `data: {missing: {numeric: mean}}`."
    return DataError(Fault(table.where(row, name), what, remedy))
