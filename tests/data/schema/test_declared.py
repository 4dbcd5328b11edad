"""What the config says of columns comes before what is found, and what it says wrongly is named."""

import pytest
from raw_tables import config, inferred, later, typed, values

from mlpcli.errors import DataError

REAL = [repr(i * 0.37) for i in range(60)]


def one(cells, **given):
    """The column `a` with these settings: its entry, and its typed cells."""
    cells = (list(cells) * 60)[:60]
    found, columns = typed(("y",), ",", config(columns={"a": given}), a=cells, z=REAL, y=REAL)
    return found.schema.column("a"), values(columns["a"]) if "a" in columns else None


def test_kinds_are_as_declared():
    assert one(["1", "2", "3"], kind="category")[1][:3] == ["1", "2", "3"]
    assert one(["1", "0"], kind="truth")[1][:2] == [1.0, 0.0]
    assert one(["2", "10", "1"], kind="ordinal", levels=("1", "2", "10"))[1][:3] == [1.0, 2.0, 0.0]
    assert one(["low", "high", "NA"], levels=("low", "mid", "high"))[1][:3] == [0.0, 2.0, None]
    assert one(["03/04/2024"], format="%d/%m/%Y")[0].kind == "date"
    assert one(["x", "y"], kind="text")[1] is None
    assert one([str(i + 1) for i in range(60)], kind="number")[0].used
    assert one(["20240301", "20240302"], kind="number")[1][0] == 20240301.0


def test_a_declared_kind_brings_back_what_would_be_left_out():
    names = [f"user{i}" for i in range(60)]
    assert one(names)[0].used is False
    assert one(names, kind="category")[1][:2] == ["user0", "user1"]
    found = inferred(("y",), settings=config(categorical=("a",)), a=names, y=REAL)
    assert found.schema.column("a").kind == "category"


@pytest.mark.parametrize(
    ("given", "key", "what"),
    [
        ({"kind": "ordinal"}, "levels", "0 levels"),
        ({"kind": "truth", "levels": ("a", "b", "c")}, "levels", "two levels"),
        ({"kind": "number", "levels": ("a", "b")}, "levels", "do not fit the kind number"),
        ({"kind": "date", "format": "%Q"}, "format", "%Q is not known"),
        ({"kind": "date", "format": "%d.%d.%Y"}, "format", "each once"),
        ({"kind": "date"}, "format", "no format is known"),
        ({"kind": "truth"}, "kind", "no two words"),
    ],
)
def test_what_cannot_be_is_named_with_its_key(given, key, what):
    with pytest.raises(DataError) as error:
        one(["low", "high", "mid"], **given)
    assert error.value.faults[0].key == f"data.columns.a.{key}"
    assert what in error.value.faults[0].what


@pytest.mark.parametrize(
    "given", [{"kind": "number"}, {"levels": ("low", "high", "top")}, {"format": "%Y-%m-%d"}]
)
def test_a_cell_that_does_not_fit_is_named(given):
    with pytest.raises(DataError, match=r"t\.csv line 4, column 'a'"):
        one(["low", "high", "mid"] if "levels" in given else ["", "", "soon"], **given)


def test_names_that_are_no_columns_are_named_with_the_nearest():
    with pytest.raises(DataError) as error:
        inferred(("y",), settings=config(columns={"prise": {}}, use=("idd",)), price=REAL, id=REAL, y=REAL)
    assert [fault.key for fault in error.value.faults] == ["data.columns", "data.use"]
    assert "Did you mean 'price'?" in error.value.faults[0].remedy


def test_a_column_that_the_config_ignores_may_be_described():
    inferred(("y",), settings=config(columns={"b": {"kind": "number"}}, ignore=("b",)), a=REAL, y=REAL)


def test_columns_for_weights_and_splitting_are_read_and_are_no_inputs():
    settings = config(weight="w")
    found = inferred(("y",), settings=settings, a=REAL, w=[str(i + 1) for i in range(60)], y=REAL)
    assert found.schema.aside == ("w",)
    assert values(later(found, w=["2", "3"])["w"]) == [2.0, 3.0]
    with pytest.raises(DataError, match="no input column"):
        inferred(("y",), settings=settings, w=REAL, y=REAL)


def test_nothing_to_learn_from_is_said_with_the_reasons():
    with pytest.raises(DataError, match=r"no input column: .*'a': 60 different texts.*\n.*data\.use"):
        inferred(("y",), a=[f"user{i}" for i in range(60)], y=REAL)
