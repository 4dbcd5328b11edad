"""Columns from Arrow's, without a Python object per cell: what Parquet, Arrow files and tables share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.column import Column, join_columns
from mlpcli.data.column_names import distinct_names
from mlpcli.data.reading import Reading
from mlpcli.data.schema.column_schema import CATEGORY, DATE, ORDINAL, TRUTH, ColumnSchema
from mlpcli.data.table import Table
from mlpcli.data.typed_columns import column_of_levels, column_of_moments, column_of_numbers
from mlpcli.errors import DataError, Fault
from mlpcli.wording import listed

Array = NDArray[Any]

_INDEX = "__index_level_"
_EXACT_DIGITS = 15
_DAY = 86_400


class ArrowColumns:
    """The way from the columns of one Arrow schema to ours.

    names: of the columns that are read; an index of pandas and what is ignored are left out. places: of these
    columns in the schema. declared: what their types say. notes: sentences for the user.
    """

    def __init__(self, schema: Any, source: str, reading: Reading) -> None:
        """Look at a schema. Raises DataError for a type that is no column of cells, and without a column."""
        self._source, self._reading = source, reading
        names, renamed = distinct_names([str(name) for name in schema.names], source)
        index = [name for name in names if name.startswith(_INDEX)]
        self.places = [
            at for at, name in enumerate(names) if name not in index and name not in reading.ignore
        ]
        self.names = tuple(names[at] for at in self.places)
        if not self.names:
            raise DataError(Fault(source, "There is no column in it.", "Give a table with columns."))
        left_out = (f"{source}: an index of pandas is left out: {listed(index)}.",) if index else ()
        self.notes = (*renamed, *left_out)
        self.declared: dict[str, ColumnSchema] = {}
        for name, at in zip(self.names, self.places, strict=True):
            found = self._declared(name, schema.field(at).type)
            if found is not None:
                self.declared[name] = found

    def table(self, batch: Any, start: int) -> Table:
        """Make a table of an Arrow table or record batch with the columns at `places` only, in their order.

        start: rows before it. Raises DataError for text that is no UTF-8.
        """
        columns = tuple(self._column(name, batch.column(at)) for at, name in enumerate(self.names))
        lines = range(start + 1, start + batch.num_rows + 1)
        return Table(source=self._source, columns=columns, lines=lines, unit="row", declared=self.declared)

    def _declared(self, name: str, type_: Any) -> ColumnSchema | None:
        """Return what a type says that cells do not. Raises DataError for one that is not read."""
        import pyarrow.types as types

        type_ = _storage(type_)
        if types.is_boolean(type_):
            return ColumnSchema(name=name, kind=TRUTH, levels=("0", "1"), why="the file holds true and false")
        if types.is_date(type_) or types.is_timestamp(type_):
            return ColumnSchema(name=name, kind=DATE, why="the file holds dates")
        if types.is_dictionary(type_):
            self._declared(name, type_.value_type)
            return ColumnSchema(name=name, kind=CATEGORY, why="the file lists its levels")
        if not _is_read(type_):
            what = f"The column {name!r} has the type {type_}, which is no value per cell."
            remedy = f"Leave it out: `data: {{ignore: [{name}]}}`, or write its parts as columns."
            raise DataError(Fault(self._source, what, remedy))
        return None

    def _column(self, name: str, values: Any) -> Column:
        chunks = values.chunks if hasattr(values, "chunks") else [values]
        as_text = name in self._reading.as_text
        pieces = [self._piece(name, chunk, as_text) for chunk in chunks if len(chunk)]
        return join_columns(pieces) if pieces else Column(name=name, numbers=np.zeros(0))

    def _piece(self, name: str, values: Any, as_text: bool) -> Column:
        """Make a column of one Arrow array. Raises DataError for text that is no UTF-8."""
        import pyarrow as pa
        import pyarrow.types as types

        if isinstance(values, pa.ExtensionArray):
            values = values.storage
        type_ = values.type
        if types.is_null(type_):
            return Column(name=name, numbers=np.full(len(values), np.nan))
        if types.is_run_end_encoded(type_):
            return self._piece(name, values.run_end_decode(), as_text)
        empty = values.is_null().to_numpy(zero_copy_only=False) if values.null_count else None
        if types.is_dictionary(type_):
            return self._levels(name, values, as_text)
        if types.is_date(type_) or types.is_timestamp(type_):
            return _moments(name, values, empty)
        if types.is_duration(type_):
            ticks = _without_nulls(values.cast(pa.int64()))
            scale = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[type_.unit]
            return column_of_numbers(name, ticks / scale, empty)
        number = types.is_integer(type_) or types.is_floating(type_) or types.is_boolean(type_)
        if number and not as_text:
            return column_of_numbers(name, _without_nulls(values), empty)
        if types.is_decimal(type_) and type_.precision <= _EXACT_DIGITS and not as_text:
            return column_of_numbers(name, _without_nulls(values.cast(pa.float64())), empty)
        try:
            return self._levels(name, values.cast(pa.large_string()).dictionary_encode(), as_text)
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            what = f"The column {name!r} holds text that is not UTF-8."
            raise DataError(Fault(self._source, what, "Save it as UTF-8, or leave it out.")) from error

    def _levels(self, name: str, values: Any, as_text: bool) -> Column:
        """Make a column of a dictionary array, chunk by chunk: its codes alone lose what is missing."""
        import pyarrow.types as types

        indices = _without_nulls(values.indices, -1).astype(np.int64)
        if types.is_string(values.type.value_type) or types.is_large_string(values.type.value_type):
            texts = [text or "" for text in values.dictionary.to_pylist()]
        else:
            levels = self._piece(name, values.dictionary, as_text)
            texts = [levels.cell(at) for at in range(levels.rows)]
        if values.type.ordered:
            self._note_order(name, tuple(texts))
        return column_of_levels(name, indices, texts, as_text)

    def _note_order(self, name: str, levels: tuple[str, ...]) -> None:
        """Take the levels of an ordered column from its first chunk; chunks that differ tell of no order."""
        known = self.declared[name]
        kind = ORDINAL if known.levels in ((), levels) else CATEGORY
        self.declared[name] = replace(known, kind=kind, levels=levels)


def batches_as_tables(batches: Iterator[Any], columns: ArrowColumns) -> Iterator[Table]:
    """Yield a table for each record batch that has rows."""
    start = 0
    for batch in batches:
        if batch.num_rows:
            yield columns.table(batch, start)
            start += batch.num_rows


def _storage(type_: Any) -> Any:
    """Return the type that an extension type is stored as, any other as it is."""
    while hasattr(type_, "storage_type"):
        type_ = type_.storage_type
    return type_


def _is_read(type_: Any) -> bool:
    import pyarrow.types as types

    if types.is_run_end_encoded(type_):
        return _is_read(type_.value_type)
    known = (
        *(types.is_null, types.is_boolean, types.is_integer, types.is_floating, types.is_decimal),
        *(
            types.is_string,
            types.is_large_string,
            types.is_string_view,
            types.is_binary,
            types.is_large_binary,
        ),
        *(types.is_date, types.is_timestamp, types.is_time, types.is_duration),
    )
    return any(one(type_) for one in known)


def _without_nulls(values: Any, instead: int = 0) -> Array:
    """Return an Arrow array as NumPy's, of its own type, with a number where a cell is missing."""
    import pyarrow.types as types

    if values.null_count and not types.is_floating(values.type):  # floating ones become NaN by themselves
        values = values.fill_null(False if types.is_boolean(values.type) else instead)
    found: Array = values.to_numpy(zero_copy_only=False)
    return found


def _moments(name: str, values: Any, empty: Array | None) -> Column:
    import pyarrow as pa
    import pyarrow.types as types

    if types.is_date32(values.type):
        return column_of_moments(name, _without_nulls(values.cast(pa.int32())).astype(np.int64), "D", empty)
    ticks = _without_nulls(values.cast(pa.int64()))
    if types.is_date64(values.type):
        return column_of_moments(name, ticks // (1000 * _DAY), "D", empty)
    return column_of_moments(name, ticks, values.type.unit, empty, utc=values.type.tz is not None)
