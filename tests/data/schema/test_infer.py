"""What columns of real files mean: each case is a kind of file that was once read wrongly."""

import math

import numpy as np
import pytest
import yaml
from raw_tables import config, inferred, later, raw_table, typed, values

from mlpcli.api import data_report
from mlpcli.data.schema.infer import infer_schema
from mlpcli.data.schema.remedies import yaml_list
from mlpcli.data.schema.schema import Schema
from mlpcli.errors import DataError

ROWS = range(60)
Y = [str(i % 2) for i in ROWS]
REAL = [repr(math.sin(i)) for i in ROWS]  # an input that keeps the others from being the only one


def numbers_of(cells, separator=",", settings=None):
    """The numbers of a column of cells beside two others, and its entry."""
    y, z = (Y * 9)[: len(cells)], (REAL * 9)[: len(cells)]
    found, columns = typed(("y",), separator, settings, a=cells, z=z, y=y)
    return values(columns["a"]), found.schema.column("a"), found


NOTATIONS = {
    "decimal comma": (["1,5", "2,25", "-0,5"], [1.5, 2.25, -0.5]),
    "both marks, German": (["1.189,90", "12,50", "1.250,00"], [1189.9, 12.5, 1250.0]),
    "both marks, English": (["1,189.90", "12.50", "2,400"], [1189.9, 12.5, 2400.0]),
    "many groups": (["1,234,567", "12,345,678", "999"], [1234567.0, 12345678.0, 999.0]),
    "blanks": (["1 189.90", "12.5", "1 000 000"], [1189.9, 12.5, 1e6]),
    "unbreakable blanks": (["1\u00a0189,90", "12,5", "1\u202f000\u202f000"], [1189.9, 12.5, 1e6]),
    "apostrophes": (["1'190", "2’400.5", "7"], [1190.0, 2400.5, 7.0]),
    "a unit": (["1189.9 km", "12 km", "0.5km"], [1189.9, 12.0, 0.5]),
    "a unit with a slash": (["12 km/h", "13.5 km/h", "7 km/h"], [12.0, 13.5, 7.0]),
    "degrees": (["12 °C", "-3.5 °C", "0 °C"], [12.0, -3.5, 0.0]),
    "a currency before": (["$1,325.73", "$12", "-$5.50"], [1325.73, 12.0, -5.5]),
    "a currency behind": (["1.325,73 €", "12 €", "5,50 €"], [1325.73, 12.0, 5.5]),
    "a code of a currency": (["EUR 12.50", "EUR 7", "EUR 1,300"], [12.5, 7.0, 1300.0]),
    "percent": (["46.4%", "5 %", "-0.1%"], [0.464, 0.05, -0.001]),
    "times of day": (["19:49", "0:00", "07:30:36"], [19 + 49 / 60, 0.0, 7.51]),
    "halves of a day": (["7:30 pm", "12:00 am", "12:15 PM"], [19.5, 0.0, 12.25]),
    "accounting": (["(12.50)", "12.50", "(3)"], [-12.5, 12.5, -3.0]),
    "accounting in dollars": (["($1,200.50)", "$3", "$7.25"], [-1200.5, 3.0, 7.25]),
    "a minus of its own": (["−3.5", "2", "−1"], [-3.5, 2.0, -1.0]),
    "D exponents": (["1.2D+03", "5.0d-1", "7.5"], [1200.0, 0.5, 7.5]),
}


@pytest.mark.parametrize("how", NOTATIONS)
def test_numbers_in_a_notation_are_read_and_said(how):
    cells, right = NOTATIONS[how]
    read, schema, found = numbers_of(cells * 20, separator=";" if "€" in cells[0] else ",")
    assert read[:3] == right
    assert schema.kind == "number"
    plain = how in ("accounting", "a minus of its own", "D exponents")
    assert plain or any("column 'a': numbers" in note for note in found.notes)


