"""JSON lines: one object per line, whose keys are columns; also one list of objects.

Source: jsonlines.org.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.column import Column
from mlpcli.data.lines import head_lines, line_blocks
from mlpcli.data.pieces import regrouped
from mlpcli.data.reader import WHOLE, Reader
from mlpcli.data.reading import PLAIN_READING, Reading
from mlpcli.data.source import Source
from mlpcli.data.table import Table
from mlpcli.data.typed_columns import column_of_values
from mlpcli.errors import DataError, Fault

_FLAGS = {True: "true", False: "false"}
_DEEPEST = 20

_Block = tuple[NDArray[np.int64], dict[str, list[Any]]]
"""The numbers of the lines that hold objects, and their cells by column."""


class JsonLines(Reader):
    """Reader of objects: a key is a column, whose cells are empty where an object lacks it.

    Numbers are numbers, texts what they are in a CSV file, true and false words, null is an empty cell. A key
    in an object within an object is the column `outer.inner`; lists are refused.
    """

    absent_is_empty = True

    def __init__(self, source: Source, reading: Reading = PLAIN_READING) -> None:
        super().__init__(source, reading)
        self._reading = reading
        self._seen: dict[str, None] = {}
        self._unit = "line"
        is_list = _begins_list(source.head)
        blocks = self._list() if is_list else self._lines()
        # Keys at the beginning are known before the first row is asked for; faults in it are told then.
        for line in () if is_list else source.head.split(b"\n"):
            with suppress(ValueError, RecursionError, DataError):
                self._block([0], [json.loads(line)])
        first = next(blocks, None)
        if first is None:
            raise DataError(Fault(source.name, "There is no object in the file.", "Give one per line."))
        self._blocks = chain([first], blocks)
        self.names = tuple(self._seen)
        self.notes = (f"{source.name}: JSON, one object per {'line' if self._unit == 'line' else 'row'}.",)

    @staticmethod
    def claims(name: str, head: bytes) -> int:
        first = next(iter(head_lines(head, 1)), b"")
        if first.startswith(b"{"):
            try:
                return 3 if isinstance(json.loads(first), dict) else 0
            except (ValueError, RecursionError):
                pass
        if _begins_list(head):
            return 3
        return 2 if name.endswith((".jsonl", ".ndjson", ".json")) else 0

    def chunks(self, rows: int) -> Iterator[Table]:
        with self.source.stream:
            if rows == WHOLE:
                # Keys that appear late are columns of the earlier rows too, so all objects are seen first.
                yield from regrouped(self._wide(list(self._pieces())), rows)
            else:
                for piece in self._pieces():
                    yield from regrouped([piece], rows)
        self.names = tuple(self._seen)

    def _wide(self, pieces: list[Table]) -> Iterator[Table]:
        """Yield the tables with all columns that any of them has."""
        pieces.reverse()
        while pieces:
            piece = pieces.pop()
            known = {column.name: column for column in piece.columns if isinstance(column, Column)}
            columns = tuple(known.get(name) or self._column(name, [None] * piece.rows) for name in self._seen)
            yield Table(source=piece.source, columns=columns, lines=piece.lines, unit=piece.unit)

    def _pieces(self) -> Iterator[Table]:
        for numbers, cells in self._blocks:
            empty = [None] * len(numbers)
            columns = tuple(self._column(name, cells.get(name, empty)) for name in self._seen)
            yield Table(source=self.source.name, columns=columns, lines=numbers, unit=self._unit)

    def _column(self, name: str, values: Sequence[Any]) -> Column:
        return column_of_values(name, values, name in self._reading.as_text)

    def _lines(self) -> Iterator[_Block]:
        decode = _decoder()
        for first, lines in line_blocks(self.source):
            numbers = [number for number, line in enumerate(lines, first) if line and not line.isspace()]
            if numbers:
                objects = [self._parsed(decode, lines[number - first], number) for number in numbers]
                yield self._block(numbers, objects)

    def _list(self) -> Iterator[_Block]:
        """Yield the one list of the file as one block, whose numbers are those of its objects."""
        self._unit = "row"
        text = "\n".join(chain.from_iterable(lines for _, lines in line_blocks(self.source)))
        found = self._parsed(_decoder(), text, 0)
        if found:
            yield self._block(list(range(1, len(found) + 1)), found)

    def _block(self, numbers: list[int], objects: list[Any]) -> _Block:
        """Return the numbers of objects, and their cells by column; names are noted. Raises DataError."""
        for number, value in zip(numbers, objects, strict=True):
            if not isinstance(value, dict):
                what = f"There is {_kind(value)} where an object {{…}} should be."
                raise DataError(Fault(self._where(number), what, "Give one object per row."))
        cells = self._by_column(objects)
        if any({dict, list} & set(map(type, column)) for column in cells.values()):
            cells = self._by_column(
                [self._flat(value, number) for number, value in zip(numbers, objects, strict=True)]
            )
        for name, column in cells.items():
            if bool in set(map(type, column)):
                cells[name] = [_FLAGS[cell] if isinstance(cell, bool) else cell for cell in column]
        self._seen.update(dict.fromkeys(cells))
        return np.array(numbers), cells

    def _by_column(self, objects: list[dict[str, Any]]) -> dict[str, list[Any]]:
        names = dict.fromkeys(chain.from_iterable(objects))
        return {
            name: [value.get(name) for value in objects] for name in names if name not in self._reading.ignore
        }

    def _parsed(self, decode: Callable[[str], Any], text: str, number: int) -> Any:
        """Return the value of a line, or, where its number is 0, of the whole file. Raises DataError."""
        try:
            return decode(text)
        except json.JSONDecodeError as error:
            at = f"line {number or error.lineno} column {error.colno}"
            remedy = "Write one whole object per line, for instance with `jq -c '.[]'`."
            if number == 0:
                remedy = "Write it again with a program that writes JSON."
            raise DataError(Fault(f"{self.source.name} {at}", f"Not JSON: {error.msg}.", remedy)) from error
        except _Twice as error:
            what = f"The key {error.key!r} comes twice in one object."
            raise DataError(Fault(self._where(number), what, "Rename one of the two.")) from error
        except (ValueError, RecursionError) as error:
            what = f"Cannot be read: {error}."
            raise DataError(Fault(self._where(number), what, "Mend the line.")) from error

    def _where(self, number: int) -> str:
        return f"{self.source.name} {self._unit} {number}" if number else self.source.name

    def _flat(self, value: dict[str, Any], number: int) -> dict[str, Any]:
        """Return an object as names and cells. Raises DataError for a list, and a name that comes twice."""
        cells: dict[str, Any] = {}
        self._fill(cells, value, "", number)
        return cells

    def _fill(self, cells: dict[str, Any], value: dict[str, Any], prefix: str, number: int) -> None:
        for key, cell in value.items():
            name = prefix + key
            if isinstance(cell, dict) and name.count(".") < _DEEPEST:
                self._fill(cells, cell, f"{name}.", number)
            elif name in cells:
                what = f"The key {name!r} comes twice in one object."
                raise DataError(Fault(self._where(number), what, "Rename one of the two."))
            elif name in self._reading.ignore:
                continue
            elif isinstance(cell, (list, dict)):
                what = f"The key {name!r} holds {_kind(cell)}, and a cell holds one value."
                remedy = f"Give each value a key of its own, or leave it out: `data: {{ignore: [{name}]}}`."
                raise DataError(Fault(self._where(number), what, remedy))
            else:
                cells[name] = cell


class _Twice(Exception):
    """A key that comes twice in one object."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _decoder() -> Callable[[str], Any]:
    """Return a decoder that refuses keys that come twice; NaN is a missing value, as pandas writes it."""
    constants = {"NaN": None, "Infinity": "Infinity", "-Infinity": "-Infinity"}
    return json.JSONDecoder(object_pairs_hook=_object, parse_constant=constants.__getitem__).decode


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _Twice(next(key for key in found if keys.count(key) > 1))
    return found


def _begins_list(head: bytes) -> bool:
    start = head[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    return start[:1] == b"[" and start[1:].lstrip()[:1] == b"{"


def _kind(value: Any) -> str:
    kinds = {list: "a list", dict: "an object", str: "a text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")
