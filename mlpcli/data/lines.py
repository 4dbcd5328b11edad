"""Lines of a text file, in blocks: what formats of one record per line are read from."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from itertools import islice

from mlpcli.data.source import Source, reading
from mlpcli.errors import DataError, Fault

_BLOCK_BYTES = 1 << 18
_LONGEST_LINE = 1 << 28


def line_blocks(source: Source) -> Iterator[tuple[int, list[str]]]:
    """Yield blocks of whole lines without their ends, and the number of the first of each, counted from 1.

    What is there is given on at once, so that a line in an open pipe does not wait for the next.
    Raises DataError for what is no UTF-8, and for a line that has no end.
    """
    number = 1
    rest: list[bytes] = []
    length = 0
    while block := _read(source):
        end = block.rfind(b"\n") + 1
        if not end:
            rest.append(block)
            length += len(block)
            if length > _LONGEST_LINE:
                what = f"The line is longer than {_LONGEST_LINE >> 20} MiB."
                remedy = "Write one record per line; or the file is none of text."
                raise DataError(Fault(f"{source.name} line {number}", what, remedy))
            continue
        lines = _decoded(source, b"".join((*rest, block[:end])), number)
        yield number, lines
        number += len(lines)
        rest, length = [block[end:]], len(block) - end
    if last := b"".join(rest):
        yield number, _decoded(source, last, number)


def head_lines(head: bytes, limit: int = 20) -> list[bytes]:
    """Return the first lines of the beginning of a file that are not blank, without blanks around them.

    A line that may go on after the beginning is there only where no other is.
    """
    lines = head.removeprefix(codecs.BOM_UTF8).split(b"\n")
    if len(lines) > 1:
        lines.pop()
    return list(islice(filter(None, map(bytes.strip, lines)), limit))


def _read(source: Source) -> bytes:
    with reading(source.name):
        return source.stream.read1(_BLOCK_BYTES)


def _decoded(source: Source, data: bytes, number: int) -> list[str]:
    """Return the lines in these bytes. number: of the first. Raises DataError for what is no UTF-8."""
    if number == 1:
        data = data.removeprefix(codecs.BOM_UTF8)
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        line = number + data.count(b"\n", 0, error.start)
        remedy = "Save it as UTF-8, for instance with `iconv -f CP1252 -t UTF-8 FILE`."
        raise DataError(Fault(f"{source.name} line {line}", "The text is not UTF-8.", remedy)) from error
    if not lines[-1]:
        lines.pop()
    return [line.removesuffix("\r") for line in lines]