@pytest.mark.parametrize("how", NOTATIONS)
def test_a_later_file_is_read_in_the_notation_of_the_training_file(how):
    cells, right = NOTATIONS[how]
    found = inferred(("y",), ",", a=cells * 20, z=REAL, y=Y)
    assert values(later(found, a=[cells[1], "", "NA"])["a"]) == [right[1], None, None]


@pytest.mark.parametrize("how", NOTATIONS)
def test_a_target_is_read_in_its_notation(how):
    cells, right = NOTATIONS[how]
    columns = later(inferred(("a",), ";", a=cells * 20, z=REAL), a=cells, z=REAL[:3])
    assert values(columns["a"]) == right


_MISSING = """
? NA N/A n/a nan NaN NULL null None none nil NaT <NA> #N/A #NA #DIV/0! #VALUE! #REF! #NUM! #NAME? \\N . - --
"""
MISSING = _MISSING.split()


@pytest.mark.parametrize("word", [*MISSING, "…", "unknown", "missing", "Missing", "(null)", "not available"])
@pytest.mark.parametrize("every", [20, 4, 2])
def test_the_usual_words_for_no_value_are_missing_among_numbers(word, every):
    cells = [word if i % every == 1 else str(7 * (i % 30) + 0.5) for i in ROWS]
    read, schema, found = numbers_of(cells)
    assert schema.kind == "number"
    assert read == [None if i % every == 1 else 7 * (i % 30) + 0.5 for i in ROWS]
    assert any(repr(word) in note for note in found.notes)


@pytest.mark.parametrize("share", [0.05, 0.25, 0.6])
def test_one_other_word_among_numbers_is_no_value_and_said(share):
    cells = ["no info" if (i * 7) % 20 < share * 20 else str(i % 30) for i in ROWS]
    read, schema, found = numbers_of(cells)
    assert schema.missing == ("no info",)
    assert [cell is None for cell in read] == [cell == "no info" for cell in cells]
    assert any("'no info'" in note and "categorical: [a]" in note for note in found.notes)
    assert values(later(found, a=["no info", "3"])["a"]) == [None, 3.0]


def test_several_words_in_few_cells_of_numbers_are_an_error():
    cells = ["x", "y", *map(str, range(2, 60))]
    with pytest.raises(DataError, match=r"t\.csv line 2, column 'a'\n.*'x' is not a finite number"):
        inferred(("y",), a=cells, z=REAL, y=Y)


@pytest.mark.parametrize("word", ["inf", "-Infinity", "∞"])
def test_infinite_numbers_are_an_error(word):
    with pytest.raises(DataError, match="not a finite number"):
        inferred(("y",), a=[word, *map(str, range(1, 60))], z=REAL, y=Y)


def test_classes_of_equal_numbers_are_one_and_007_is_not_7():
    cells = ["1", "1.0", "+1", "1e0", "2"] * 12
    read, _, _ = numbers_of(cells, settings=config(categorical=("a",)))
    assert set(read) == {"1", "2"}
    read, schema, _ = numbers_of(["007", "7", "7.0"] * 20)
    assert set(read) == {"007", "7"}
    assert schema.kind == "category"


def test_zip_codes_keep_their_zeros_and_it_is_said():
    cells = [("01234", "12345", "00100")[i % 3] for i in ROWS]
    read, schema, found = numbers_of(cells)
    assert read == cells
    assert "a leading zero, as '01234'" in schema.why
    assert any("a leading zero, as '01234'" in note for note in found.notes)


@pytest.mark.parametrize("separator", [",", "\t", ""])
def test_groups_of_three_digits_are_thousands_in_a_comma_file(separator):
    cells = [str(37 * i) for i in range(1, 31)] + ["1,250", "2,400"]
    read, schema, _ = numbers_of(cells, separator)
    assert read[-2:] == [1250.0, 2400.0]
    assert schema.notation.thousands == ","


