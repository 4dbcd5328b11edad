"""Arrow IPC: files, which Feather is too, and streams. Needs `pip install pyarrow`.

Source: arrow.apache.org/docs/format/Columnar.html.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlpcli.data.arrow_columns import ArrowColumns, batches_as_tables
from mlpcli.data.arrow_files import ArrowFormat
from mlpcli.data.source import Source
from mlpcli.data.table import Table
from mlpcli.errors import DataError, Fault

_FILE = b"ARROW1\0\0"
_STREAM = b"\xff\xff\xff\xff"
_OLD_FEATHER = b"FEA1"


class Arrow(ArrowFormat):
    """Reader of record batches, one at a time; a stream is read as it comes."""

    format_name = "Arrow"

    @staticmethod
    def claims(name: str, head: bytes) -> int:
        # After the mark of a stream comes the length of its schema, a multiple of eight.
        length = int.from_bytes(head[4:8], "little", signed=True)
        if head.startswith((_FILE, _OLD_FEATHER)) or (head.startswith(_STREAM) and length > 0 == length % 8):
            return 3
        return 2 if name.endswith((".arrow", ".arrows", ".feather", ".ipc")) else 0

    def open(self, source: Source) -> Any:
        import pyarrow as pa

        if source.head.startswith(_OLD_FEATHER):
            what = "This is Feather version 1, which is no longer read."
            raise DataError(
                Fault(source.name, what, "Write it again: pyarrow.feather.write_feather(table, file).")
            )
        if source.head.startswith(_FILE):
            file = pa.ipc.open_file(self.seekable(source))
            self._batches = (file.get_batch(at) for at in range(file.num_record_batches))
            return file.schema
        stream = pa.ipc.open_stream(source.stream)
        self._batches = iter(stream)
        return stream.schema

    def tables(self, columns: ArrowColumns) -> Iterator[Table]:
        return batches_as_tables(map(self._sound, self._batches), columns)

    def _sound(self, batch: Any) -> Any:
        """Return the columns of a batch that are read; raises pyarrow's error where they are unsound."""
        chosen = batch.select(self._columns.places)
        # The format has no checksums, and pyarrow follows offsets that point anywhere.
        chosen.validate(full=True)
        return chosen
