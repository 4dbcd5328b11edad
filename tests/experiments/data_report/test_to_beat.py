"""The constant and the linear model: against least squares, frequencies and Newton's method by hand."""

import math

import numpy as np
import pytest

from mlpcli.experiments.data_report import to_beat as module
from mlpcli.experiments.data_report.to_beat import PENALTY, to_beat
from mlpcli.problem.build import prepare


def problem(folder, header, rows, changes=(), **data):
    path = folder / "t.csv"
    lines = [",".join(map(str, row)) for row in rows]
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return prepare({"data": {"train": str(path), "target": header.split(",")[-1], **data}}, changes)


def regression_rows(count, noise=0.5, seed=0):
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(count, 3)) * (1, 1000, 0.01) + (0, 5000, 1)
    target = inputs @ (3.0, 0.002, 50.0) + noise * rng.normal(size=count) + 20
    return np.column_stack([inputs, target]).round(6).tolist()


def class_rows(count, seed=0):
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(count, 2)).round(3)
    labels = np.where(inputs @ (1.0, -0.5) + rng.logistic(size=count) > 0.8, "yes", "no")
    return [(*row, label) for row, label in zip(inputs.tolist(), labels.tolist(), strict=True)]


def test_regression_is_least_squares_on_the_rows_that_were_held_back(tmp_path):
    made = problem(tmp_path, "a,b,c,y", regression_rows(400), validation=0.25)
    found = to_beat(made)
    assert (found.part, found.fitted, found.judged) == ("validation", 300, 100)
    training, checked = made.dataset.training, made.dataset.validation
    unscale = made.dataset.preparation.unscale
    fitted, true = unscale(training.targets)[:, 0], unscale(checked.targets)[:, 0]
    design = np.column_stack([training.inputs, np.ones(300)])
    weights = np.linalg.lstsq(design, fitted, rcond=None)[0]
    errors = np.column_stack([checked.inputs, np.ones(100)]) @ weights - true
    assert found.linear_scores["rmse"] == pytest.approx(math.sqrt(np.mean(errors**2)), rel=0.02)
    assert found.linear_scores["mae"] == pytest.approx(np.mean(np.abs(errors)), rel=0.02)
    constant = math.sqrt(np.mean((fitted.mean() - true) ** 2))
    assert found.constant_scores["rmse"] == pytest.approx(constant)


def test_classes_are_the_logistic_regression_of_newton(tmp_path):
    made = problem(tmp_path, "a,b,y", class_rows(400), validation=0.25)
    found = to_beat(made)
    training, checked = made.dataset.training, made.dataset.validation
    mean, spread = training.inputs.mean(axis=0), training.inputs.std(axis=0)
    design = np.column_stack([(training.inputs - mean) / spread, np.ones(training.rows)])
    weights, penalised = np.zeros(3), np.diag([2 * PENALTY, 2 * PENALTY, 0.0])
    for _ in range(30):
        p = 1 / (1 + np.exp(-design @ weights))
        slope = design.T @ (p - training.targets) + penalised @ weights
        weights -= np.linalg.solve((design * (p * (1 - p))[:, None]).T @ design + penalised, slope)
    p = 1 / (1 + np.exp(-np.column_stack([(checked.inputs - mean) / spread, np.ones(100)]) @ weights))
    second = checked.targets == 1
    assert found.linear_scores["accuracy"] == np.mean((p > 0.5) == second)
    assert found.linear_scores["log_loss"] == pytest.approx(
        -np.mean(np.log(np.where(second, p, 1 - p))), 1e-3
    )
    share = training.targets.mean()
    expected = -np.mean(np.log(np.where(second, share, 1 - share)))
    assert found.constant_scores["log_loss"] == pytest.approx(expected)
    assert found.constant_scores["accuracy"] == max(np.mean(second), np.mean(~second))
    assert found.constant_scores["auc"] == 0.5


def test_without_validation_rows_a_quarter_of_the_training_rows_is_judged(tmp_path):
    found = to_beat(problem(tmp_path, "a,b,y", class_rows(80)))
    assert (found.part, found.fitted, found.judged, found.of_part) == ("drawn", 60, 20, 80)
    again = to_beat(problem(tmp_path, "a,b,y", class_rows(80)))
    assert again.linear_scores == found.linear_scores


def test_very_few_rows_are_judged_by_themselves(tmp_path):
    found = to_beat(problem(tmp_path, "a,b,y", [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)]))
    assert (found.part, found.fitted, found.judged) == ("training", 4, 4)
    assert found.linear_scores["accuracy"] == 0.5  # xor


def test_of_many_cells_some_rows_are_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_CELLS", 0)
    monkeypatch.setattr(module, "FEWEST_OF_MANY", 100)
    found = to_beat(problem(tmp_path, "a,b,y", class_rows(400)))
    assert (found.fitted + found.judged, found.of_training) == (100, 400)


SETTINGS = {
    "unscaled": ["data.scaling=none", "data.target_scaling=none"],
    "a rate that runs away": ["optimiser={name: sgd, learning_rate: 1000}"],
    "many units": ["network.hidden=[50, 50]"],
    "another loss": ["loss=absolute_error"],
}


@pytest.mark.parametrize("changes", SETTINGS.values(), ids=SETTINGS)
def test_what_the_config_says_of_the_training_is_no_matter(tmp_path, changes):
    rows = regression_rows(200)
    plain, other = (to_beat(problem(tmp_path, "a,b,c,y", rows, each)) for each in ((), changes))
    assert other.linear_scores["r2"] == pytest.approx(plain.linear_scores["r2"], abs=1e-3)
    assert plain.linear_scores["r2"] > 0.9


def test_three_classes_labels_codes_and_weights(tmp_path):
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(200, 2)).round(3)
    three = np.array(["u", "v", "w"])[(inputs[:, 0] > 0.4).astype(int) + (inputs[:, 0] > -0.4)]
    found = to_beat(problem(tmp_path, "a,b,y", np.column_stack([inputs, three]).tolist()))
    assert found.linear_scores["accuracy"] > 0.85 > found.constant_scores["accuracy"]
    labels = (inputs > 0).astype(int)
    made = problem(tmp_path, "a,b,p,q", np.column_stack([inputs, labels]).tolist(), target=["p", "q"])
    found = to_beat(made)
    assert found.linear.task == "multilabel"
    assert found.linear_scores["accuracy"] > 0.9
    coded = problem(tmp_path, "a,b,y", class_rows(200), ["data.classes=[-1, 1]"])
    plain = problem(tmp_path, "a,b,y", class_rows(200))
    assert to_beat(coded).linear_scores["accuracy"] == to_beat(plain).linear_scores["accuracy"]
    weighted = problem(tmp_path, "a,b,y", class_rows(200), ["data.class_weights=balanced"])
    assert to_beat(weighted).constant_scores["accuracy"] == pytest.approx(0.5, abs=0.02)
