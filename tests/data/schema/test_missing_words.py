"""Words that stand for no value: in any column, or only among numbers."""

import pytest
from raw_tables import config, inferred, later, typed, values

from mlpcli.data.schema.missing_words import (
    ALWAYS,
    ANSWERS,
    CATEGORIES,
    NULLS,
    NUMBERS,
    TRUTHS,
    missing_places,
    missing_rule,
)

REAL = [repr(i * 0.37) for i in range(60)]
USUAL = missing_rule(None)


@pytest.mark.parametrize("case", [str.lower, str.upper, str.title])
def test_which_words_are_missing_depends_on_what_the_others_are(case):
    for words, among in [
        (ALWAYS, {CATEGORIES, TRUTHS, NUMBERS}),
        (NULLS, {TRUTHS, NUMBERS}),
        (ANSWERS, {NUMBERS}),
    ]:
        for word in map(case, sorted(words)):
            for kind in (CATEGORIES, TRUTHS, NUMBERS):
                assert USUAL.has(word, kind) == (kind in among), word
                assert missing_places([word], USUAL, kind) == ([0] if kind in among else [])


def test_words_of_a_config_replace_the_usual_ones_and_numbers_come_on_top():
    assert not missing_rule([]).has("NA")
    assert missing_rule(["n.n."]).has("n.n.")
    assert not missing_rule(["n.n."]).has("NA")
    assert missing_rule(["-8"]).has("NA")
    assert missing_rule(["-8", "x"]).numbers == (-8.0,)
    assert not missing_rule(["-8", "x"]).has("NA")


@pytest.mark.parametrize("word", ["NA", "N/A", "?", "-", ".", "null", "NaN"])
def test_in_a_category_the_sure_words_are_no_level(word):
    found, columns = typed(("y",), ",", None, a=["red", "blue", word] * 20, y=REAL)
    assert values(columns["a"])[:3] == ["red", "blue", None]
    assert any("data: {missing: {values: []}}" in note for note in found.notes)


@pytest.mark.parametrize("word", ["unknown", "None", "missing", "nil"])
def test_in_a_category_the_others_are_levels(word):
    _, columns = typed(("y",), ",", None, a=["red", "blue", word] * 20, y=REAL)
    assert values(columns["a"])[:3] == ["red", "blue", word]


def test_later_files_may_have_other_words_for_no_value():
    found = inferred(("y",), a=["1.5", "?", "2.5"] * 20, y=REAL)
    assert values(later(found, a=["N/A", "null", "#DIV/0!", "3"])["a"]) == [None, None, None, 3.0]


def test_numbers_that_mean_missing_do_so_in_any_notation_and_for_levels():
    settings = config(missing=("-200",))
    found, columns = typed(
        ("y",), ";", settings, a=["1,5", "-200", "-200,0"] * 20, c=["-200", "red", "7"] * 20, y=REAL
    )
    assert values(columns["a"])[:3] == [1.5, None, None]
    assert values(columns["c"])[:3] == [None, "red", "7"]
    assert values(later(found, a=["-200", "2"])["a"]) == [None, 2.0]


def test_a_column_without_one_value_is_left_out_and_said():
    found = inferred(("y",), a=["NA", "?", ""] * 20, b=REAL, y=REAL)
    assert found.schema.unused() == ("a",)
    assert any("'a' has no values" in note for note in found.notes)


@pytest.mark.parametrize(("words", "kind"), [(["1", "2", "3+"], "category"), (["1", "2", "other"], "number")])
def test_a_word_with_a_digit_says_something(words, kind):
    assert inferred(("y",), a=words * 20, y=REAL).schema.column("a").kind == kind


def test_a_target_of_few_numbers_and_a_word_is_one_of_classes():
    found = inferred(("a",), a=["1", "2", "other"] * 20, x=REAL)
    assert found.schema.column("a").kind == "category"
