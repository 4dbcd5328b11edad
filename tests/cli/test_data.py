"""mlp data as a user meets it: what is said, against counts of our own; and what is refused."""

import csv
import json
import math
import os
import pty
import statistics
import subprocess
from collections import Counter

import pytest
from cli.world import CONFIG, MLP, csv_text, ended, mlp, rows, start


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text(csv_text(count=80), encoding="utf-8")
    (tmp_path / "good.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def strict(text):
    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_the_table_alone_and_how_to_go_on(place):
    result = mlp("data", "data.csv")
    assert result.exit_code == 0
    assert "80 rows of 4 columns, csv" in result.stdout
    assert "--target NAME" in result.stdout.replace("\n", " ")
    assert "linear" not in result.stdout
    for name in ("a", "b", "colour", "kind"):
        assert f"\n{name} " in result.stdout
    assert "3 levels: red 34%, blue 34%, green 32%" in result.stdout


def test_the_json_is_what_we_count(place):
    result = mlp("data", "data.csv", "--target", "kind", "--json")
    assert result.exit_code == 0
    plain = strict(result.stdout)
    with open("data.csv", encoding="utf-8", newline="") as file:
        cells = list(csv.DictReader(file))
    assert (plain["rows"], plain["format"], plain["bytes"]) == (80, "csv", os.path.getsize("data.csv"))
    assert plain["targets"] == ["kind"]
    columns = {column["name"]: column for column in plain["columns"]}
    for name in ("a", "b"):
        numbers = [float(row[name]) for row in cells]
        column = columns[name]
        assert (column["min"], column["max"]) == (min(numbers), max(numbers))
        quartiles = statistics.quantiles(numbers, n=4, method="inclusive")
        assert [column["q1"], column["median"], column["q3"]] == pytest.approx(quartiles)
        assert column["mean"] == pytest.approx(statistics.fmean(numbers))
        assert column["std"] == pytest.approx(statistics.pstdev(numbers))
        assert (column["distinct"], column["missing"]) == (len(set(numbers)), 0)
        assert sum(column["histogram"]) == 80
    for name in ("colour", "kind"):
        assert columns[name]["levels"] == Counter(row[name] for row in cells)
    assert columns["kind"]["role"] == "target"
    assert plain["parts"] == {"training": {"rows": 80, "classes": Counter(row["kind"] for row in cells)}}
    assert plain["repeated_rows"]["rows"] == 0
    beat = plain["to_beat"]
    assert (beat["rows_fitted"], beat["rows_judged"], beat["part"]) == (60, 20, "drawn")
    assert beat["linear"]["accuracy"] > beat["constant"]["accuracy"]
    assert beat["constant"]["auc"] == 0.5


def test_missing_repeated_and_equal_are_counted(place):
    lines = ["x,again,word,y", *(f"{at % 7},{at % 7},{'?' if at % 3 else 'w'},{at % 2}" for at in range(42))]
    (place / "odd.csv").write_text("\n".join([*lines, *lines[1:11]]) + "\n", encoding="utf-8")
    plain = strict(mlp("data", "odd.csv", "--target", "y", "--json").stdout)
    body = [*lines[1:], *lines[1:11]]
    counts = Counter(body)
    assert plain["repeated_rows"] == {
        "rows": len(body) - len(counts),
        "kinds": sum(count > 1 for count in counts.values()),
    }
    assert plain["equal_columns"] == [["x", "again"]]
    word = next(column for column in plain["columns"] if column["name"] == "word")
    missing = sum("?" in line for line in body)
    assert (word["missing"], word["missing_words"]) == (missing, {"?": missing})
    text = mlp("data", "odd.csv", "--target", "y").stdout
    assert f"{len(body) - len(counts)} rows" in text
    assert "'x', 'again'" in text
    assert f"{missing} missing" in text


def test_columns_of_one_value_are_named_with_and_without_a_target(place):
    lines = "".join(f"{at},7,{'w' if at % 2 else ''},{at % 2}\n" for at in range(30))
    (place / "same.csv").write_text(f"x,seven,holes,y\n{lines}", encoding="utf-8")
    assert "\nsame     one value in all rows: 'seven'\n" in mlp("data", "same.csv").stdout
    text = " ".join(mlp("data", "same.csv", "--target", "y").stdout.split())
    assert "constant_inputs" in text
    assert "(seven)" in text


def test_a_config_is_looked_at_with_its_parts(place):
    (place / "other.csv").write_text(csv_text(count=40, seed=1), encoding="utf-8")
    result = mlp("data", "good.yaml", "--set", "data.test=other.csv", "--json")
    plain = strict(result.stdout)
    assert plain["config"] == "good.yaml"
    assert plain["parts"]["test"]["rows"] == 40
    assert plain["parts"]["test"]["classes"] == Counter(row[3] for row in rows(40, 1))
    assert plain["parts"]["test"]["training_rows_too"] == {"rows": 0, "of": 40, "share": 0}
    same = strict(mlp("data", "good.yaml", "--set", "data.test=data.csv", "--json").stdout)
    assert same["parts"]["test"]["training_rows_too"]["share"] == 1
    assert [each["rule"] for each in same["findings"]] == ["rows_in_both_parts"]


@pytest.mark.parametrize(
    "change",
    [
        *(
            "optimiser.learning_rate=auto",
            "repeat=3",
            "training.folds=4",
            "data.fold=1/4",
            "network.hidden=[]",
        ),
        *("precision=float32", "loss=squared_error", "data.class_weights=balanced", "data.scaling=none"),
    ],
)
def test_whatever_the_config_says_is_looked_at(place, change):
    assert mlp("data", "good.yaml", "--set", change).exit_code == 0


def test_a_column_that_gives_the_target_away_is_named(place):
    lines = "\n".join(
        f"{at % 10},{math.exp(at % 10)},{(at * 7 % 13) / 13},{at % 10 + 0.5}" for at in range(100)
    )
    (place / "leak.csv").write_text(f"a,code,noise,y\n{lines}\n", encoding="utf-8")
    result = mlp("data", "leak.csv", "--target", "y")
    assert "nearly give the target away" in " ".join(result.stdout.split())
    assert "target_among_inputs" in result.stdout
    plain = strict(mlp("data", "leak.csv", "--target", "y", "--json").stdout)
    assert plain["alone"]["give_away"] == ["a", "code"]


SICK = {"one class": "x,y\n" + "".join(f"{at * 0.37 % 5},no\n" for at in range(30))}


FOUND = {
    "one class": (SICK["one class"], 1),
    "a leak": ("a,b,y\n" + "".join(f"{at / 4},{at * 7 % 31},{3.5 * at + 1}\n" for at in range(40)), 0),
    "mostly constant": (
        "a,b,c,y\n" + "".join(f"{at * 0.37 % 5},1,2,{(at * at) % 7 + 0.5}\n" for at in range(30)),
        0,
    ),
}


@pytest.mark.parametrize(("text", "code"), FOUND.values(), ids=FOUND)
def test_findings_are_those_that_train_reports_and_a_problem_exits_1(place, text, code):
    (place / "sick.csv").write_text(text, encoding="utf-8")
    result = mlp("data", "sick.csv", "--target", "y", "--json")
    assert result.exit_code == code
    plain = strict(result.stdout)
    assert plain["healthy"] == (not code)
    found = {each["rule"] for each in plain["findings"] if each["severity"] != "note"}
    (place / "sick.yaml").write_text("data: {train: sick.csv, target: y}\n", encoding="utf-8")
    events = [strict(line) for line in mlp("train", "sick.yaml", "--json").stdout.splitlines()]
    reported = {each["rule"] for each in events if each["event"] == "finding" and each["epoch"] == 0}
    assert found == reported != set()
    verdict = "1 problem: mend that first." if code else "no problem was found."
    assert verdict in mlp("data", "sick.csv", "--target", "y").stdout


def test_every_finding_names_its_page_and_a_remedy(place):
    (place / "sick.csv").write_text(SICK["one class"], encoding="utf-8")
    text = mlp("data", "sick.csv", "--target", "y").stdout
    assert "docs/findings/constant_target.md" in text
    assert "advice" in text


WRONG = {
    "no such file": (["nowhere.csv"], "There is no file"),
    "no such config": (["nowhere.yaml"], "There is no such file"),
    "an empty file": (["empty.csv"], "The file is empty"),
    "a header alone": (["header.csv"], "There is a header but no row"),
    "no such column": (["data.csv", "--target", "knid"], "Did you mean 'kind'?"),
    "a folder": (["."], "It is not a run folder"),
    "a wrong key": (["data.csv", "--set", "data.heder=false"], "heder"),
}


@pytest.mark.parametrize(("arguments", "said"), WRONG.values(), ids=WRONG)
def test_wrong_input_exits_2_with_what_is_wrong(place, arguments, said):
    (place / "empty.csv").write_text("", encoding="utf-8")
    (place / "header.csv").write_text("a,b\n", encoding="utf-8")
    result = mlp("data", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


def test_a_wide_table_is_cut_and_all_shows_it(place):
    names = [f"c{at}" for at in range(60)]
    lines = [",".join(str((at * row) % 11) for at in range(60)) for row in range(30)]
    (place / "wide.csv").write_text("\n".join([",".join(names), *lines]) + "\n", encoding="utf-8")
    cut = mlp("data", "wide.csv", "--target", "c59").stdout
    assert "… 20 more columns; --all shows them" in cut
    assert "\nc50 " not in cut
    assert "\nc59 " in cut
    assert "\nc50 " in mlp("data", "wide.csv", "--all").stdout


def test_standard_input_is_a_table_and_so_are_several_files(place):
    expected = strict(mlp("data", "data.csv", "--target", "kind", "--json").stdout)
    text = (place / "data.csv").read_text(encoding="utf-8")
    found = strict(mlp("data", "-", "--target", "kind", "--json", stdin=text).stdout)
    assert (found["files"], found["format"], found["bytes"]) == (["-"], None, None)
    assert found["columns"] == expected["columns"]
    assert found["to_beat"] == expected["to_beat"]
    assert "standard input: 80 rows of 4 columns" in mlp("data", "-", stdin=text).stdout
    for part in (1, 2):
        (place / f"part-{part}.csv").write_text(csv_text(count=30, seed=part), encoding="utf-8")
    both = strict(mlp("data", "part-*.csv", "--json").stdout)
    assert (both["rows"], [os.path.basename(path) for path in both["files"]]) == (
        60,
        ["part-1.csv", "part-2.csv"],
    )
    assert both["bytes"] == sum(os.path.getsize(place / f"part-{part}.csv") for part in (1, 2))


def test_a_column_named_label_is_the_target_as_in_a_training(place):
    text = (place / "data.csv").read_text(encoding="utf-8").replace("kind", "label", 1)
    (place / "labelled.csv").write_text(text, encoding="utf-8")
    assert strict(mlp("data", "labelled.csv", "--json").stdout)["targets"] == ["label"]
    assert "to beat" in mlp("data", "labelled.csv").stdout


def test_a_config_that_goes_on_from_a_model_is_looked_at(place):
    assert mlp("train", "good.yaml").exit_code == 0
    assert mlp("data", "good.yaml", "--set", "start_from=runs/good-1").exit_code == 0


def test_ignored_columns_are_listed_and_settings_count_for_a_file_too(place):
    plain = strict(mlp("data", "data.csv", "--set", "data.ignore=[colour]", "--json").stdout)
    colour = next(column for column in plain["columns"] if column["name"] == "colour")
    assert (colour["role"], colour["kind"], colour["why"]) == ("ignored", None, "data.ignore names it")
    headless = strict(mlp("data", "data.csv", "--set", "data.header=false", "--json").stdout)
    assert (headless["rows"], headless["columns"][0]["name"]) == (81, "x1")


def test_a_run_is_looked_at_by_its_config(place):
    assert mlp("train", "good.yaml").exit_code == 0
    result = mlp("data", "runs/good-1")
    assert result.exit_code == 0
    assert "80 rows" in result.stdout


def on_a_terminal(columns, *arguments, **environment):
    """What is printed on a terminal that wide, line ends as in a file."""
    main, side = pty.openpty()
    size = f"fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('4H', 50, {columns}, 0, 0))"
    code = f"import fcntl, struct, sys, termios; {size}"
    process = subprocess.Popen(
        [MLP[0], "-c", f"{code};from mlpcli.cli.main import main;sys.argv={['mlp', *arguments]!r};main()"],
        stdout=side,
        env=os.environ | environment,
    )
    os.close(side)
    text = b""
    while True:
        try:
            piece = os.read(main, 4096)
        except OSError:
            break
        if not piece:
            break
        text += piece
    os.close(main)
    assert process.wait(60) == 0
    return text.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [80, 200])
def test_it_fits_the_terminal(place, columns):
    text = on_a_terminal(columns, "data", "data.csv", "--target", "kind")
    assert "to beat" in text
    # The path stands in one piece, however long it is.
    assert max(len(line) for line in text.splitlines() if "data.csv" not in line) <= columns
    assert "█" in text


def test_a_pipe_has_no_control_codes_and_ascii_has_bars_of_its_own(place):
    process = start("data", "data.csv", env=os.environ | {"PYTHONIOENCODING": "ascii"})
    out, err, code = ended(process)
    assert (err, code) == ("", 0)
    assert out.replace("\n", "").isprintable()
    assert "?" not in out.split("\n\n")[1]
    assert "#" in out