def test_what_a_lone_comma_means_is_decided_by_the_separator_the_other_columns_or_the_config():
    cells = ["1,234", "2,345", "3,456"] * 20
    assert numbers_of(cells, ",")[0][0] == 1234.0
    assert numbers_of(cells, ";")[0][0] == 1234.0, "other columns have points before fractions"
    whole = [str(i % 7) for i in ROWS]
    assert values(typed(("y",), ";", None, a=cells, z=whole, y=Y)[1]["a"])[0] == 1.234
    assert values(typed(("y",), ",", None, a=cells, z=whole, y=Y)[1]["a"])[0] == 1234.0
    assert "say `data: {columns: {a: {decimal: ','}}}`" in " ".join(numbers_of(cells, ",")[2].notes)
    assert numbers_of(cells, ",", config(decimal=","))[0][0] == 1.234
    assert numbers_of(cells, ";", config(columns={"a": {"thousands": ","}}))[0][0] == 1234.0
    by_others = typed(("y",), ",", None, a=cells, b=["1,5", "2,5"] * 30, y=Y)[1]
    assert values(by_others["a"])[0] == 1.234


def test_points_of_thousands_are_found_by_reading_again_as_text():
    cells = ["1.250", "2.400", "1.000"] * 20
    columns = typed(("y",), ";", None, a=cells, b=["1,5", "2,5"] * 30, y=Y)[1]
    assert values(columns["a"])[:3] == [1250.0, 2400.0, 1000.0]
    columns = typed(("y",), ";", None, a=["52.517", "1.25", "3.5"] * 20, b=["1,5", "2,5"] * 30, y=Y)[1]
    assert values(columns["a"])[:3] == [52.517, 1.25, 3.5]
    columns = typed(("y",), ";", None, a=["1.250", "2,5", "3"] * 20, b=REAL, y=Y)[1]
    assert values(columns["a"])[:3] == [1250.0, 2.5, 3.0]


def test_a_word_that_means_missing_can_be_a_value():
    region = [("NA", "EU", "AS")[i % 3] for i in ROWS]
    found, columns = typed(("region",), ",", None, a=REAL, region=region)
    assert values(columns["region"])[:3] == [None, "EU", "AS"]
    assert any("'NA' (20 cells)" in note and "data: {missing: {values: []}}" in note for note in found.notes)
    found, columns = typed(("region",), ",", config(missing=()), a=REAL, region=region)
    assert values(columns["region"]) == region


def test_numbers_can_mean_missing_for_all_columns_or_one():
    v = ["-8" if i % 5 == 0 else str(1 + i % 9) for i in ROWS]
    found, columns = typed(("y",), ",", None, v=v, w=v, y=Y)
    assert any("-8 stands in 12 cells (20%)" in note and "values: [-8]" in note for note in found.notes)
    _, columns = typed(("y",), ",", config(missing=("-8",)), v=v, w=v, y=Y)
    assert values(columns["v"])[0] is None is values(columns["w"])[0]
    _, columns = typed(("y",), ",", config(columns={"v": {"missing": ("-8",)}}), v=v, w=v, y=Y)
    assert values(columns["v"])[0] is None
    assert values(columns["w"])[0] == -8.0


def test_truth_values_are_the_same_in_any_spelling_of_a_later_file():
    found = inferred(("y",), color=["True", "False"] * 20, y=["1.5", "9.5"] * 20)
    read = later(found, color=["TRUE", "false", "1", "0", "yes", "No", "ja", ""])["color"]
    assert values(read) == [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, None]
    found = inferred(("y",), color=["0", "1"] * 20, y=["1.5", "9.5"] * 20)
    assert values(later(found, color=["TRUE", "false", "1", "0.0"])["color"]) == [1.0, 0.0, 1.0, 0.0]


def test_truth_values_of_targets_keep_their_words_no_before_yes():
    found = inferred(("kauf", "aktiv"), a=REAL, kauf=["ja", "nein"] * 30, aktiv=["active", "inactive"] * 30)
    columns = later(found, a=REAL[:2], kauf=["JA", "nein"], aktiv=["inactive", "active"])
    assert columns["kauf"].words == ("nein", "ja")
    assert columns["kauf"].codes.tolist() == [1, 0]
    assert columns["aktiv"].words == ("inactive", "active")


