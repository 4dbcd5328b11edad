"""NPY: one NumPy array. Source: the numpy.lib.format documentation. Objects (pickles) are never read."""

from __future__ import annotations

import ast
import warnings
from typing import Any, Literal

import numpy as np

from mlpcli.data.reader import ArrayReader
from mlpcli.data.reading import PLAIN_READING, Reading
from mlpcli.data.source import Source
from mlpcli.errors import DataError, Fault

_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 1 << 20


class Npy(ArrayReader):
    """Reader of one array: the columns are x1 … xw, or the field names of a structured array."""

    def __init__(self, source: Source, reading: Reading = PLAIN_READING) -> None:
        super().__init__(source, reading)
        self.describe(*read_header(source))

    @staticmethod
    def claims(name: str, head: bytes) -> int:
        if head.startswith(_MAGIC):
            return 3
        return 2 if name.endswith(".npy") else 0


def read_header(source: Source) -> tuple[tuple[int, ...], np.dtype[Any], Literal["C", "F"]]:
    """Return shape, type, and order (C or Fortran) of the values.

    Raises DataError for anything but a sound header of numbers or text.
    """
    start = source.read(8)
    size = source.read(2 if start[6:7] == b"\x01" else 4)
    length = int.from_bytes(size, "little")
    if start[:6] != _MAGIC or length > _LONGEST_HEADER:
        raise _unsound(source, "it does not begin as one")
    text = source.read(length)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # warnings of Python's own parser, which mean nothing here
            header = ast.literal_eval(text.decode("utf-8" if start[6] == 3 else "latin-1").strip())
        shape, fortran, descr = header["shape"], header["fortran_order"], header["descr"]
        dtype = np.lib.format.descr_to_dtype(descr)
    except (ValueError, SyntaxError, TypeError, KeyError, IndexError, MemoryError, RecursionError) as error:
        raise _unsound(source, f"its header cannot be read ({error})") from error
    if not isinstance(shape, tuple) or not all(type(axis) is int and axis >= 0 for axis in shape):
        raise _unsound(source, f"its header tells of the shape {shape!r}")
    if dtype.hasobject:
        raise DataError(
            Fault(
                source.name,
                "The array holds Python objects, which are not read: loading them can run any program.",
                "Save it as numbers or text, for instance with `array.astype(float)` or `array.astype(str)`.",
            )
        )
    return shape, dtype, "F" if fortran else "C"


def _unsound(source: Source, why: str) -> DataError:
    return DataError(Fault(source.name, f"Not a sound NPY array: {why}.", "Write it again with numpy.save."))
