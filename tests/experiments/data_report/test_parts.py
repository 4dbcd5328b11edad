"""The parts of the data: rows, classes, shared rows and shifts, against counts and means by hand."""

from collections import Counter

import numpy as np
import pytest

from mlpcli.diagnose.trials.facts import Facts
from mlpcli.diagnose.trials.untrained import Untrained
from mlpcli.experiments.data_report.parts import part_reports
from mlpcli.problem.build import prepare

RNG = np.random.default_rng(2)


def reports(folder, training, test, **data):
    for name, rows in (("t", training), ("v", test)):
        text = "\n".join(",".join(map(str, row)) for row in rows)
        (folder / f"{name}.csv").write_text(f"a,b,y\n{text}\n", encoding="utf-8")
    section = {"train": str(folder / "t.csv"), "test": str(folder / "v.csv"), "target": "y", **data}
    return {part.name: part for part in part_reports(Untrained(Facts(prepare({"data": section}))))}


def rows(count, shift=0.0, classes="uvw"):
    values = RNG.normal(size=(count, 2)).round(3)
    return [(a + shift, b, classes[at % len(classes)]) for at, (a, b) in enumerate(values.tolist())]


def test_rows_and_classes_are_counted_in_every_part(tmp_path):
    training, test = rows(90), rows(40, classes="uz")
    found = reports(tmp_path, training, test, validation=0.2)
    assert list(found) == ["training", "validation", "test"]
    assert {name: part.rows for name, part in found.items()} == {"training": 72, "validation": 18, "test": 40}
    both = Counter(found["training"].classes) + Counter(found["validation"].classes)
    assert both == Counter(row[2] for row in training)
    # A class that training never saw is counted, too.
    assert {name: n for name, n in found["test"].classes.items() if n} == Counter(row[2] for row in test)


def test_a_shift_is_the_distance_of_the_means_in_deviations(tmp_path):
    training, test = rows(400), rows(200, shift=1.5)
    found = reports(tmp_path, training, test)
    a, there = (np.array([row[0] for row in part]) for part in (training, test))
    (shift,) = found["test"].shifted
    assert shift.input == "a"
    assert shift.distance == pytest.approx((there.mean() - a.mean()) / a.std())
    ratio = there.std() / a.std()
    assert shift.ratio == pytest.approx(max(ratio, 1 / ratio))


@pytest.mark.parametrize("count", [2, 10, 50, 500])
def test_what_chance_draws_is_no_shift(tmp_path, count):
    assert reports(tmp_path, rows(400), rows(count))["test"].shifted == ()


def test_training_rows_in_the_test_part_are_counted(tmp_path):
    training = rows(100)
    found = reports(tmp_path, training, [*training[:7], *rows(13)])
    assert (found["test"].shared.shared, found["test"].shared.rows) == (7, 20)
    assert found["training"].shared is None