def test_columns_that_tell_rows_apart_are_left_out_and_can_be_brought_back():
    rows = range(60)
    cells = {
        "Id": [str(i + 1) for i in rows],
        "key": [str(1000025 + 37 * i * i) for i in rows],
        "name": [f"person {i} of {i * 7}" for i in rows],
        "x": REAL,
        "y": Y,
    }
    found = inferred(("y",), **cells)
    assert set(found.schema.unused()) == {"Id", "key", "name"}
    assert [c for c in later(found, **cells)] == ["x", "y"]
    said = " ".join(found.notes)
    assert all(
        word in said for word in ("counts the rows, 1 to 60", "'name'", "data: {use: [Id, key, name]}")
    )
    found = inferred(("y",), settings=config(use=("Id", "name")), **cells)
    assert set(found.schema.unused()) == {"key"}
    assert values(later(found, **cells)["Id"])[:2] == [1.0, 2.0]
    assert values(later(found, **cells)["name"])[0] == "person 0 of 0"


def test_the_only_input_stays_even_if_it_counts():
    found = inferred(("y",), x=[str(i) for i in range(100)], y=[repr(math.sin(i)) for i in range(100)])
    assert found.schema.unused() == ()
    assert any("'x'" in note and "no other" in note for note in found.notes)


def test_what_is_measured_stays():
    rows = range(50)
    rng = np.random.default_rng(1)
    columns = {
        "year": [str(1970 + i) for i in rows],
        "dose": [str(10 * i) for i in rows],
        "salary": [str(v) for v in rng.choice(90_000, 50, replace=False) + 20_000],
        "day": [str(1 + i) for i in rows],
        "y": [repr(float(v)) for v in rng.normal(size=50)],
    }
    assert inferred(("y",), **columns).schema.unused() == ()


def test_schemas_survive_json():
    found = inferred(
        ("y",),
        a=["1,5", "2,5"] * 30,
        d=["2024-03-01", "2024-03-02"] * 30,
        t=["yes", "no"] * 30,
        n=[str(i) for i in ROWS],
        y=Y,
    )
    assert Schema.from_json(found.schema.to_json()) == found.schema


def test_a_table_that_cannot_be_read_again_is_inferred_as_it_is():
    table = raw_table(a=["1.25", "2,5", "3"] * 20, z=REAL, y=Y)
    assert infer_schema(table, config(), ("y",)).as_text == {"a", "z"}
    found = infer_schema(table, config(), ("y",), may_read_again=False)
    assert not found.as_text
    assert values(found.schema.read(table).column("a"))[:3] == [1.25, 2.5, 3.0]


def test_names_and_words_of_any_kind_can_be_copied_into_a_config():
    name = "a\nb"
    assert yaml.safe_load(yaml_list([name, "it's", "a: b", "\\x"])) == [name, "it's", "a: b", "\\x"]


def test_a_long_code_is_not_written_out():
    found = inferred(("y",), a=["9" * 5000, "2", "3"] * 10, y=REAL)
    assert len(found.schema.column("a").why) < 200
    assert max(map(len, found.notes)) < 300


def test_the_example_of_a_notation_is_a_cell_with_a_mark(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text("a;b\n" + "3;u\n7;v\n0,5;u\n1.250,5;v\n" * 10)
    assert any("'0,5' is 0.5" in note for note in data_report(str(path)).as_json()["notes"])


def test_the_remedy_for_a_word_keeps_the_words_that_stand_for_no_value():
    cells = ["1.5", "2", "NA", "n.b.", "3"] * 12
    with pytest.raises(DataError, match=r"\[NA, n\.b\.\]"):
        numbers_of([*cells[:-1], "k.w."], settings=config(columns={"a": {"kind": "number"}}))
