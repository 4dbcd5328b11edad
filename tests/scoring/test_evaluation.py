"""Scores against numbers computed by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from mlpcli.cli.text.network_and_data import describe_evaluation
from mlpcli.data.prepare import Preparation, RegressionTarget
from mlpcli.scoring.evaluation import evaluate_outputs
from mlpcli.scoring.metrics import (
    class_probabilities,
    class_scores,
    label_scores,
    regression_scores,
    target_matrix,
)


def test_classes():
    probabilities = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.5, 0.3, 0.2], [0.2, 0.2, 0.6]])
    scores = class_scores(probabilities, np.array([0, 1, 1, 2]))
    assert scores.accuracy == 0.75
    assert scores.log_loss == pytest.approx(-(math.log(0.7 * 0.8 * 0.3 * 0.6)) / 4, rel=1e-15)
    assert scores.confusion.tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
    assert scores.per_class() == [
        (0.5, 1.0, pytest.approx(2 / 3), 1),
        (1.0, 0.5, pytest.approx(2 / 3), 2),
        (1.0, 1.0, 1.0, 1),
    ]


def test_a_class_without_rows_scores_zero():
    scores = class_scores(np.array([[0.9, 0.1, 0.0]]), np.array([0]))
    assert scores.per_class()[1:] == [(0.0, 0.0, 0.0, 0)] * 2


def test_a_tie_is_called_for_the_first():
    assert class_scores(np.array([[0.5, 0.5]]), np.array([1])).confusion.tolist() == [[0, 0], [1, 0]]


def test_a_probability_of_zero_is_no_infinity():
    assert class_scores(np.array([[1.0, 0.0]]), np.array([1])).log_loss == pytest.approx(-math.log(1e-15))
    assert class_scores(np.array([[1.0, 0.0]], np.float32), np.array([0])).log_loss == 0


def test_one_unit_is_the_probability_of_the_second_class():
    assert class_probabilities(np.array([[0.25], [1.0]])).tolist() == [[0.75, 0.25], [0.0, 1.0]]
    two = np.array([[0.25, 0.75]])
    assert class_probabilities(two) is two


def test_one_unit_between_other_numbers():
    said = np.array([[-1.0], [0.5], [1.0]])
    assert class_probabilities(said, (-1.0, 1.0)).tolist() == [[1.0, 0.0], [0.25, 0.75], [0.0, 1.0]]
    assert class_probabilities(said, (1.0, -1.0))[:, 1].tolist() == [1.0, 0.25, 0.0]
    assert class_probabilities(said, (1.0,)) is said


def test_labels():
    scores = label_scores(np.array([0.9, 0.4, 0.6]), np.array([1.0, 1.0, 0.0]))
    assert scores.accuracy == pytest.approx(1 / 3)
    assert scores.log_loss == pytest.approx(-(math.log(0.9) + math.log(0.4) + math.log(0.4)) / 3)
    assert scores.confusion.tolist() == [[0, 1], [1, 1]]


def test_numbers():
    scores = regression_scores(np.array([1.0, 2.0, 5.0]), np.array([1.0, 3.0, 2.0]))
    assert scores.rmse == pytest.approx(math.sqrt(10 / 3))
    assert scores.mae == pytest.approx(4 / 3)
    assert scores.r2 == pytest.approx(1 - 10 / 2)
    assert regression_scores(np.array([1.0, 2.0]), np.array([1.0, 2.0])).r2 == 1
    assert regression_scores(np.array([1.5, 1.5]), np.array([1.0, 2.0])).r2 == 0


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, -1 / 3, 1e9 / 7, 1e-12])
@pytest.mark.parametrize("count", [1, 2, 3, 7, 1000])
def test_a_target_that_varies_by_rounding_alone_has_no_r2(value, count):
    """The mean of 0.1, 0.1, 0.1 is not 0.1, and the variance that this leaves is none."""
    target = np.full(count, value)
    weights = np.linspace(0.1, 1, count)
    assert math.isnan(regression_scores(target + 1, target).r2)
    assert math.isnan(regression_scores(target + 1, target, weights).r2)
    target[::2] = np.nextafter(value, math.inf) if value else 0.0
    assert math.isnan(regression_scores(target + 1, target).r2)
    # A row of weight 0 is as if it were not there.
    assert math.isnan(regression_scores(np.ones(2), np.array([value, value + 5]), np.array([1.0, 0.0])).r2)


def test_a_little_variance_is_variance():
    target = 1e9 + np.array([0.0, 1.0, 2.0]) / 1024
    assert regression_scores(target, target).r2 == 1
    assert regression_scores(target[::-1], target).r2 == pytest.approx(1 - 8 / 2, rel=1e-6)


def test_an_r2_that_is_not_defined_is_said():
    preparation = Preparation((), RegressionTarget(("y",), (0.0,), (1.0,)))
    evaluation = evaluate_outputs(np.ones((3, 1)), np.full((3, 1), 0.1), preparation)
    assert evaluation.as_json()["targets"]["y"]["r2"] is None
    lines = describe_evaluation(evaluation).splitlines()
    assert ["y", "0.9", "0.9", "–"] in [line.split() for line in lines]
    assert lines[-1] == "R² is not defined: y does not vary in these rows."


def test_target_matrices():
    assert target_matrix(np.array([1, 0]), "classification", 1, "float32").tolist() == [[1], [0]]
    assert target_matrix(np.array([1, 0]), "classification", 1, "float64", (3, -1)).tolist() == [[-1], [3]]
    assert target_matrix(np.array([2, 0]), "classification", 3, "float64").tolist() == [[0, 0, 1], [1, 0, 0]]
    numbers = np.array([[0.5, 2.0]])
    assert target_matrix(numbers, "regression", 2, "float32").dtype == np.float32
    assert target_matrix(numbers, "multilabel", 2, "float64").tolist() == [[0.5, 2.0]]


def test_predictions_that_ran_away_score_infinity_without_a_warning():
    scores = regression_scores(np.array([1e200, -1e200, 0.0]), np.array([1.0, 2.0, 3.0]))
    assert (scores.rmse, scores.r2) == (math.inf, -math.inf)
    assert scores.mae == pytest.approx(2e200 / 3)


def test_weighted_scores_are_those_of_scikit_learn():
    oracle = json.loads((Path(__file__).parent.parent / "oracles" / "weighted_scores.json").read_text())
    given = {name: np.array(values) for name, values in oracle.items()}
    scores = class_scores(given["probabilities"], given["classes"], given["weights"])
    assert scores.accuracy == pytest.approx(oracle["accuracy"], rel=1e-13)
    assert scores.log_loss == pytest.approx(oracle["log_loss"], rel=1e-13)
    np.testing.assert_allclose(scores.confusion, given["confusion"], rtol=1e-13)
    precision, recall, f1, rows = zip(*scores.per_class())
    for name, found in (("precision", precision), ("recall", recall), ("f1", f1)):
        np.testing.assert_allclose(found, given[name], rtol=1e-13, err_msg=name)
    assert rows == tuple(np.bincount(given["classes"]))
    numbers = regression_scores(given["prediction"], given["target"], given["weights"])
    for name in ("rmse", "mae", "r2"):
        assert getattr(numbers, name) == pytest.approx(oracle[name], rel=1e-13)
