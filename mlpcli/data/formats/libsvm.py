"""LIBSVM: a label and index:value pairs in each line, as svmlight writes them.

Source: csie.ntu.edu.tw/~cjlin/libsvm (README).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.column import Column
from mlpcli.data.lines import head_lines, line_blocks
from mlpcli.data.reader import LABEL, WHOLE, Reader
from mlpcli.data.reading import PLAIN_READING, Reading
from mlpcli.data.source import Source
from mlpcli.data.table import Block, Table
from mlpcli.data.typed_columns import column_of_numbers
from mlpcli.errors import DataError, Fault

QUERY = "qid"
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_PAIR = re.compile(rf"qid:[0-9]+|[0-9]{{1,9}}:{_NUMBER.pattern}")
_SIGNS = str.maketrans("", "", "0123456789.+-eE")
_MOST_CELLS = 1 << 30
_CELLS_OF_NAME = 32


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """Rows with the values that are not left out.

    lines, labels, queries: (rows,); queries are NaN where there is none. counts: pairs of each row, (rows,).
    indices, values: of all pairs, (pairs,).
    """

    lines: NDArray[np.int64]
    labels: NDArray[np.float64]
    queries: NDArray[np.float64]
    counts: NDArray[np.int64]
    indices: NDArray[np.int64]
    values: NDArray[np.float64]


class Libsvm(Reader):
    """Reader of sparse rows: the columns are `label`, `qid` where there is one, and x1 … xn.

    What a row leaves out is 0. A column is named after its index as written, so that files of one set agree:
    x0 is there where an index 0 is. The last index is the largest of the file where it is read as a whole,
    else of the columns that the model uses and of the beginning of the file.
    """

    def __init__(self, source: Source, reading: Reading = PLAIN_READING) -> None:
        super().__init__(source, reading)
        self._low, self._high = _span(reading.names, source.head)
        blocks = self._blocks()
        first = next(blocks, None)
        if first is None:
            raise DataError(Fault(source.name, "There is no row in the file.", "Give one row per example."))
        self._rows = chain([first], blocks)
        self._with_query = not np.isnan(first.queries).all()
        self._name(len(first.lines))
        self.notes = (
            f"{source.name}: LIBSVM: the label is the column {LABEL!r}, index 1 is x1; "
            "what a row leaves out is 0.",
        )

    @staticmethod
    def claims(name: str, head: bytes) -> int:
        lines = [line.partition(b"#")[0].decode("latin-1").split() for line in head_lines(head)]
        rows = [" ".join(line) for line in lines if line]
        if any(":" in row for row in rows) and all(map(_is_row, rows)):
            return 3
        return 2 if name.endswith((".libsvm", ".svmlight", ".svm")) else 0

    def chunks(self, rows: int) -> Iterator[Table]:
        with self.source.stream:
            if rows == WHOLE:
                yield self._table(_together(list(self._rows)))
                return
            for block in self._rows:
                for start in range(0, len(block.lines), rows):
                    yield self._table(_sliced(block, start, start + rows))

    def _name(self, rows: int) -> None:
        """Set the names of the columns found so far. Raises DataError where a dense table is too large."""
        width = self._high - self._low + 1
        if (rows + _CELLS_OF_NAME) * width > _MOST_CELLS:
            size = 4 * rows * width / 2**30
            what = f"{rows:,} rows of {width:,} columns would take {size:,.1f} GiB with all their zeros."
            remedy = (
                "Choose fewer columns, for instance those that most rows have, and number them anew from 1."
            )
            raise DataError(Fault(self.source.name, what, remedy))
        queries = (QUERY,) if self._with_query else ()
        self._inputs = tuple(f"x{at}" for at in range(self._low, self._high + 1))
        self.names = (LABEL, *queries, *self._inputs)

    def _table(self, rows: _Rows) -> Table:
        """Make a table of rows, in the narrowest type that holds all values. Raises DataError."""
        self._name(len(rows.lines))
        width = len(self._inputs)
        columns: list[Column | Block] = [column_of_numbers(LABEL, rows.labels)]
        if self._with_query:
            columns.append(column_of_numbers(QUERY, rows.queries))
        if width:
            values = np.zeros((len(rows.lines), width), _narrowest(rows.values))
            values[np.repeat(np.arange(len(rows.lines)), rows.counts), rows.indices - self._low] = rows.values
            columns.append(Block(self._inputs, values, pooled=False))
        return Table(source=self.source.name, columns=tuple(columns), lines=rows.lines, unit="line")

    def _blocks(self) -> Iterator[_Rows]:
        for first, given in line_blocks(self.source):
            lines = [" ".join(line.partition("#")[0].split()) for line in given]
            numbers = np.array([number for number, line in enumerate(lines, first) if line], np.int64)
            lines = list(filter(None, lines))
            if not lines:
                continue
            rows = _rows(lines, numbers)
            if rows is None:
                raise self._fault(lines, numbers.tolist())
            self._high = max(self._high, rows.indices.max(initial=0))
            self._low = min(self._low, rows.indices.min(initial=1))
            yield rows

    def _fault(self, lines: list[str], numbers: list[int]) -> DataError:
        """Return the fault of the first line that is none of this format, or is not as the lines before."""
        remedy = "Write `label 1:0.5 3:2`: numbers, with indices that rise; what is left out is 0."
        with_query = " qid:" in lines[0]
        for line, number in zip(lines, numbers, strict=True):
            where = f"{self.source.name} line {number}"
            for token in line.split()[1:]:
                if not _PAIR.fullmatch(token):
                    return DataError(Fault(where, f"{token[:40]!r} is no pair of index and value.", remedy))
            if not _NUMBER.fullmatch(line.split()[0]):
                return DataError(Fault(where, f"The label {line.split()[0][:40]!r} is no number.", remedy))
            if not _is_row(line):
                return DataError(Fault(where, "The indices of a row must rise.", remedy))
            if (" qid:" in line) != with_query:
                break
        what = "Some lines have a qid, others have none."
        return DataError(Fault(where, what, "Give one to each line, as the first pair, or to none."))


def _rows(lines: list[str], numbers: NDArray[np.int64]) -> _Rows | None:
    """Return the rows in lines with single blanks and without comments; None where one is unsound."""
    text = "\n".join(lines)
    query = "qid:" in text
    counts = np.array([line.count(":") for line in lines], np.int64) - query
    # Without the signs of numbers only the marks between them are left.
    marks = "\n".join([" qid:" * query + " :" * count for count in counts.tolist()])
    if text.translate(_SIGNS) != marks:
        return None
    tokens = text.replace(" qid:", " ").replace(":", " ").split()
    ends = np.cumsum(2 * counts + 1 + query)
    if len(tokens) != ends[-1]:
        return None
    try:
        values = np.fromiter(map(float, tokens), np.float64, len(tokens))
    except ValueError:
        return None
    starts = ends - (2 * counts + 1 + query)
    of_pairs = np.ones(len(tokens), bool)
    of_pairs[starts] = False
    of_pairs[starts + query] = False
    pairs = values[of_pairs].reshape(-1, 2)
    rising = np.diff(pairs[:, 0]) > 0
    rising[np.cumsum(counts)[:-1][(counts[:-1] > 0) & (np.cumsum(counts)[:-1] < len(pairs))] - 1] = True
    whole = all(token.isdigit() and len(token) < 10 for token in np.array(tokens, object)[of_pairs][::2])
    if not (whole and rising.all() and np.isfinite(values).all()):
        return None
    queries = values[starts + 1] if query else np.full(len(lines), np.nan)
    return _Rows(
        lines=numbers,
        labels=values[starts],
        queries=queries,
        counts=counts,
        indices=pairs[:, 0].astype(np.int64),
        values=pairs[:, 1],
    )


def _is_row(line: str) -> bool:
    return _rows([line], np.ones(1, np.int64)) is not None


def _together(blocks: list[_Rows]) -> _Rows:
    return _Rows(
        **{
            field.name: np.concatenate([getattr(block, field.name) for block in blocks])
            for field in fields(_Rows)
        }
    )


def _sliced(rows: _Rows, start: int, stop: int) -> _Rows:
    ends = np.cumsum([0, *rows.counts[:stop].tolist()])
    pairs = slice(ends[start], ends[-1])
    return _Rows(
        lines=rows.lines[start:stop],
        labels=rows.labels[start:stop],
        queries=rows.queries[start:stop],
        counts=rows.counts[start:stop],
        indices=rows.indices[pairs],
        values=rows.values[pairs],
    )


def _narrowest(values: NDArray[np.float64]) -> type[np.uint8 | np.float32 | np.float64]:
    """Return the smallest type that holds all these values to the bit."""
    for narrow in (np.uint8, np.float32):
        with np.errstate(invalid="ignore", over="ignore"):
            if np.array_equal(values.astype(narrow), values):
                return narrow
    return np.float64


def _span(names: frozenset[str], head: bytes) -> tuple[int, int]:
    """Return the first and last index in these names of columns and in this beginning of a file."""
    indices = re.findall(rb"\s([0-9]{1,9}):", re.sub(rb"#.*", b"", head))
    of_names = [name[1:] for name in names if re.fullmatch(r"x(0|[1-9][0-9]{0,8})", name)]
    found = [*map(int, of_names), *map(int, indices)]
    return min([1, *found]), max([0, *found])
