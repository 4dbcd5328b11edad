"""Tables from what is in memory: frames of pandas and polars, Arrow tables, mappings, rows, arrays."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.arrays import check_columns, columns_of
from mlpcli.data.arrow_columns import ArrowColumns
from mlpcli.data.column import EXACT, Column, number_text
from mlpcli.data.reading import PLAIN_READING, Reading
from mlpcli.data.schema.column_schema import CATEGORY, DATE, ORDINAL, TRUTH, ColumnSchema
from mlpcli.data.table import IN_MEMORY, Block, Table
from mlpcli.data.typed_columns import (
    cell_of,
    column_of_levels,
    column_of_numbers,
    column_of_values,
    is_absent,
)
from mlpcli.errors import DataError, Fault

Array = NDArray[Any]

_NO_CELL = (list, tuple, dict, set, complex, np.ndarray)


def table_from(values: Any, source: str = IN_MEMORY, reading: Reading = PLAIN_READING) -> Table:
    """Make a table of what is in memory.

    values: an Arrow table or record batch; a data frame of pandas or polars; a mapping from name to values,
    or to single values, which is one row; a list of such rows; or an array, of which (rows, w) gives the
    columns x1 … xw. None, NaN and pandas' NA are missing cells, and so is what a row of a list lacks.
    reading: says which columns are kept as words, and which are ignored. Raises DataError.
    """
    arrow = _as_arrow(values)
    if arrow is not None:
        return _from_arrow(arrow, source, reading)
    if isinstance(values, Mapping):
        values = _one_row(values)
    elif isinstance(values, (list, tuple)) and any(isinstance(row, Mapping) for row in values):
        values = _rows(values, source)
    columns: list[Column | Block] = []
    declared: dict[str, ColumnSchema] = {}
    if isinstance(values, Mapping) or hasattr(values, "columns"):
        names = list(values.columns) if hasattr(values, "columns") else list(values)
        _check_names(names, source)
        for name in names:
            if str(name) in reading.ignore:
                continue
            found, schema = _column(str(name), values[name], source, reading.as_text)
            columns += found
            if schema is not None:
                declared[str(name)] = schema
    else:
        columns += _columns_of_any("", values, source, reading.as_text)
    return Table(
        source=source,
        columns=tuple(columns),
        lines=range(1, check_columns(columns, source) + 1),
        declared=declared,
    )


def _as_arrow(values: Any) -> Any:
    """Return an Arrow table, where the values are one, or a frame of polars and pyarrow is installed."""
    if "pyarrow" in sys.modules:
        import pyarrow as pa

        if isinstance(values, (pa.Table, pa.RecordBatch)):
            return values
    if type(values).__module__.partition(".")[0] == "polars" and find_spec("pyarrow") is not None:
        return values.to_arrow() if hasattr(values, "columns") else values.to_frame().to_arrow()
    return None


def _from_arrow(values: Any, source: str, reading: Reading) -> Table:
    _check_names([str(name) for name in values.schema.names], source)
    columns = ArrowColumns(values.schema, source, reading)
    if not values.num_rows:
        raise DataError(Fault(source, "There are no rows.", "Give one row per example."))
    return columns.table(values.select(columns.places), 0)


def _check_names(names: Iterable[Any], source: str) -> None:
    """Raise DataError where a name comes twice: a data frame gives all columns of a name at once."""
    for name, count in Counter(map(str, names)).items():
        if count > 1:
            what = f"The column {name!r} comes {'twice' if count == 2 else f'{count} times'}."
            raise DataError(Fault(source, what, "Rename all but one."))


def _column(
    name: str, values: Any, source: str, as_text: frozenset[str]
) -> tuple[Sequence[Column | Block], ColumnSchema | None]:
    """Make columns of the values under a name, and say what their type declares. Raises DataError."""
    if type(values).__module__.partition(".")[0] == "pandas" and hasattr(values, "factorize"):
        return [_of_pandas(name, values, source, name in as_text)], _declared(name, values.dtype)
    if type(values).__module__.partition(".")[0] == "polars":
        if values.dtype.is_integer() and values.null_count():  # as NumPy's they would be rounded
            empty = values.is_null().to_numpy()
            return [column_of_numbers(name, values.fill_null(0).to_numpy(), empty)], None
        values = values.to_numpy()
    array = values if isinstance(values, np.ndarray) else None
    flags = array is not None and array.dtype.kind == "b" and array.ndim == 1
    schema = (
        _truth(name) if flags else _dates(name) if array is not None and array.dtype.kind == "M" else None
    )
    return _columns_of_any(name, values, source, as_text), schema


def _of_pandas(name: str, series: Any, source: str, as_text: bool) -> Column:
    """Make a column of a series of pandas, of whose texts each is looked at once."""
    dtype = series.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "biufM":
        (column,) = columns_of(name, series.to_numpy(), source, frozenset({name} if as_text else ()))
        assert isinstance(column, Column)
        return column
    if dtype.name == "category":
        codes, distinct = series.cat.codes.to_numpy(), series.cat.categories
    else:
        try:
            codes, distinct = series.factorize()
        except TypeError:  # lists and the like have no hash
            return _of_objects(name, series.tolist(), source, as_text)
    values = [value.to_pydatetime() if hasattr(value, "to_pydatetime") else value for value in distinct]
    return _of_codes(name, np.asarray(codes, np.int64), values, as_text)


def _of_codes(name: str, codes: Array, distinct: Sequence[Any], as_text: bool) -> Column:
    """Make a column of codes into distinct Python values; -1 is an empty cell."""
    levels = column_of_values(name, distinct, as_text)
    numbers = None if levels.numbers is None else np.append(levels.numbers, np.nan)[codes]
    texts = ["" if levels.codes is None or code < 0 else levels.words[code] for code in _codes_of(levels)]
    words = column_of_levels(name, codes, texts, as_text=True)
    if not words.words:
        return Column(name=name, numbers=np.full(len(codes), np.nan) if numbers is None else numbers)
    some_number = numbers is not None and not np.isnan(numbers).all()
    return Column(name=name, numbers=numbers if some_number else None, codes=words.codes, words=words.words)


def _codes_of(levels: Column) -> list[int]:
    return [-1] * levels.rows if levels.codes is None else levels.codes.tolist()


def _declared(name: str, dtype: Any) -> ColumnSchema | None:
    """Return what a type of pandas says that cells do not."""
    if dtype.name == "category":
        if dtype.ordered:
            texts = (cell_of(value) for value in dtype.categories)
            levels = tuple(text.strip() or number_text(number) for text, number in texts)
            return ColumnSchema(
                name=name, kind=ORDINAL, levels=levels, why="the frame lists its levels in order"
            )
        return ColumnSchema(name=name, kind=CATEGORY, why="the frame lists its levels")
    kind = getattr(dtype, "kind", "")
    return _truth(name) if kind == "b" else _dates(name) if kind == "M" else None


def _truth(name: str) -> ColumnSchema:
    return ColumnSchema(name=name, kind=TRUTH, levels=("0", "1"), why="they are true and false")


def _dates(name: str) -> ColumnSchema:
    return ColumnSchema(name=name, kind=DATE, why="they are dates")


def _one_row(values: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Take a mapping of single values for one row; any other mapping stays."""
    if values and all(map(_is_single, values.values())):
        return {name: [value] for name, value in values.items()}
    return values


