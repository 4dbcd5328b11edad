"""What cells mean that are not read as numbers in bulk: each different one is looked at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.column import plain_number
from mlpcli.data.text.cells import Cells
from mlpcli.data.text.numbers import KEEP

Array = NDArray[Any]

_MOST = 1 << 17  # different cells remembered; a column of free text has no end of them
_LONGEST = 64  # bytes of a cell that is compared word by word
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2⁶⁴ by the golden ratio: Fibonacci hashing


class Places:
    """A map from uint64 keys to numbers, for whole arrays: one place per hash, where the last key stays."""

    def __init__(self) -> None:
        self._bits = 12
        self._count = 0
        self._clear()

    def _clear(self) -> None:
        self._keys = np.zeros(1 << self._bits, np.uint64)
        self._numbers = np.full(1 << self._bits, -1)

    def _slots(self, keys: Array) -> Array:
        return ((keys * _SPREAD) >> np.uint64(64 - self._bits)).view(np.int64)

    def find(self, keys: Array) -> Array:
        """Return the number of each key, int64; -1 where it is not known (any more)."""
        slots = self._slots(keys)
        numbers = self._numbers.take(slots)
        numbers[self._keys.take(slots) != keys] = -1
        return numbers

    def put(self, keys: Array, numbers: Array) -> None:
        """Remember keys, which may drop others."""
        self._count += len(keys)
        if self._count > 1 << self._bits - 1 and self._bits < 18:
            self._bits += 2
            self._clear()
        slots = self._slots(keys)
        self._keys[slots], self._numbers[slots] = keys, numbers
        # Of several keys in one place the last one written stays, in both arrays alike.


class Meanings:
    """The meanings of cells by their bytes, remembered over the blocks of a file."""

    texts: list[str]
    """Distinct words, and numbers as they were written, without blanks."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self.texts = []
        self._text_places: dict[str, int] = {}
        self._known: dict[bytes, int] = {}
        self._short, self._long = Places(), Places()
        self._values = np.empty(256)
        self._text_of = np.empty(256, np.int64)
        self._parts = np.zeros((256, _LONGEST // 8), np.uint64)

    def forget_many(self) -> bool:
        """Forget everything where it has become much; the places of texts then mean others."""
        if len(self._known) <= _MOST:
            return False
        self._forget()
        return True

    def of(self, cells: Cells, starts: Array, lengths: Array) -> tuple[Array, Array]:
        """Return the numbers, float64 (n,), NaN for none, and places in `texts`, int64 (n,), -1 for empty."""
        found = np.empty(len(starts), np.int64)
        short = lengths <= 8
        if short.all():
            found = self._of_short(cells, starts, lengths)
        else:
            for at, kind in (
                (np.flatnonzero(short), self._of_short),
                (np.flatnonzero(~short & (lengths <= _LONGEST)), self._of_long),
                (np.flatnonzero(lengths > _LONGEST), self._one_by_one),
            ):
                if len(at):
                    found[at] = kind(cells, starts[at], lengths[at])
        return self._values.take(found), self._text_of.take(found)

    def _of_short(self, cells: Cells, starts: Array, lengths: Array) -> Array:
        keys = cells.words[starts] & KEEP.take(lengths)
        return self._looked_up(self._short, keys, cells, starts, lengths)

    def _of_long(self, cells: Cells, starts: Array, lengths: Array) -> Array:
        parts = [
            cells.words[starts + first] & KEEP.take(np.clip(lengths - first, 0, 8))
            for first in range(0, int(lengths.max()), 8)
        ]
        keys = parts[0]
        for part in parts[1:]:
            keys = (keys * _SPREAD) ^ (keys >> np.uint64(29)) ^ part
        found = self._looked_up(self._long, keys, cells, starts, lengths)
        known = self._parts[: len(self._known)]
        differ = np.zeros(len(starts), bool)
        for place, part in enumerate(parts):
            differ |= known[:, place].take(found) != part
        differ |= known[:, len(parts) :].any(axis=1).take(found)
        # Two cells with one key: there are files made for that.
        at = np.flatnonzero(differ)
        if len(at):
            found[at] = self._one_by_one(cells, starts[at], lengths[at])
        return found

    def _looked_up(self, places: Places, keys: Array, cells: Cells, starts: Array, lengths: Array) -> Array:
        found = places.find(keys)
        missing = np.flatnonzero(found < 0)
        if len(missing):
            distinct, first, inverse = np.unique(keys[missing], return_index=True, return_inverse=True)
            at = missing[first]
            numbers = self._one_by_one(cells, starts[at], lengths[at])
            found[missing] = numbers[inverse]
            places.put(distinct, numbers)
        return found

    def _one_by_one(self, cells: Cells, starts: Array, lengths: Array) -> Array:
        text, known = cells.text, self._known
        pairs = zip(starts.tolist(), (starts + lengths).tolist(), strict=True)
        contents = [text[start:end] for start, end in pairs]
        new = [each for each in dict.fromkeys(contents) if each not in known]
        if new:
            self._learn(new)
        return np.fromiter(map(known.__getitem__, contents), np.int64, len(contents))

    def _learn(self, contents: list[bytes]) -> None:
        first = len(self._known)
        self._known.update(zip(contents, range(first, first + len(contents)), strict=True))
        while len(self._known) > len(self._values):
            self._values = np.concatenate((self._values, self._values))
            self._text_of = np.concatenate((self._text_of, self._text_of))
            self._parts = np.concatenate((self._parts, np.zeros_like(self._parts)))
        new = slice(first, len(self._known))
        words = [content.decode() for content in contents]
        values = map(plain_number, words)
        self._values[new] = [np.nan if value is None else value for value in values]
        places = self._text_places
        places.setdefault("", -1)
        for word in words:
            if word not in places:
                places[word] = len(self.texts)
                self.texts.append(word)
        self._text_of[new] = [places[word] for word in words]
        padded = b"".join(content[:_LONGEST].ljust(_LONGEST, b"\0") for content in contents)
        self._parts[new] = np.frombuffer(padded, "<u8").reshape(-1, _LONGEST // 8)
