"""Splits: seeded, disjoint, complete, stratified, of the size that was asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mlpcli.data.split import split
from mlpcli.errors import DataError

SHARES = st.sampled_from([0.0, 0.1, 0.2, 0.25, 0.4])


@given(
    st.lists(st.integers(0, 4), min_size=10, max_size=200), SHARES, SHARES, st.integers(0, 9), st.booleans()
)
def test_laws(classes: list[int], validation: float, test: float, seed: int, stratified: bool) -> None:
    codes, rows = np.array(classes), len(classes)
    kinds = codes if stratified else None
    sizes = [int(share * rows + 0.5) for share in (validation, test)]
    counts = np.bincount(codes)
    if stratified and sum(sizes) > rows - len(set(classes)):
        with pytest.raises(DataError, match="too few"):
            split(np.random.default_rng(seed), rows, validation, test, kinds)
        return
    parts = split(np.random.default_rng(seed), rows, validation, test, kinds)
    every = (parts.training, parts.validation, parts.test)
    assert [len(part) for part in every[1:]] == sizes
    assert sorted(np.concatenate(every).tolist()) == list(range(rows))
    assert all((np.diff(part) > 0).all() for part in every)
    if stratified:
        assert set(codes[parts.training]) == set(classes)
        free = counts >= 8  # classes so small that they must stay in training shift the others
        if free.all() or (counts == 0)[~free].all():
            found = np.bincount(codes[parts.validation], minlength=len(counts))
            assert (np.abs(found - validation * counts) < 1.5).all()
    again = split(np.random.default_rng(seed), rows, validation, test, kinds)
    assert all(
        np.array_equal(a, b)
        for a, b in zip(every, (again.training, again.validation, again.test), strict=True)
    )


def test_the_seed_matters_and_order_is_no_guide() -> None:
    first, other = (split(np.random.default_rng(seed), 100, 0.2).validation for seed in (0, 1))
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, np.arange(20))
    assert not np.array_equal(first, np.arange(80, 100))


def test_iris_has_ten_of_each() -> None:
    codes = np.repeat([0, 1, 2], 50)
    parts = split(np.random.default_rng(5), 150, 0.2, 0.1, codes)
    assert np.bincount(codes[parts.validation]).tolist() == [10, 10, 10]
    assert np.bincount(codes[parts.test]).tolist() == [5, 5, 5]


def test_a_class_of_one_row_stays_in_training() -> None:
    codes = np.array([0] * 10 + [1])
    for seed in range(20):
        assert 10 in split(np.random.default_rng(seed), 11, 0.4, 0.4, codes).training


@pytest.mark.parametrize(
    ("rows", "validation", "test"), [(4, 0.1, 0.0), (2, 0.9, 0.0), (10, 0.5, 0.5), (1, 0.5, 0.0)]
)
def test_too_few_rows_are_an_error(rows: int, validation: float, test: float) -> None:
    with pytest.raises(DataError, match=r"data\.validation") as refused:
        split(np.random.default_rng(0), rows, validation, test)
    assert refused.value.faults[0].remedy


@given(
    classes=st.lists(st.integers(0, 3), min_size=8, max_size=60),
    count=st.integers(2, 6),
    validation=st.sampled_from([0.0, 0.2]),
    test=st.sampled_from([0.0, 0.1]),
    stratified=st.booleans(),
    seed=st.integers(0, 99),
)
@example(classes=[0, 0, 1, 1, 2, 2, 3, 3], count=2, validation=0.0, test=0.1, stratified=True, seed=0)
def test_folds_hold_every_row_back_once(classes, count, validation, test, stratified, seed) -> None:
    codes = np.unique(classes, return_inverse=True)[1] if stratified else None
    rows = len(classes)
    try:
        parts = [
            split(np.random.default_rng(seed), rows, validation, test, codes, (number, count))
            for number in range(1, count + 1)
        ]
    except DataError:
        return
    held = np.concatenate([part.test for part in parts])
    assert len(held) == len(set(held.tolist()))
    left_out = set(range(rows)) - set(held.tolist())
    always = left_out.intersection(*({*part.training.tolist(), *part.validation.tolist()} for part in parts))
    assert len(left_out - always) <= int(test * rows + 0.5)  # those of a share for tests of their own
    # A class with one row left after that share is never held back.
    single = [] if codes is None else codes[sorted(always)].tolist()
    assert len(always) == len(set(single))
    assert not set(single) & (set() if codes is None else set(codes[held].tolist()))
    sizes = [len(part.test) for part in parts]
    assert max(sizes) - min(sizes) <= 1
    for part in parts:
        assert not {*part.test.tolist()} & {*part.training.tolist(), *part.validation.tolist()}
        assert not {*part.validation.tolist()} & {*part.training.tolist()}
        assert not left_out & set(part.test.tolist())
        if codes is not None:
            assert set(codes[part.training]) == set(codes)
