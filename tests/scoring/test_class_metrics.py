"""Ranking scores and means over classes against scikit-learn's numbers, and laws that need none."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from mlpcli.scoring.class_metrics import average_precision, roc_area
from mlpcli.scoring.metrics import class_scores

ORACLE = json.loads((Path(__file__).parents[1] / "oracles" / "class_metrics.json").read_text())


@pytest.mark.parametrize("case", ORACLE, ids=lambda case: case["name"])
def test_scores_are_those_of_scikit_learn(case):
    weights = None if case["weights"] is None else np.array(case["weights"])
    scores = class_scores(np.array(case["probabilities"]), np.array(case["classes"]), weights)
    for name, expected in case["scores"].items():
        right = math.nan if expected is None else expected
        assert getattr(scores, name) == pytest.approx(right, rel=1e-13, abs=1e-15, nan_ok=True), name


@pytest.mark.parametrize("seed", range(5))
def test_the_area_is_the_share_of_pairs_in_order(seed):
    """By all pairs, each with the product of its weights; ties count half."""
    rng = np.random.default_rng(seed)
    scores, positive = rng.integers(0, 6, 40) / 8, rng.random(40) < 0.4
    weights = rng.uniform(0.1, 2, 40)
    ahead = np.sign(scores[positive][:, None] - scores[~positive][None, :]) / 2 + 0.5
    each = weights[positive][:, None] * weights[~positive][None, :]
    assert roc_area(scores, positive, weights) == pytest.approx(np.sum(ahead * each) / each.sum(), rel=1e-13)
    assert roc_area(scores, ~positive, weights) == pytest.approx(1 - np.sum(ahead * each) / each.sum())


@pytest.mark.parametrize("measure", [roc_area, average_precision])
def test_a_whole_weight_is_as_many_rows(measure):
    rng = np.random.default_rng(3)
    scores, positive, weights = rng.integers(0, 9, 25) / 9, rng.random(25) < 0.5, rng.integers(0, 4, 25)
    many = measure(np.repeat(scores, weights), np.repeat(positive, weights))
    assert measure(scores, positive, weights) == pytest.approx(many, rel=1e-13)


@pytest.mark.parametrize("measure", [roc_area, average_precision])
def test_scores_that_are_no_numbers_are_not_ranked(measure):
    assert math.isnan(measure(np.array([0.5, math.nan]), np.array([True, False])))
