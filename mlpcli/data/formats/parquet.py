"""Parquet: row groups of columns, as pandas writes them. Needs `pip install pyarrow`.

Source: parquet.apache.org/docs/file-format.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlpcli.data.arrow_columns import ArrowColumns, batches_as_tables
from mlpcli.data.arrow_files import ArrowFormat
from mlpcli.data.source import Source
from mlpcli.data.table import Table

_CELLS = 1 << 19


class Parquet(ArrowFormat):
    """Reader of row groups in pieces: memory holds little more than one piece."""

    format_name = "Parquet"

    @staticmethod
    def claims(name: str, head: bytes) -> int:
        if head.startswith(b"PAR1"):
            return 3
        return 2 if name.endswith((".parquet", ".parq", ".pq")) else 0

    def open(self, source: Source) -> Any:
        import pyarrow.parquet as pq

        # With read-ahead, or a row group read at a time, a file of one row group is in memory as a whole.
        # Years beyond 2262 would wrap round as nanoseconds, which old files stand for.
        file = pq.ParquetFile(
            self.seekable(source), pre_buffer=False, buffer_size=1 << 20, coerce_int96_timestamp_unit="us"
        )
        self.rows = file.metadata.num_rows
        self._file = file
        return file.schema_arrow

    def tables(self, columns: ArrowColumns) -> Iterator[Table]:
        schema = self._file.schema_arrow
        rows = max(1, min(1 << 16, _CELLS // len(columns.names)))
        chosen = None
        if len(columns.places) < len(schema.names) and len(set(schema.names)) == len(schema.names):
            chosen = [schema.names[at] for at in columns.places]
        batches = self._file.iter_batches(batch_size=rows, columns=chosen)
        if chosen is None:
            batches = (batch.select(columns.places) for batch in batches)
        return batches_as_tables(batches, columns)
