"""Small tables of kinds that are met in the open, and the one right reading of each, from file to
prediction."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli.world import mlp

from mlpcli import load, train
from mlpcli.errors import DataError
from mlpcli.problem.build import prepare

HIDDEN = {"hidden": [4]}
QUICK = {"epochs": 2, "monitors": False}


def problem(folder: Path, text: str | bytes, target: Any = "y", name: str = "d.csv", **data: Any) -> Any:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    section = {"train": str(path), "target": target, **data}
    return prepare({"data": section, "network": HIDDEN, "executor": "numpy", "training": QUICK})


def trained(folder: Path, text: str, target: Any = "y", training: Any = (), **data: Any) -> Any:
    (folder / "d.csv").write_text(text, encoding="utf-8")
    section = {"train": str(folder / "d.csv"), "target": target, **data}
    config = {
        "data": section,
        "network": HIDDEN,
        "executor": "numpy",
        "training": {**QUICK, **dict(training)},
    }
    return train(config, runs=folder / "runs")


def lines(*rows: Any) -> str:
    return "".join(f"{row}\n" for row in rows)


def kind(found: Any, name: str) -> str:
    return found.dataset.preparation.schema.column(name).kind


def cells(found: Any, name: str) -> Any:
    """The cells of an input of numbers, as they were before scaling, NaN where they were filled."""
    (column,) = [c for c in found.dataset.preparation.columns if name in c.names]
    start = 0
    for each in found.dataset.preparation.columns:
        if each is column:
            break
        start += each.width
    at = start + column.names.index(name)
    shift, scale = column.shift_and_scale()
    return (
        found.dataset.training.inputs[:, at] * scale[column.names.index(name)]
        + shift[column.names.index(name)]
    )


def targets(found: Any) -> Any:
    return found.dataset.preparation.unscale(found.dataset.training.targets)


def notes(found: Any) -> str:
    return "\n".join(found.dataset.notes)


def test_01_two_exports_put_together(tmp_path: Path) -> None:
    rows = [f"{i},{i % 2}" for i in range(1, 21)] + [f"{i},{i % 2}.0" for i in range(1, 21)]
    found = problem(tmp_path, lines("a,y", *rows))
    assert found.dataset.preparation.target.classes == ("0", "1")
    rows = [f"{('1', '+1', '1e0', '007', '7')[i % 5]},{i % 2}" for i in range(40)]
    found = problem(tmp_path, lines("a,y", *rows), categorical=["a"])
    assert found.dataset.preparation.columns[0].levels == ("1", "7", "007")


@pytest.mark.parametrize("task", [None, "regression"])
@pytest.mark.parametrize("words", [["1,5", "2,5", "3,5"], [f"{i // 10},{i % 10}" for i in range(31, 100, 3)]])
def test_02_03_a_target_with_decimal_commas(tmp_path: Path, words: list[str], task: str | None) -> None:
    rows = [words[i % len(words)] for i in range(40)]
    given = {} if task is None else {"task": task}
    text = lines("a;y", *(f"{i};{word}" for i, word in enumerate(rows)))
    found = problem(tmp_path, text, use=["a"], **given)
    assert found.dataset.task == "regression"
    np.testing.assert_allclose(targets(found)[:, 0], [float(word.replace(",", ".")) for word in rows])
    assert "decimal comma" in notes(found)


MISSING = [
    "None",
    "-",
    ".",
    "#N/A",
    "<NA>",
    r"\N",
    "NaT",
    "nil",
    "unknown",
    "#DIV/0!",
    "NULL",
    "n/a",
    "?",
    "missing",
]


@pytest.mark.parametrize("every", [20, 4, 2])
@pytest.mark.parametrize("word", MISSING)
@pytest.mark.parametrize("slope", [(1, 0.0), (7, 0.5)])
def test_04_05_numbers_with_a_word_for_missing(
    tmp_path: Path, word: str, every: int, slope: tuple[int, float]
) -> None:
    values = [slope[0] * (i % 30) + slope[1] for i in range(60)]
    rows = [f"{word if i % every == 0 else f'{v:g}'},{i % 2}" for i, v in enumerate(values)]
    found = problem(tmp_path, lines("a,y", *rows))
    assert kind(found, "a") == "number"
    (column,) = found.dataset.preparation.columns
    assert column.missing == (60 // every,)
    there = np.arange(60) % every != 0
    np.testing.assert_allclose(cells(found, "a")[there], np.array(values)[there], atol=1e-9)
    assert f"filled: a {60 // every}" in notes(found)


def test_06_a_number_that_stands_for_no_value(tmp_path: Path) -> None:
    rows = [f"{i % 7},{-8 if i % 5 == 0 else i % 9 + 1},{'ab'[i % 2]}" for i in range(90)]
    found = problem(tmp_path, lines("k,v,y", *rows))
    assert "-8" in notes(found)
    assert "missing" in notes(found)
    for given in ({"missing": {"values": [-8]}}, {"columns": {"v": {"missing": [-8]}}}):
        found = problem(tmp_path, lines("k,v,y", *rows), **given)
        (column,) = [c for c in found.dataset.preparation.columns if "v" in c.names]
        assert column.missing[column.names.index("v")] == 18
    rows = [f"{i % 7},{-200 if i % 11 == 0 else 20 + 0.1 * i}" for i in range(110)]
    found = problem(tmp_path, lines("k,y", *rows))
    assert "-200" in notes(found)
    found = problem(tmp_path, lines("k,y", *rows), missing={"values": [-200]})
    assert len(found.dataset.training.inputs) == 100


def test_07_thousands_in_a_comma_file(tmp_path: Path) -> None:
    values = [37 * i for i in range(1, 31)] + [1250, 2400] * 5
    rows = [f'"{v:,}",{i % 2}' if v > 1110 else f"{v},{i % 2}" for i, v in enumerate(values)]
    found = problem(tmp_path, lines("income,y", *rows))
    np.testing.assert_allclose(cells(found, "income"), values)
    assert "thousands" in notes(found)


def test_08_money_shares_and_people(tmp_path: Path) -> None:
    rows = [
        f'"${1325.73 + i % 9:,.2f}",{46.4 + i % 7:.1f}%,"{16756 + i % 11:,}",{("no", "yes")[i % 2]}'
        for i in range(400)
    ]
    found = problem(tmp_path, lines("price,share,people,ok", *rows), "ok")
    np.testing.assert_allclose(cells(found, "price"), [1325.73 + i % 9 for i in range(400)])
    np.testing.assert_allclose(cells(found, "share"), [(46.4 + i % 7) / 100 for i in range(400)])
    np.testing.assert_allclose(cells(found, "people"), [16756 + i % 11 for i in range(400)])
    assert "$" in notes(found)
    assert found.dataset.preparation.target.classes == ("no", "yes")


def _clock(v: float) -> str:
    return f"{int(v) % 24:02}:{round(v % 1 * 60):02}"


NOTATIONS = {
    "1.189,90": lambda v: f"{v:,.2f}".replace(",", "_").replace(".", ",").replace("_", "."),
    "1 189.90": lambda v: f"{v:,.2f}".replace(",", " "),
    "1'190": lambda v: f"{v:,.0f}".replace(",", "'"),
    "1189.9 km": lambda v: f"{v:.1f} km",
    "(12.50)": lambda v: f"({v:.2f})",
    "−3.5": lambda v: f"−{v:.1f}",
    "1.2D+03": lambda v: f"{v:.1E}".replace("E", "D"),
}


@pytest.mark.parametrize("notation", NOTATIONS)
def test_09_notations_of_numbers(tmp_path: Path, notation: str) -> None:
    write = NOTATIONS[notation]
    values = np.round(1189.9 + 100.5 * (np.arange(60) % 13), 1)
    rows = [f"{write(v)};{i % 5};{'ab'[i % 2]}" for i, v in enumerate(values)]
    found = problem(tmp_path, lines("a;b;y", *rows))
    expected = {
        "1'190": np.array([float(f"{v:.0f}") for v in values]),
        "(12.50)": -values,
        "−3.5": -values,
        "1.2D+03": np.array([float(f"{v:.1E}") for v in values]),
    }.get(notation, values)
    np.testing.assert_allclose(cells(found, "a"), expected)


def test_09_times_of_day(tmp_path: Path) -> None:
    rows = [f"{i % 24:02}:{i * 7 % 60:02},{'ab'[i % 2]}" for i in range(50)]
    found = problem(tmp_path, lines("a,y", *rows))
    np.testing.assert_allclose(cells(found, "a"), [i % 24 + (i * 7 % 60) / 60 for i in range(50)])


def test_10_namibia_is_no_missing_value(tmp_path: Path) -> None:
    text = lines("a,region", *(f"{i % 7},{region}" for region in ("NA", "EU", "AS") for i in range(10)))
    found = problem(tmp_path, text, "region")
    assert "missing" in notes(found)
    assert "values" in notes(found)
    found = problem(tmp_path, text, "region", missing={"values": []})
    assert found.dataset.preparation.target.classes == ("AS", "EU", "NA")
    assert found.count == 30


def test_11_truth_values_in_other_spellings(tmp_path: Path) -> None:
    rows = [f"{word},{y}" for i in range(20) for word, y in (("True", 1.5), ("False", 9.5))]
    run = trained(tmp_path, lines("color,y", *rows), training={"epochs": 200})
    model = load(run.path)
    expected = model.predict({"color": ["True", "False"]}).values
    for pair in (
        ("TRUE", "FALSE"),
        ("true", "false"),
        ("1", "0"),
        ("yes", "no"),
        ("ja", "nein"),
        (True, False),
    ):
        found = model.predict({"color": list(pair)})
        np.testing.assert_array_equal(found.values, expected)
        assert not found.counts.unknown
    rows = [f"{word},{y}" for i in range(20) for word, y in (("red", 1.5), ("blue", 9.5))]
    model = load(trained(tmp_path, lines("color,y", *rows)).path)
    said = "\n".join(model.predict({"color": ["RED", "Blue", "red"]}).counts.describe())
    assert "warning" in said
    assert "'red'" in said


@pytest.mark.parametrize(
    ("no", "yes"), [("nein", "ja"), ("inactive", "active"), ("hayır", "evet"), ("no", "yes"), ("non", "oui")]
)
def test_12_the_word_of_a_label_is_in_the_header(tmp_path: Path, no: str, yes: str) -> None:
    rows = [f"{i % 7},{(no, yes)[i % 2]},{(no, yes)[i % 3 == 0]}" for i in range(42)]
    run = trained(tmp_path, lines("a,kauf,treu", *rows), ["kauf", "treu"])
    result = mlp("predict", run.path, tmp_path / "d.csv")
    assert result.stdout.splitlines()[0] == f"p_kauf={yes},p_treu={yes}"
    run = trained(
        tmp_path, lines("a,kauf,treu", *rows), ["kauf", "treu"], columns={"kauf": {"levels": [yes, no]}}
    )
    assert mlp("predict", run.path, tmp_path / "d.csv").stdout.splitlines()[0] == f"p_kauf={no},p_treu={yes}"


def test_13_names_that_are_numbers(tmp_path: Path) -> None:
    rows = ["north,1.5,2,10", "south,2.5,3,20.5", "west,1,4,30", "east,2,5,41"]
    found = problem(tmp_path, lines("region,4046,4225,price", *rows), "price")
    assert found.count == 4
    assert {"4046", "4225"} <= set(found.dataset.preparation.names)


def test_14_an_error_says_what_was_skipped_before_it(tmp_path: Path) -> None:
    names = ",".join(f"n{i}" for i in range(123))
    rows = [",".join(str((i * j) % 7) for j in range(128)) for i in range(20)]
    with pytest.raises(DataError) as refused:
        problem(tmp_path, lines(names, *rows), "n122")
    assert "123" in str(refused.value)
    assert "128" in str(refused.value)


def test_15_r_row_names(tmp_path: Path) -> None:
    rows = [f'"{i}",{i * 3 % 7 + 0.5},{i * 2.5}' for i in range(1, 31)]
    found = problem(tmp_path, lines('"a","y"', *rows))
    np.testing.assert_allclose(targets(found)[:, 0], [i * 2.5 for i in range(1, 31)])
    assert found.dataset.preparation.names == ("a",)


def test_16_the_row_index_of_a_data_frame(tmp_path: Path) -> None:
    rows = [f"{i},{i % 7},{i % 5},{'ab'[i % 2]}" for i in range(30)]
    found = problem(tmp_path, lines(",x1,x2,y", *rows))
    assert found.dataset.preparation.names == ("x1", "x2")


def test_17_r_csv2(tmp_path: Path) -> None:
    rows = [f"{i};{i % 7},5;{i % 5};{'uv'[i % 2]}" for i in range(1, 31)]
    found = problem(tmp_path, lines(";a;b;y", *rows))
    assert found.dataset.preparation.names == ("a", "b")
    np.testing.assert_allclose(cells(found, "a"), [i % 7 + 0.5 for i in range(1, 31)])


def test_18_30_empty_last_columns_and_rows(tmp_path: Path) -> None:
    rows = [f"{i % 4},{i % 5},{('no', 'yes')[i % 2]}" for i in range(1, 21)]
    for text in (
        lines("a,b,y,", *rows),
        lines("a,b,y,", *(f"{row}," for row in rows)),
        lines("a,b,y", *rows, ",,"),
        lines("a,b,y,", *(f"{row}," for row in rows), ",,,"),
    ):
        found = problem(tmp_path, text)
        assert found.dataset.preparation.names == ("a", "b")
        assert found.count == 20
        run = trained(tmp_path, text)
        assert len(mlp("predict", run.path, tmp_path / "d.csv").stdout.splitlines()) == 21


def test_19_comments_before_the_header(tmp_path: Path) -> None:
    rows = [f"{i % 4},{i % 5},{i % 3}.5" for i in range(20)]
    found = problem(tmp_path, lines("# station 12", "# unit m", "a,b,y", *rows))
    assert found.dataset.preparation.names == ("a", "b")
    found = problem(tmp_path, lines("station 12", "unit m", "a,b,y", *rows), skip=2)
    assert found.dataset.preparation.names == ("a", "b")
    found = problem(tmp_path, lines("% station 12", "a,b,y", *rows[:3], "% pause", *rows[3:]), comment="%")
    assert found.count == 20


def test_20_a_header_of_150_001_names(tmp_path: Path) -> None:
    names = [f"name{i:06}" for i in range(150_000)]
    rng = np.random.default_rng(0)
    rows = [",".join(map(str, rng.integers(0, 9, 150_000).tolist())) + f",{'ab'[i % 2]}" for i in range(3)]
    found = problem(tmp_path, lines(",".join([*names, "y"]), *rows))
    assert found.dataset.preparation.width == 150_000


def test_21_a_model_knows_that_its_file_had_no_header(tmp_path: Path) -> None:
    rows = ["x,s,p", "y,s,e", "x,f,e", "y,f,p", "x,s,e", "x,f,p", "y,s,p"]
    run = trained(tmp_path, lines(*rows), "x3")
    for count in (1, 2):
        (tmp_path / "new.csv").write_text(lines(*rows[:count]), encoding="utf-8")
        assert len(mlp("predict", run.path, tmp_path / "new.csv").stdout.splitlines()) == count + 1


@pytest.mark.parametrize("more", [{"test": 0.25}, {"folds": 5}, {"repeat": 10}])
def test_22_a_column_filled_in_one_row(tmp_path: Path, more: dict[str, Any]) -> None:
    rows = [f"{i % 7},{'3.5' if i == 7 else ''},{'ab'[i % 2]}" for i in range(40)]
    (tmp_path / "d.csv").write_text(lines("a,rare,y", *rows), encoding="utf-8")
    data = {"train": str(tmp_path / "d.csv"), "target": "y"} | {k: v for k, v in more.items() if k == "test"}
    training = {**QUICK, **{k: v for k, v in more.items() if k == "folds"}}
    config = {"data": data, "network": HIDDEN, "executor": "numpy", "training": training}
    config |= {k: v for k, v in more.items() if k == "repeat"}
    assert (train(config, runs=tmp_path).path / "model.npz").exists()


def test_23_a_column_of_many_names(tmp_path: Path) -> None:
    rows = [f"u{(i * i) % 25_013},{i % 7},{'ab'[i % 2]}" for i in range(100_000)]
    found = problem(tmp_path, lines("user,b,y", *rows))
    assert found.dataset.preparation.width <= 103
    assert "other" in notes(found)
    found = problem(tmp_path, lines("user,b,y", *rows), levels=10)
    assert found.dataset.preparation.width <= 13


DATES = {
    "2024-03-01": lambda d: f"{d:%Y-%m-%d}",
    "01.03.2024": lambda d: f"{d:%d.%m.%Y}",
    "3/1/24": lambda d: f"{d.month}/{d.day}/{d:%y}",
    "2024-03-01 19:00:00": lambda d: f"{d:%Y-%m-%d} 19:00:00",
    "2024-03-01T19:00Z": lambda d: f"{d:%Y-%m-%d}T19:00Z",
}


@pytest.mark.parametrize("form", DATES)
def test_24_dates(tmp_path: Path, form: str) -> None:
    days = [date(2024, 3, 1) + timedelta(days=i) for i in range(730)]
    write = DATES[form]
    rows = [f"{write(day)},{i % 11},{(i % 7) * 1.5}" for i, day in enumerate(days)]
    found = problem(tmp_path, lines("date,x,y", *rows))
    assert kind(found, "date") == "date"
    assert found.dataset.preparation.width <= 10
    run = trained(tmp_path, lines("date,x,y", *rows))
    later = write(date(2031, 7, 9))
    prediction = load(run.path).predict({"date": [later], "x": [3]})
    assert np.isfinite(prediction.values).all()
    assert not prediction.counts.unknown


def test_24_a_date_is_its_day(tmp_path: Path) -> None:
    days = [date(2023, 1, 1) + timedelta(days=3 * i) for i in range(300)]
    rows = [f"{day:%d.%m.%Y},{day.weekday() * 1.5 + i % 2 * 0.01}" for i, day in enumerate(days)]
    (column,) = (
        found := problem(tmp_path, lines("when,y", *rows), scaling="none")
    ).dataset.preparation.columns
    inputs = dict(zip(column.numbers.names, found.dataset.training.inputs.T, strict=True))
    np.testing.assert_array_equal(inputs["when year"], [day.year for day in days])
    turn = np.array([day.weekday() for day in days]) * 2 * np.pi / 7
    np.testing.assert_allclose(inputs["when weekday sin"], np.sin(turn), atol=1e-12)
    turn = np.array([day.month - 1 for day in days]) * 2 * np.pi / 12
    np.testing.assert_allclose(inputs["when month cos"], np.cos(turn), atol=1e-12)
    moment = datetime(2023, 1, 1, tzinfo=UTC).timestamp()
    assert moment % 86400 == 0


IDS = {
    "1 to n": lambda i: i + 1,
    "0 to n - 1": lambda i: i,
    "from 1000025 on": lambda i: 1000025 + 37 * i + (i * i) % 31,
    "uuid": lambda i: f"{i * 2654435761 % 2**32:08x}-aa",
}


@pytest.mark.parametrize("form", IDS)
def test_25_identifiers_are_left_out(tmp_path: Path, form: str) -> None:
    rows = [f"{IDS[form](i)},{(i * 7) % 11 + 0.5},{'abc'[i // 50]}" for i in range(150)]
    found = problem(tmp_path, lines("Id,x,y", *rows))
    assert found.dataset.preparation.names == ("x",)
    assert "'Id'" in notes(found)
    assert "use" in notes(found)
    found = problem(tmp_path, lines("Id,x,y", *rows), use=["Id"])
    assert found.dataset.preparation.names == ("Id", "x")


def test_25_a_counter_of_rows_that_are_partly_dropped(tmp_path: Path) -> None:
    rows = [f"{i + 1},{(i * 7) % 11},{'' if i % 10 == 0 else 'ab'[i % 2]}" for i in range(150)]
    found = problem(tmp_path, lines("nr,x,y", *rows))
    assert found.dataset.preparation.names == ("x",)


def test_25_the_only_input_stays(tmp_path: Path) -> None:
    rows = [f"{i},{np.sin(i / 10):.6f}" for i in range(100)]
    assert problem(tmp_path, lines("x,y", *rows)).dataset.preparation.names == ("x",)


def test_26_few_whole_numbers_that_are_no_classes(tmp_path: Path) -> None:
    found = problem(tmp_path, lines("x,y", *(f"{i},{10 * ((i + 2) // 3)}" for i in range(1, 13))))
    assert found.dataset.task == "regression"
    assert "task: classification" in notes(found)


def test_27_libsvm(tmp_path: Path) -> None:
    rows = [f"{'+1' if i % 2 else '-1'} 1:{i % 7}.5 2:{i % 3 + 1}" for i in range(40)]
    found = problem(tmp_path, lines(*rows), "label", name="d.svm")
    assert found.dataset.preparation.target.classes == ("-1", "1")
    np.testing.assert_allclose(found.dataset.preparation.width, 2)


def test_28_npz_with_two_parts(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    parts = {
        "x_train": rng.integers(0, 255, (60, 4, 4), np.uint8),
        "y_train": np.arange(60) % 3,
        "x_test": rng.integers(0, 255, (20, 4, 4), np.uint8),
        "y_test": np.arange(20) % 3,
    }
    np.savez(tmp_path / "d.npz", **parts)
    config = {"data": {"train": str(tmp_path / "d.npz")}, "network": HIDDEN, "executor": "numpy"}
    found = prepare(config)
    assert found.dataset.training.rows == 60
    assert found.dataset.width == 16
    assert found.dataset.test is not None
    assert found.dataset.test.rows == 20


@pytest.mark.parametrize(
    ("name", "start", "said"),
    [
        ("d.html", b"<!DOCTYPE html><html><body>404</body></html>", "HTML"),
        ("d.pdf", b"%PDF-1.7 \x00\x01", "PDF"),
        ("d.h5", b"\x89HDF\r\n\x1a\n\x00\x00", "HDF5"),
        ("d.db", b"SQLite format 3\x00\x10", "SQLite"),
    ],
)
def test_29_other_formats_are_named(tmp_path: Path, name: str, start: bytes, said: str) -> None:
    with pytest.raises(DataError) as refused:
        problem(tmp_path, start * 40, name=name)
    assert said in str(refused.value)
    assert "csv" in str(refused.value).lower()
    assert "numpy.save" not in str(refused.value)
    assert "iconv" not in str(refused.value)


def test_31_a_row_in_an_open_pipe_is_answered(tmp_path: Path) -> None:
    run = trained(tmp_path, lines("a,b,y", *(f"{i % 7},{i % 5},{'uv'[i % 2]}" for i in range(40))))
    command = [sys.executable, "-m", "mlpcli", "predict", str(run.path), "-"]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    )
    assert process.stdin is not None
    assert process.stdout is not None
    answers: list[bytes] = []

    def listen() -> None:
        assert process.stdout is not None
        answers.extend([process.stdout.readline(), process.stdout.readline()])

    listener = threading.Thread(target=listen, daemon=True)
    try:
        process.stdin.write(b"a,b\n1,2\n")
        process.stdin.flush()
        listener.start()
        listener.join(60)
        assert len(answers) == 2
        assert answers[1].count(b",") == 2
    finally:
        process.stdin.close()
        process.wait(60)
        process.stdout.close()


def test_32_zip_codes(tmp_path: Path) -> None:
    rows = [f"0{1234 + i % 5},{i % 7},{'ab'[i % 2]}" for i in range(60)]
    found = problem(tmp_path, lines("zip,x,y", *rows))
    assert kind(found, "zip") in ("category", "id")
    assert "'zip'" in notes(found)
    assert "zero" in notes(found)


def test_33_classes_that_training_never_saw(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(lines("a,y", "1,u", "2,w", "3,v"), encoding="utf-8")
    rows = [f"{i % 7},{'uv'[i % 2]}" for i in range(40)]
    run = trained(tmp_path, lines("a,y", *rows), test=str(tmp_path / "t.csv"))
    scores = json.loads(mlp("evaluate", run.path, tmp_path / "t.csv", "--json").stdout)
    assert scores["rows"] == 3
    assert scores["unseen_rows"] == 1
