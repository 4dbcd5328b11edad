"""The plain reading of text tables, which the fast one is held to, and texts to hold it to."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

import numpy as np

from mlpcli.data.column import Column, column_of_cells
from mlpcli.data.formats import csv as csv_format
from mlpcli.data.read import open_reader
from mlpcli.data.reading import PLAIN_READING, Reading
from mlpcli.errors import DataError

Outcome = tuple[object, ...]

READINGS = (
    PLAIN_READING,
    Reading(header=True),
    Reading(header=False),
    Reading(as_text=frozenset({"n0", "x1"})),
    Reading(names=frozenset({"n1"}), comment="#"),
    Reading(header=False, separator=";"),
    Reading(header=False, separator=" "),
    Reading(skip=1),
)


def plainly(path: Path, reading: Reading = PLAIN_READING) -> Outcome:
    """Read record by record, as the csv module cuts them, and cell by cell."""
    try:
        reader = open_reader(str(path), reading)
        assert isinstance(reader, csv_format.Csv)
        with reader.source.stream:
            found = list(reader.records())
    except DataError as error:
        return (str(error),)
    columns = [[record[at] for record, _ in found] for at in range(len(reader.names))]
    made = [_column(name, cells, name in reading.as_text) for name, cells in zip(reader.names, columns)]
    return told(made, [line for _, line in found])


def fast(path: Path, reading: Reading = PLAIN_READING, rows: int = 1 << 62) -> Outcome:
    """Read as the product does, in small blocks so that everything falls on the border of one."""
    try:
        tables = list(open_reader(str(path), reading).chunks(rows))
    except DataError as error:
        return (str(error),)
    if not tables:
        return told([], [])
    assert all(table.rows == rows for table in tables[:-1])
    assert 0 < tables[-1].rows <= rows
    if len(tables) == 1:
        return told(tables[0].columns, tables[0].lines)
    return tuple(told(table.columns, table.lines) for table in tables)


def told(columns: Sequence[Column], lines: Sequence[int]) -> Outcome:
    """Return all there is about columns in a form to compare, numbers to the bit."""
    if not len(lines):
        return ()
    return (
        [
            (
                each.name,
                None if each.numbers is None else each.numbers.tobytes(),
                None if each.codes is None else each.codes.tolist(),
                each.words,
            )
            for each in columns
        ],
        list(lines),
    )


def small_blocks(size: int) -> object:
    """Make the reader take blocks of so many bytes."""
    return mock.patch.multiple(csv_format, _BLOCK_BYTES=size, _LARGEST_BLOCK=size, _RECORDS=3)


def _column(name: str, cells: list[str], as_text: bool) -> Column:
    if not as_text:
        return column_of_cells(name, cells)
    stripped = [cell.strip() for cell in cells]
    words = list(dict.fromkeys(filter(None, stripped)))
    if not words:
        return Column(name=name, numbers=np.full(len(cells), np.nan))
    codes = np.array([words.index(cell) if cell else -1 for cell in stripped], np.int32)
    return Column(name=name, codes=codes, words=tuple(words))


_NUMBERS = (
    "0 1 -1 7 007 1.5 -2.25 +3 .5 5. 1e3 1E-5 -0 -0.0 00 0.1 12345678 123456789 9007199254740993".split()
)
_MORE = (
    "0.30000000000000004 123456.7890123456789 1e400 1_0 nan inf 0x1F 1,5 -12.6542 3.141592653589793 "
    "1.7976e308 99999999999999999999 12345678.12345678 0.000000000000000000000012345 "
    "4503599627370497.5 +-1 - + . -. 1.2.3 ١"
).split()
_WORDS = [
    "red",
    "green",
    "blue",
    "",
    "",
    "NA",
    "?",
    "x y",
    "Größe",
    "日本",
    "a" * 9,
    "b" * 20,
    "c" * 70,
    "\xa0",
    "e\u2003",
]
_ODD = [
    '"',
    '""',
    '5"',
    "'",
    "it's",
    'say "x"',
    "a,b",
    "a;b",
    "a\tb",
    "l\nm",
    "l\r\nm",
    "\r",
    "#",
    " ",
    "\t",
    "\x0b",
    "\x1c",
]


def random_text(rng: random.Random) -> bytes:
    """Return a table as programs write it, often with something amiss."""
    separator = rng.choice([",", ",", ",", ";", "\t", "|", " "])
    end = rng.choice(["\n", "\n", "\n", "\r\n", "\r"])
    width = rng.choice([1, 2, 2, 3, 4, 7])
    pools = [
        rng.choice([_NUMBERS, _NUMBERS + _MORE, _WORDS, _NUMBERS + _WORDS, _WORDS + _ODD])
        for _ in range(width)
    ]
    quoting = rng.choice(["never", "never", "needed", "words", "all", "random"])
    blanks = rng.choice([0, 0, 0, 0.3])
    lines = [separator.join(f"n{at}" for at in range(width))] if rng.random() < 0.7 else []
    for _ in range(rng.choice([1, 3, 10, 40])):
        cells = []
        for pool in pools:
            cell = rng.choice(pool) if rng.random() < 0.9 else str(rng.gauss(0, 1))
            if _is_quoted(cell, separator, quoting, rng):
                cell = '"' + cell.replace('"', '""') + '"'
            if rng.random() < blanks:
                cell = rng.choice([" ", "  ", "\t", "\xa0", ""]) + cell + rng.choice([" ", "  ", "\t", ""])
            cells.append(cell)
        lines.append(separator.join(cells))
        if rng.random() < 0.03:
            lines.append(rng.choice(["", " ", separator * (width - 1), separator * width, "# x", '""']))
    around = rng.choice(["", "", "", "numbered", "R", "open end", "remarks"])
    if around in ("numbered", "R") and separator != " ":
        lines = [
            f"{at}{separator}{line}" if at or around == "numbered" else line for at, line in enumerate(lines)
        ]
    elif around == "open end":
        lines = [line + separator for line in lines]
    elif around == "remarks":
        lines = ["# made by hand", "# " + separator, *lines]
    data = end.join(lines).encode() + rng.choice([b"", end.encode(), end.encode() * 2])
    while rng.random() < 0.25 and data:
        at = rng.randrange(len(data))
        new = rng.choice([b'"', b"\xff", b"\0", b"\r", b"\n", b" ", separator.encode(), b"", b'""', b"'"])
        data = data[:at] + new + data[at + rng.randrange(2) :]
    return data


def _is_quoted(cell: str, separator: str, quoting: str, rng: random.Random) -> bool:
    if quoting == "needed":
        return any(mark in cell for mark in (separator, '"', "\n", "\r"))
    return (
        quoting == "all"
        or (quoting == "words" and not cell[:1].isdigit())
        or (quoting == "random" and rng.random() < 0.4)
    )
