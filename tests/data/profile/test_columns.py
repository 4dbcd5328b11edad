"""The profile of a file against counts by hand, for every kind of column."""

from collections import Counter

import numpy as np
import pytest

from mlpcli.config.schema import ColumnConfig, DataConfig, MissingConfig
from mlpcli.data.files import DataFiles
from mlpcli.data.profile import columns as module
from mlpcli.data.profile.columns import profile_table

ROWS = 60
CELLS = {
    "id": [f"u{at:04}" for at in range(ROWS)],
    "count": [str(at + 1) for at in range(ROWS)],
    "number": [str(at * 7 % 31) if at % 5 else "" for at in range(ROWS)],
    "price": [f"${at}.50" for at in range(ROWS)],
    "colour": ["red", "red", "blue", "?"] * 15,
    "day": [f"2024-03-{1 + at % 28:02}" for at in range(ROWS)],
    "sold": ["yes", "no", "no"] * 20,
    "size": ["S", "L", "M"] * 20,
    "same": ["7"] * ROWS,
    "nothing": [""] * ROWS,
    "left": [str(at % 3) for at in range(ROWS)],
}


def profiles(folder, target="sold", **more):
    path = folder / "t.csv"
    lines = [",".join(CELLS), *map(",".join, zip(*CELLS.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    size = ColumnConfig(kind="ordinal", levels=("S", "M", "L"))
    config = DataConfig(train=str(path), target=target, ignore=("left",), columns={"size": size}, **more)
    found = profile_table(
        DataFiles().training_table(config, target is not None), config, np.random.default_rng(0)
    )
    assert (found.rows, found.looked_at) == (ROWS, ROWS)
    return {column.name: column for column in found.columns}


@pytest.mark.parametrize("target", ["sold", None])
def test_every_kind_of_column(tmp_path, target):
    found = profiles(tmp_path, target)
    assert set(found) == set(CELLS)
    kinds = {name: column.kind for name, column in found.items()}
    assert kinds == {
        **{"id": "id", "count": "counter", "number": "number", "price": "number", "colour": "category"},
        **{"day": "date", "sold": "truth", "size": "ordinal", "same": "constant", "nothing": "empty"},
        "left": "",
    }
    roles = {name: column.role for name, column in found.items() if column.role != "input"}
    out = {"id": "left out", "count": "left out", "nothing": "left out", "left": "ignored"}
    assert roles == (out | {"sold": "target"} if target else out)
    for name in ("id", "count", "price", "day", "same", "nothing", "left"):
        assert found[name].why, name
    assert found["colour"].levels == (("red", 30), ("blue", 15))
    assert (found["colour"].missing, found["colour"].words) == (15, (("?", 15),))
    assert (found["number"].missing, found["number"].words) == (12, (("", 12),))
    assert (found["nothing"].missing, found["nothing"].distinct) == (ROWS, 0)
    assert found["sold"].levels == (("no", 40), ("yes", 20))
    assert found["size"].levels == (("S", 20), ("M", 20), ("L", 20))
    assert (found["id"].distinct, len(found["id"].levels)) == (ROWS, 3)
    numbers = [float(cell) for cell in CELLS["number"] if cell]
    assert found["number"].distinct == len(set(numbers))
    assert found["number"].numbers.quartiles[1] == np.median(numbers)
    assert (found["price"].numbers.low, found["price"].numbers.high) == (0.5, 59.5)
    day = found["day"]
    assert [day.date(each) for each in (day.numbers.low, day.numbers.high)] == ["2024-03-01", "2024-03-28"]
    assert day.distinct == 28
    assert found["same"].numbers.low == 7


def test_numbers_and_words_that_mean_missing_are_counted_each(tmp_path):
    missing = MissingConfig(values=("0", "red"))
    found = profiles(tmp_path, missing=missing)
    zeros = CELLS["number"].count("0")
    assert found["number"].words == (("", 12), ("0", zeros))
    assert found["number"].missing == 12 + zeros
    assert found["colour"].words == (("red", 30),)
    assert dict(found["colour"].levels) == Counter(cell for cell in CELLS["colour"] if cell != "red")


def test_the_commonest_of_many_levels_are_listed(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_LEVELS", 1)
    found = profiles(tmp_path)["colour"]
    assert (found.levels, found.distinct) == ((("red", 30),), 2)


def test_of_a_large_table_numbers_are_of_some_rows_and_counts_of_all(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    lines = "\n".join(f"{at * 37 % 400},{'x' if at % 4 else ''}" for at in range(400))
    path.write_text(f"a,b\n{lines}\n", encoding="utf-8")
    monkeypatch.setattr(module, "ALL_CELLS", 200)
    monkeypatch.setattr(module, "LEAST_ROWS", 50)
    config = DataConfig(train=str(path), use=("a",))
    found = profile_table(DataFiles().training_table(config, False), config, np.random.default_rng(0))
    a, b = found.columns
    assert (found.rows, found.looked_at) == (400, 100)
    assert (a.numbers.low, a.numbers.high, a.distinct) == (0, 399, 100)
    assert (b.missing, dict(b.levels)) == (100, {"x": 300})
