"""Raw tables made of cells as they stand in a file, and what the schema makes of them."""

import numpy as np

from mlpcli.config.schema import ColumnConfig, DataConfig, MissingConfig
from mlpcli.data.column import Column, column_of_cells
from mlpcli.data.schema.infer import Inference, infer_schema
from mlpcli.data.table import Table


def text_column(name, cells):
    """A column whose cells all stay words, as a reader gives it that is asked for text."""
    stripped = [cell.strip() for cell in cells]
    words = tuple(dict.fromkeys(cell for cell in stripped if cell))
    places = {word: place for place, word in enumerate(words)}
    return Column(
        name=name, codes=np.array([places.get(cell, -1) for cell in stripped], np.int32), words=words
    )


def raw_table(as_text=(), **cells):
    make = {True: text_column, False: column_of_cells}
    columns = tuple(make[name in as_text](name, given) for name, given in cells.items())
    return Table(source="t.csv", columns=columns, lines=range(2, 2 + columns[0].rows), unit="line")


def config(missing=None, **settings):
    columns = {name: ColumnConfig(**given) for name, given in settings.pop("columns", {}).items()}
    return DataConfig(train="t.csv", columns=columns, missing=MissingConfig(values=missing), **settings)


def inferred(target=(), separator=",", settings=None, **cells) -> Inference:
    """Infer the schema as a caller does: where text is needed, the columns are read again as text."""
    settings = settings or config()
    found = infer_schema(raw_table(**cells), settings, target, separator)
    if found.as_text:
        found = infer_schema(raw_table(found.as_text, **cells), settings, target, separator)
        assert not found.as_text
    return found


def typed(target=(), separator=",", settings=None, **cells):
    """The typed columns by name, and the inference."""
    found = inferred(target, separator, settings, **cells)
    return found, later(found, **cells)


def later(found, **cells):
    """The columns of a later file, read by a schema, by name."""
    table = found.schema.read(raw_table(found.schema.as_text(), **cells))
    return {column.name: column for column in table.columns}


def values(column):
    """The numbers of a typed column, None where there is none; of a category its levels."""
    if column.codes is not None:
        return [column.words[code] if code >= 0 else None for code in column.codes.tolist()]
    return [None if number != number else number for number in column.numbers.tolist()]