def _is_single(value: Any) -> bool:
    return isinstance(value, (str, bytes)) or not hasattr(value, "__iter__") or getattr(value, "ndim", 1) == 0


def _rows(values: Sequence[Any], source: str) -> Mapping[Any, Any]:
    """Turn rows, each a mapping from name to value, into columns. Raises DataError for a row that is none."""
    for at, row in enumerate(values, 1):
        if not isinstance(row, Mapping):
            what = f"Row {at} is no mapping from name to value, as others are."
            raise DataError(Fault(source, what, "Give rows of one kind: all mappings, or all lists."))
    names = dict.fromkeys(name for row in values for name in row)
    return {name: [row.get(name) for row in values] for name in names}


def _columns_of_any(name: str, values: Any, source: str, as_text: frozenset[str]) -> list[Column | Block]:
    """Make columns of an array, or of what NumPy makes one of; objects of any kind are told one by one.

    name: without one the columns are x1 … xw. Raises DataError.
    """
    try:
        array = np.asarray(values)
        if array is not values and _loses(array):
            array = np.array(values, object)
    except (ValueError, OverflowError) as error:
        what = f"No array can be made of it: {error}."
        raise DataError(Fault(source, what, "Give rows of equal length.")) from error
    name = name or ("x" if array.ndim > 1 else "x1")
    if array.dtype.kind != "O" or array.ndim == 0:
        return columns_of(name, array, source, as_text)
    cells = [None if is_absent(value) else value for value in array.ravel().tolist()]
    if array.ndim == 1:
        return [_of_objects(name, cells, source, name in as_text)]
    if all(value is None or _is_exact(value) for value in cells):
        return columns_of(name, np.array(cells, np.float64).reshape(array.shape), source, as_text)
    width = len(cells) // len(array)
    names = [f"{name}{at}" for at in range(1, width + 1)]
    return [_of_objects(each, cells[at::width], source, each in as_text) for at, each in enumerate(names)]


def _loses(array: Array) -> bool:
    """Tell whether an array may have lost what its values are: texts beside numbers, or digits."""
    return array.dtype.kind in "US" or (array.dtype.kind == "f" and bool((np.abs(array) >= EXACT).any()))


def _is_exact(value: Any) -> bool:
    if isinstance(value, (int, np.integer)):
        return abs(int(value)) < EXACT
    return isinstance(value, (float, np.floating))


def _of_objects(name: str, values: list[Any], source: str, as_text: bool) -> Column:
    """Make a column of Python values. Raises DataError for one that is no cell."""
    for row, value in enumerate(values, 1):
        if isinstance(value, _NO_CELL):
            what = f"There is a {type(value).__name__}, and a cell holds one number, text or date."
            where = f"{source} row {row}, column {name!r}"
            raise DataError(
                Fault(where, what, "Give rows of equal length, and each value a column of its own.")
            )
    return column_of_values(name, values, as_text)
