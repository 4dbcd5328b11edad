"""Columns that grow by the cells of one block after the other."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.column import Column
from mlpcli.data.text.cells import Cells
from mlpcli.data.text.numbers import parse
from mlpcli.data.text.words import Meanings, Places

Array = NDArray[Any]

_WINDOW = 1 << 14  # cells parsed in one go; more leave the cache, fewer are soon outweighed by the calls
_BANKS = 32


class CellReader:
    """What reads cells, with what it has learned of them: which columns hold words, what those mean."""

    def __init__(self, width: int, as_text: Collection[int]) -> None:
        """Begin with columns of numbers. as_text: the columns whose cells are all kept as words."""
        self.width = width
        self.meanings = Meanings()
        self._as_text = np.zeros(width, bool)
        self._as_text[list(as_text)] = True
        self._wordy = self._as_text.copy()

    def read(self, cells: Cells) -> tuple[Array, Array, Array, Array]:
        """Return the numbers, float64 (rows, columns), NaN elsewhere, and what the words are.

        The latter are three arrays (n,): the row, the column, and the place in `meanings.texts`; those of one
        column come by row.
        """
        some = self._wordy.any()
        numeric = np.flatnonzero(~self._wordy) if some else slice(None)
        starts, lengths = cells.starts[:, numeric].ravel(), cells.lengths[:, numeric].ravel()
        values = np.empty(len(starts))
        read = np.empty(len(starts), bool)
        for first in range(0, len(starts), _WINDOW):
            part = slice(first, first + _WINDOW)
            values[part], read[part] = parse(cells.words, starts[part], lengths[part])
        rest = np.flatnonzero(~read)
        values[rest] = np.nan
        rest = rest[lengths[rest] > 0]
        if some:
            numbers = np.full(cells.starts.shape, np.nan)
            numbers[:, numeric] = values.reshape(cells.rows, -1)
        else:
            numbers = values.reshape(cells.starts.shape)
        row, column = np.divmod(rest, len(starts) // max(cells.rows, 1) or 1)
        starts, lengths = starts[rest], lengths[rest]
        if some:
            wordy = np.flatnonzero(self._wordy)
            column = np.flatnonzero(~self._wordy)[column] if len(rest) else column
            at = np.flatnonzero(cells.lengths[:, wordy])
            word_row, word_column = np.divmod(at, len(wordy))
            row = np.concatenate((row, word_row))
            column = np.concatenate((column, wordy[word_column]))
            starts = np.concatenate((starts, cells.starts[:, wordy].ravel()[at]))
            lengths = np.concatenate((lengths, cells.lengths[:, wordy].ravel()[at]))
        if not len(row):
            return numbers, row, column, row
        found, texts = self.meanings.of(cells, starts, lengths)
        is_number = ~np.isnan(found) & ~self._as_text[column]
        numbers[row[is_number], column[is_number]] = found[is_number]
        word = np.flatnonzero(~is_number & (texts >= 0))
        row, column, texts = row[word], column[word], texts[word]
        counts = np.bincount(column, minlength=self.width)
        self._wordy = self._as_text | (counts > cells.rows // 2)
        return numbers, row, column, texts


class GrowingColumns:
    """The columns of one table while its rows come in."""

    def __init__(self, names: tuple[str, ...], reader: CellReader, expected: int) -> None:
        """Begin without rows. expected: how many there may be, which is memory only once they are there."""
        self._names, self._reader = names, reader
        self._capacity = max(expected, 16)
        self.rows = 0
        step = -(-len(names) // _BANKS)
        self._bounds = [slice(first, first + step) for first in range(0, len(names), step)]
        self._banks: list[Array | None] = [None] * len(self._bounds)
        self._step = step
        self._has_number = np.zeros(len(names), bool)
        self._codes: dict[int, Array] = {}
        self._words: dict[int, dict[str, int]] = {}
        self._known = Places()

    def add(self, cells: Cells) -> None:
        """Append rows."""
        if self._reader.meanings.forget_many():
            self._known = Places()
        numbers, row, column, texts = self._reader.read(cells)
        end = self.rows + cells.rows
        if end > self._capacity:
            self._grow(end)
        unknown = np.flatnonzero(~self._has_number)
        self._has_number[unknown] = ~np.isnan(numbers[:, unknown]).all(axis=0)
        for at, bounds in enumerate(self._bounds):
            bank = self._banks[at]
            if bank is None:
                if not self._has_number[bounds].any():
                    continue
                bank = self._banks[at] = self._new_bank(bounds)
                bank[:, : self.rows] = np.nan
            bank[:, self.rows : end] = numbers[:, bounds].T
        self._add_words(row, column, texts, cells.rows)
        self.rows = end

    def finish(self) -> tuple[Column, ...]:
        """Return the columns; nothing may be added after that."""
        return tuple(self._column(at, name) for at, name in enumerate(self._names))

    def _column(self, at: int, name: str) -> Column:
        words = self._words.get(at, {})
        numbers = None
        if self._has_number[at] or not words:
            bank = self._banks[at // self._step]
            numbers = np.full(self.rows, np.nan) if bank is None else bank[at % self._step, : self.rows]
        codes = self._codes[at][: self.rows] if words else None
        return Column(name=name, numbers=numbers, codes=codes, words=tuple(words))

    def _new_bank(self, bounds: slice) -> Array:
        return np.empty((len(self._names[bounds]), self._capacity))

    def _grow(self, rows: int) -> None:
        """Make room for so many rows and half as many again, one bank of columns after the other."""
        self._capacity = rows + (rows >> 1)
        for at, bank in enumerate(self._banks):
            if bank is not None:
                larger = self._new_bank(self._bounds[at])
                larger[:, : self.rows] = bank[:, : self.rows]
                self._banks[at] = bank = larger
        for place, codes in self._codes.items():
            more = np.empty(self._capacity, np.int32)
            more[: self.rows] = codes[: self.rows]
            self._codes[place] = more

    def _add_words(self, row: Array, column: Array, texts: Array, rows: int) -> None:
        codes = self._codes_of(column, texts)
        involved = np.flatnonzero(np.bincount(column, minlength=1))
        for place in self._codes.keys() - set(involved.tolist()):
            self._codes[place][self.rows : self.rows + rows] = -1
        if not len(involved):
            return
        matrix = np.full((len(involved), rows), -1, np.int32)
        matrix[np.searchsorted(involved, column), row] = codes
        for at, place in enumerate(involved.tolist()):
            if place not in self._codes:
                self._codes[place] = np.empty(self._capacity, np.int32)
                self._codes[place][: self.rows] = -1
            self._codes[place][self.rows : self.rows + rows] = matrix[at]

    def _codes_of(self, column: Array, texts: Array) -> Array:
        """Return the code of each word in its column; a new word gets the next one."""
        pairs = (texts * len(self._names) + column).view(np.uint64)
        codes = self._known.find(pairs)
        missing = np.flatnonzero(codes < 0)
        if len(missing):
            distinct, first, inverse = np.unique(pairs[missing], return_index=True, return_inverse=True)
            new = np.empty(len(distinct), np.int64)
            order = np.argsort(first)
            at = missing[first[order]]
            places, words = (
                column[at].tolist(),
                map(self._reader.meanings.texts.__getitem__, texts[at].tolist()),
            )
            known = [self._words.setdefault(place, {}) for place in places]
            new[order] = [each.setdefault(word, len(each)) for each, word in zip(known, words, strict=True)]
            codes[missing] = new[inverse]
            self._known.put(distinct, new)
        return codes
