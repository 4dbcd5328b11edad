"""The schema as a model holds it: strict JSON, and the reading of tables by it."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_tables import config, inferred, later, raw_table, values

from mlpcli.data.column import Column
from mlpcli.data.schema.column_schema import ColumnSchema, Notation
from mlpcli.data.schema.infer import infer_schema
from mlpcli.data.schema.schema import Schema
from mlpcli.data.table import Block, Table
from mlpcli.errors import DataError, ModelFileError

REAL = [repr(i * 0.37) for i in range(60)]
CELLS = {
    "a": ["1,5", "2,5", "-"] * 20,
    "price": ["$1,200.50", "$7", "$12.25"] * 20,
    "day": ["2024-03-01 12:00", "2024-03-02 13:30", "2024-03-03 07:45"] * 20,
    "ok": ["yes", "no", "no"] * 20,
    "level": ["low", "high", "mid"] * 20,
    "bit": ["0", "1", "1"] * 20,
    "same": ["x"] * 60,
    "none": [""] * 60,
    "id": [str(i + 1) for i in range(60)],
    "word": ["red", "green", "blue"] * 20,
    "y": REAL,
}
SETTINGS = config(missing=("n.n.", "-99"), columns={"level": {"levels": ("low", "mid", "high")}})


def whole_schema():
    return inferred(("y",), ",", SETTINGS, **CELLS).schema


def test_a_schema_is_plain_json_and_comes_back():
    schema = whole_schema()
    assert Schema.from_json(json.loads(json.dumps(schema.to_json()))) == schema


def test_columns_of_plain_numbers_need_no_entry():
    schema = inferred(("y",), ",", None, a=REAL, b=REAL, y=REAL).schema
    assert schema.columns == ()
    assert schema.column("a") == ColumnSchema(name="a")


DAMAGED = {
    "unknown kind": (("columns", 0, "kind"), "colour"),
    "unknown key": (("columns", 0, "colour"), "red"),
    "no name": (("columns", 0, "name"), None),
    "flag as text": (("columns", 0, "used"), "yes"),
    "levels as text": (("columns", 3, "levels"), "yes"),
    "one level": (("columns", 3, "levels"), ["yes"]),
    "equal levels": (("columns", 3, "levels"), ["yes", "yes"]),
    "equal marks": (("columns", 0, "notation"), {"decimal": ",", "thousands": ","}),
    "unknown mark": (("columns", 0, "notation"), {"decimal": ";"}),
    "percent of a clock": (("columns", 0, "notation"), {"percent": True, "clock": True}),
    "unknown format": (("columns", 2, "date_format"), "%Q-%m-%d"),
    "no format": (("columns", 2, "date_format"), ""),
    "a format of numbers": (("columns", 1, "date_format"), "%Y-%m-%d"),
    "columns is a mapping": (("columns",), {}),
    "targets twice": (("targets",), ["y", "y"]),
}


@pytest.mark.parametrize("how", DAMAGED)
def test_a_damaged_schema_is_refused_with_the_place(how):
    path, value = DAMAGED[how]
    data = whole_schema().to_json()
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(ModelFileError, match="train again"):
        Schema.from_json(data)


def test_two_entries_of_a_column_are_refused():
    data = whole_schema().to_json()
    data["columns"].append(data["columns"][0])
    with pytest.raises(ModelFileError, match="comes twice"):
        Schema.from_json(data)


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["columns", "name", "kind", "levels", "notation", "date_format"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_data_is_a_schema_or_refused(value):
    try:
        schema = Schema.from_json(value)
    except ModelFileError:
        return
    assert Schema.from_json(schema.to_json()) == schema


def test_a_later_table_is_read_like_the_training_table():
    schema = whole_schema()
    assert schema.as_text() == {"a"}
    assert schema.unused() == ("none", "id")
    found = later(
        inferred(("y",), ",", SETTINGS, **CELLS), **{name: cells[:3] for name, cells in CELLS.items()}
    )
    assert {name: values(column) for name, column in found.items()} == {
        "a": [1.5, 2.5, None],
        "price": [1200.5, 7.0, 12.25],
        "day": [1709294400.0, 1709386200.0, 1709451900.0],
        "ok": [1.0, 0.0, 0.0],
        "level": [0.0, 2.0, 1.0],
        "bit": [0.0, 1.0, 1.0],
        "same": ["x"] * 3,
        "word": ["red", "green", "blue"],
        "y": [0.0, 0.37, 0.74],
    }


def test_only_the_columns_that_are_asked_for_are_read():
    schema = inferred(("y",), ",", None, a=REAL, y=REAL).schema
    table = raw_table(a=["1", "2"], comment=["so", "what"])
    assert schema.read(table, ("a",)).names == ("a",)
    with pytest.raises(DataError, match="'so' is not a finite number"):
        schema.read(table)


def test_all_columns_at_fault_are_named_at_once():
    schema = inferred(("y",), ",", None, a=REAL, b=REAL, y=REAL).schema
    with pytest.raises(DataError) as error:
        schema.read(raw_table(a=["1", "x"], b=["y", "z"], y=["1", "2"]))
    assert [fault.where for fault in error.value.faults] == [
        "t.csv line 3, column 'a'",
        "t.csv line 2, column 'b'",
    ]
    assert "(2 such cells)" in error.value.faults[1].what


def test_picked_rows_are_read_and_named_by_their_own_lines():
    schema = inferred(("y",), ",", None, a=["1 km", "2 km", "3 km"] * 20, y=REAL).schema
    table = raw_table(a=["1 km", "x", "3 km", "4 km"], y=["1", "2", "3", "4"])
    assert values(schema.read(table.take(np.array([3, 0]))).column("a")) == [4.0, 1.0]
    with pytest.raises(DataError, match="line 3, column 'a'"):
        schema.read(table.take(np.array([3, 1])))


def test_blocks_stay_blocks_but_for_the_columns_that_mean_something_else():
    numbers = np.arange(120.0).reshape(30, 4) % 7
    numbers[:, 2] = np.arange(30)
    block = Block(("x1", "x2", "x3", "x4"), numbers, False)
    table = Table(
        source="t.npy", columns=(block, Column(name="y", numbers=np.arange(30) % 2)), lines=range(1, 31)
    )
    found = infer_schema(table, config(categorical=("x2",)), ("y",))
    assert found.schema.unused() == ("x3",)
    read = found.schema.read(table)
    assert [column.names for column in read.columns] == [("x1",), ("x2",), ("x4",), ("y",)]
    assert values(read.column("x2"))[:2] == ["1", "5"]
    plain = infer_schema(
        Table(source="t.npy", columns=(Block(("x1", "x2"), numbers[:, :2], False),), lines=range(1, 31)),
        config(),
        (),
    )
    assert plain.schema.read(table, ("x1", "x2")).columns[0].names == ("x1", "x2")


def test_bytes_stay_bytes_where_nothing_is_to_be_done():
    column = Column(name="a", numbers=np.arange(60, dtype=np.uint8) % 9)
    table = Table(
        source="t.npy", columns=(column, Column(name="y", numbers=np.arange(60) % 2)), lines=range(1, 61)
    )
    assert infer_schema(table, config(), ("y",)).schema.read(table).column("a").numbers is column.numbers


def test_notations_cannot_contradict_themselves():
    assert Notation(decimal=",", thousands=".").fault() == ""
    assert Notation(decimal=".", thousands=".").fault()
