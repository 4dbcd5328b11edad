"""Names told apart: none is lost, none is made that the file has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.data.column_names import distinct_names


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["a", "b"], ["a", "b"]),
        (["a", "a", "a"], ["a", "a_2", "a_3"]),
        (["a", "a", "a_2"], ["a", "a_3", "a_2"]),
        (["", "a", ""], ["x1", "a", "x3"]),
        (["", "x1"], ["x1_2", "x1"]),
    ],
)
def test_names(names: list[str], found: list[str]) -> None:
    new, notes = distinct_names(names, "file")
    assert list(new) == found
    assert len(notes) == len({bool(name) for name, one in zip(names, found) if name != one})


@given(st.lists(st.sampled_from(["", "a", "a_2", "a_3", "x1", "x2", "x2_2"])))
def test_all_differ_and_a_name_that_comes_once_stays(names: list[str]) -> None:
    new, _ = distinct_names(names, "file")
    assert len(set(new)) == len(names)
    assert all(name in new for name in names if name)
    assert all(one == name for one, name in zip(new, names) if name and names.count(name) == 1)


def test_many_equal_names() -> None:
    assert distinct_names(["a"] * 100_000, "file")[0][-1] == "a_100000"
