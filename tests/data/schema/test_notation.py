"""Numbers in a notation, written by an independent writer: str.format and replacements."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpcli.data.column import plain_number
from mlpcli.data.schema.column_schema import PLAIN, Notation
from mlpcli.data.schema.find_notation import Hints, find_notation
from mlpcli.data.schema.notation import read_number, read_numbers
from mlpcli.data.schema.word_shapes import group_by_shape

NOTATIONS = [
    Notation(decimal=decimal, thousands=thousands, currency=currency, unit=unit, percent=percent)
    for decimal, thousands in [
        (".", ""),
        (".", ","),
        (".", " "),
        (".", "'"),
        (",", "."),
        (",", ""),
        (",", " "),
    ]
    for currency, unit, percent in [
        ("", "", False),
        ("$", "", False),
        ("EUR", "", False),
        ("", "km", False),
        ("", "kg/m3", False),
        ("", "", True),
    ]
]
NUMBERS = st.decimals(min_value=-(10**9), max_value=10**9, places=3)


def written(value, notation, negative="-"):
    """Write a decimal number in a notation."""
    text = f"{abs(value):,f}" if notation.thousands else f"{abs(value):f}"
    text = text.translate(str.maketrans({",": notation.thousands, ".": notation.decimal}))
    if notation.currency:
        text = f"{notation.currency}{text}" if notation.currency == "$" else f"{notation.currency} {text}"
    if notation.unit:
        text += f" {notation.unit}"
    if notation.percent:
        text += "%"
    if value < 0 or (value == 0 and value.is_signed()):
        text = f"({text})" if negative == "()" else negative + text
    return text


def meant(value, notation):
    return float(value) if not notation.percent else float(value / 100)


@settings(max_examples=300)
@given(
    values=st.lists(NUMBERS, min_size=1, max_size=20),
    notation=st.sampled_from(NOTATIONS),
    negative=st.sampled_from(["-", "\u2212", "()"]),
)
def test_what_is_written_in_a_notation_is_read_to_the_bit(values, notation, negative):
    words = [written(value, notation, negative) for value in values]
    assert read_numbers(words, notation).tolist() == [meant(value, notation) for value in values]


@settings(max_examples=300)
@given(values=st.lists(NUMBERS, max_size=20), notation=st.sampled_from(NOTATIONS))
def test_the_notation_of_a_column_is_found(values, notation):
    values = [*values, Decimal("-1234567.25")]
    words = [written(value, notation) for value in values]
    found = find_notation(words, np.ones(len(words), np.int64))
    assert found.values.tolist() == [meant(value, notation) for value in values]
    assert not found.doubtful


@given(
    word=st.text(max_size=12)
    | st.from_regex(r"[+\-(]?[0-9.,' ]{1,9}([eEdD][+-]?[0-9]{1,3})?[)%]?", fullmatch=True)
)
def test_a_plain_notation_reads_plain_numbers_alike_and_never_a_word_of_another_value(word):
    word = word.strip()
    plain, read = plain_number(word), read_number(word, PLAIN)
    if plain is not None:
        assert read == plain
    if read is not None and plain is None:
        # Brackets, D exponents, signs of Unicode, a minus behind, whole numbers beyond 2⁵³: nothing else.
        bare = word.strip("()").rstrip("-").lower().replace("d", "e")
        for sign in "\u2212\u2010\u2011\u2013\uff0b\uff0d":
            bare = bare.replace(sign, "-")
        assert abs(float(bare.replace(" ", ""))) == abs(read)


@given(
    words=st.lists(
        st.text(max_size=8)
        | st.from_regex(
            r"[-$€(]?0?[0-9]{1,4}([.,][0-9]{1,3})?([eD][-+]?[0-9]{1,2})?( ?km| ?%|m2)?", fullmatch=True
        ),
        max_size=20,
    ),
    notation=st.sampled_from(
        [PLAIN, Notation(percent=True), Notation(decimal=",", unit="km"), Notation(currency="€")]
    ),
)
def test_words_together_say_what_they_say_alone(words, notation):
    together = read_numbers(words, notation).tolist()
    alone = [read_number(word, notation) for word in words]
    assert [None if value != value else value for value in together] == alone
    places = sorted(int(at) for group in group_by_shape(words) for at in group)
    assert places == list(range(len(words)))


def test_every_exponent_counts_beside_others_of_its_length():
    assert read_numbers(["1.2D+03", "5.0D-01", "7.5D+12"], PLAIN).tolist() == [1200, 0.5, 7.5e12]
    words = ["1,5e-03 km", "1,5e+07 km", "2,5e\u221203 km"]
    assert read_numbers(words, Notation(decimal=",", unit="km")).tolist() == [0.0015, 1.5e7, 0.0025]


REFUSED = {
    PLAIN: [
        "1,5",
        "007",
        "1.2.3",
        "(5",
        "5)",
        "-(5)",
        "--5",
        "5 km",
        "",
        "-",
        "1 2",
        "0x1A",
        "1_000",
        "٣",
        "1e",
        "inf",
        "nan",
    ],
    Notation(thousands=","): ["1,50", "1,2345", "1234,567", ",123", "0,123", "1,234,56", "1,,234"],
    Notation(decimal=","): ["1.5", "1.25", "1.2345", "1,5,2", "1234.567"],
    Notation(decimal=",", thousands="."): ["1.5", "1.234.56", "1234.567"],
    Notation(percent=True): ["12", "0.5", "%", "5%%"],
    Notation(clock=True): ["19", "1:5", "19:60", "19:49:61", "13:00 pm", "0:30 am", "1:2:3"],
    Notation(currency="$"): ["$", "$$5", "5 €", "$007"],
    Notation(unit="km"): ["5 mi", "km", "5 km km"],
}


@pytest.mark.parametrize("notation", REFUSED, ids=str)
def test_what_is_no_number_in_a_notation_is_none(notation):
    assert [word for word in REFUSED[notation] if read_number(word, notation) is not None] == []


def test_hints_decide_which_marks_come_in_question():
    words, counts = ["1,234", "5,678"], np.ones(2, np.int64)
    for hints, first in [
        (Hints(), 1234.0),
        (Hints(comma_is_decimal=True), 1.234),
        (Hints(decimal=","), 1.234),
        (Hints(decimal="."), 1234.0),
        (Hints(thousands=",", comma_is_decimal=True), 1234.0),
        (
            Hints(
                thousands=".",
            ),
            1.234,
        ),
    ]:
        assert find_notation(words, counts, 0, hints).values[0] == first
    assert find_notation(words, counts).doubtful
    assert not find_notation(words, counts, 0, Hints(decimal=",")).doubtful


def test_one_unit_only_and_in_most_cells():
    found = find_notation(["12 km", "3 mi", "4 mi"], np.ones(3, np.int64))
    assert found.notation.unit == "mi"
    assert np.isnan(found.values[0])
    assert find_notation(["3A"], np.ones(1, np.int64), plain=20) is None
