"""Summaries of columns of numbers against NumPy's own percentiles, histograms and counts."""

import warnings

import numpy as np
import pytest

from mlpcli.data.profile.numbers import BINS, FEW, summaries

RNG = np.random.default_rng(7)
COLUMNS = {
    "normal": RNG.normal(size=500),
    "long tail": np.exp(3 * RNG.normal(size=500)),
    "whole": RNG.integers(0, 5, 500).astype(float),
    "half missing": np.where(RNG.random(500) < 0.5, np.nan, RNG.normal(size=500)),
    "one value": np.full(500, 3.5),
    "two values, one rare": np.append(np.zeros(499), 1.0),
    "minus zero": np.where(RNG.random(500) < 0.5, -0.0, 0.0),
    "one cell": np.append(np.full(499, np.nan), 2.0),
    "huge": RNG.normal(size=500) * 1e300,
}


def alone(values):
    (summary,) = summaries(np.asarray(values)[None])
    return summary


@pytest.mark.parametrize("name", COLUMNS)
def test_a_summary_is_what_numpy_says(name):
    values = COLUMNS[name]
    there = values[~np.isnan(values)]
    found = alone(values)
    assert (found.low, found.high) == (there.min(), there.max())
    np.testing.assert_allclose(found.quartiles, np.percentile(there, (25, 50, 75)))
    distinct, counts = np.unique(there + 0.0, return_counts=True)
    assert found.distinct == len(distinct)
    few = tuple(zip(distinct.tolist(), counts.tolist(), strict=True))
    assert found.few == (few if len(distinct) <= FEW else ())
    if there.min() < there.max():
        assert found.counts == tuple(np.histogram(there, BINS)[0].tolist())
    else:
        assert found.counts == ()
    if name != "huge":
        np.testing.assert_allclose((found.mean, found.deviation), (there.mean(), there.std()), atol=1e-12)


def test_many_columns_at_once_are_each_alone():
    together = summaries(np.stack(list(COLUMNS.values())))
    assert [repr(each) for each in together] == [repr(alone(values)) for values in COLUMNS.values()]


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32"])
def test_any_type_of_number_is_summarised(dtype):
    values = np.arange(20).astype(dtype)
    assert alone(values) == alone(values.astype(float))


def test_what_is_not_finite_breaks_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        empty, infinite = summaries(np.array([[np.nan, np.nan, np.nan], [1.0, np.inf, np.inf]]))
    assert (empty.distinct, empty.few, empty.counts) == (0, (), ())
    assert np.isnan([empty.low, empty.high, empty.mean, *empty.quartiles]).all()
    assert (infinite.low, infinite.high, infinite.quartiles[1]) == (1.0, np.inf, np.inf)
    assert infinite.counts == ()


def test_of_some_rows_all_but_the_limits_are():
    values = np.arange(100.0)
    (found,) = summaries(values[None], np.arange(0, 50))
    assert (found.low, found.high) == (0, 99)
    assert (found.quartiles[1], found.distinct, sum(found.counts)) == (24.5, 50, 50)
