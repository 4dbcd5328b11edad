"""IDX: big-endian arrays, as MNIST comes. Source: http://yann.lecun.com/exdb/mnist/ (file formats)."""

from __future__ import annotations

import numpy as np

from mlpcli.data.reader import ArrayReader
from mlpcli.data.reading import PLAIN_READING, Reading
from mlpcli.data.source import Source
from mlpcli.errors import DataError, Fault

_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


class Idx(ArrayReader):
    """Reader of one array: two zero bytes, a type, the number of axes, their lengths, the values."""

    def __init__(self, source: Source, reading: Reading = PLAIN_READING) -> None:
        super().__init__(source, reading)
        start = source.read(4)
        if Idx.claims("", bytes(start)) == 0:
            raise DataError(
                Fault(
                    source.name,
                    f"Not an IDX file: it begins with {start.hex(' ')}, not with 00 00, a type "
                    "(08 … 0e) and the number of axes.",
                    "Fetch it again, or give it the ending of what it is.",
                )
            )
        lengths = source.read(4 * start[3])
        if len(lengths) < 4 * start[3]:
            raise DataError(Fault(source.name, "The IDX header is cut off.", "Fetch the file again."))
        shape = tuple(int(length) for length in np.frombuffer(lengths, ">u4"))
        self.describe(shape, np.dtype(_TYPES[start[2]]))

    @staticmethod
    def claims(name: str, head: bytes) -> int:
        if head[:2] == b"\0\0" and len(head) > 3 and head[2] in _TYPES and 0 < head[3] <= 8:
            return 3
        return 2 if name.endswith((".idx", "-ubyte")) else 0
