from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.config import scalars
from mlpcli.config.compose import compose
from mlpcli.config.scalars import as_number, as_whole, odd_number, shorten, write_text
from mlpcli.config.tree import Scalar, TextSource

PRINTABLE = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co")))


@pytest.mark.parametrize(
    ("word", "number"),
    [("1e-3", 0.001), ("1E5", 1e5), ("+1e3", 1000.0), (".5", 0.5), ("5.", 5.0), ("1_000", 1000), ("-0", 0)],
)
def test_decimal_words_are_numbers(word: str, number: float) -> None:
    assert as_number(word) == number
    assert type(as_number(word)) is type(number)


@pytest.mark.parametrize(
    "word", ["012", "0x1F", "1:30", "2020-01-01", "no", "nan", "1.2.3", "1e", ".", "_", "٣", ""]
)
def test_other_words_are_no_numbers(word: str) -> None:
    assert as_number(word) is None


def test_very_long_digits_are_no_number() -> None:
    assert as_number("9" * 10_000) is None
    assert as_number("1e999") == math.inf


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_round_trip(value: float) -> None:
    assert as_number(repr(value)) == value


@given(st.integers())
def test_integers_round_trip(value: int) -> None:
    number = as_number(str(value))
    assert number is not None
    assert as_whole(number) == value


def test_whole_numbers_may_be_written_with_an_exponent() -> None:
    assert as_whole(1e12) == 1_000_000_000_000
    assert as_whole(1.5) is None
    assert as_whole(math.inf) is None


@pytest.mark.parametrize(
    ("word", "remedy"),
    [("012", "Write 12."), ("0x1F", "Write 31."), ("-0b11", "Write -3."), (".nan", "finite")],
)
def test_odd_numbers_have_a_remedy(word: str, remedy: str) -> None:
    assert remedy in odd_number(word)


@pytest.mark.parametrize("word", ["12", "0.5", "0", "1e-3", "tanh", "0b9"])
def test_plain_words_are_not_odd(word: str) -> None:
    assert odd_number(word) == ""


@given(
    PRINTABLE
    | st.sampled_from(["null", "true", "1e3", "012", "no", "- a", "a: b", "#", "\n", "\x85", "\x7f", "😀"])
)
def test_written_text_reads_back(text: str) -> None:
    tree, faults = compose(f"[{write_text(text)}]", TextSource("", Path()))
    item = tree.items[0]  # type: ignore[attr-defined]
    assert isinstance(item, Scalar)
    assert not faults
    assert item.text == text
    assert item.quoted or not scalars.means_more_than_text(text)


@pytest.mark.parametrize("word", ["null", "", "true", "1e3", "012", "0x1F", ".inf", "- a", "a: b", "it's"])
def test_texts_that_look_like_something_else_are_quoted(word: str) -> None:
    assert write_text(word) == f'"{word}"'


def test_plain_words_are_written_without_quotes() -> None:
    assert write_text("petal width") == "petal width"
    assert write_text("1", quoted=False) == "1"
    assert write_text("1") == '"1"'


def test_shorten_keeps_one_printable_line() -> None:
    assert shorten("a\nb\x00") == "a\\nb\\x00"
    assert len(shorten("x" * 1000)) == 60
