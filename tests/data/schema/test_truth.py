"""Words for yes and no in many languages."""

import pytest
from raw_tables import config, inferred, later, values

from mlpcli.data.schema.truth import PAIRS, truth_pair, truth_value
from mlpcli.errors import DataError

REAL = [repr(i * 0.37) for i in range(60)]
ASKED = """
true/false t/f yes/no y/n on/off ja/nein oui/non si/no sí/no sim/não evet/hayır da/nu да/нет tak/nie ano/ne
igen/nem kyllä/ei wahr/falsch vrai/faux vero/falso verdadero/falso active/inactive aktiv/inaktiv
enabled/disabled positive/negative
"""


@pytest.mark.parametrize("pair", ASKED.split())
@pytest.mark.parametrize("case", [str.lower, str.title, str.upper])
def test_a_known_pair_is_a_truth_value_in_any_case_of_letters(pair, case):
    yes, no = map(case, pair.split("/"))
    found = inferred(("y",), a=[yes, no, yes] * 20, y=REAL)
    assert found.schema.column("a").kind == "truth"
    assert found.schema.column("a").levels == (no, yes)
    assert values(later(found, a=[yes, no, "1", "0", "TRUE", "false", yes.lower(), ""])["a"]) == [
        1,
        0,
        1,
        0,
        1,
        0,
        1,
        None,
    ]


@pytest.mark.parametrize("pair", PAIRS, ids="/".join)
def test_pairs_are_found_from_their_own_words_and_mean_the_same_in_all_files(pair):
    no, yes = pair
    assert truth_pair([yes, no]) == (no, yes)
    assert truth_value(no) == 0
    assert truth_value(yes) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("m", "f"),
        ("a", "b"),
        ("yes", "maybe"),
        ("yes", "no", "perhaps"),
        ("ja", "hayır"),
        ("yes",),
        ("on", "no"),
        ("good", "bad"),
    ],
)
def test_any_other_words_are_a_category(words):
    found = inferred(("y",), a=(list(words) * 60)[:60], y=REAL)
    assert found.schema.column("a").kind in ("category", "constant")


def test_a_third_answer_makes_a_category_and_none_is_no_value():
    assert inferred(("y",), a=["yes", "no", "unknown"] * 20, y=REAL).schema.column("a").kind == "category"
    found = inferred(("y",), a=["True", "False", "None"] * 20, y=REAL)
    assert values(later(found, a=["True", "None", "unknown", "-"])["a"]) == [1.0, None, None, None]


def test_plus_and_minus_are_a_pair_though_a_minus_alone_is_no_value():
    found = inferred(("a",), a=["+", "-"] * 30, x=REAL)
    assert later(found, a=["-", "+"], x=["1", "2"])["a"].words == ("-", "+")
    assert later(found, a=["-", "+"], x=["1", "2"])["a"].codes.tolist() == [0, 1]


def test_numbers_and_words_of_two_exports_are_one_truth_value():
    found = inferred(("y",), a=["0", "1", "1"] * 10 + ["TRUE", "False", "true"] * 10, y=REAL)
    assert found.schema.column("a").kind == "truth"
    assert values(later(found, a=["1", "1.0", "0", "FALSE"])["a"]) == [1.0, 1.0, 0.0, 0.0]


def test_a_later_word_that_says_neither_is_named():
    found = inferred(("y",), a=["yes", "no"] * 30, y=REAL)
    with pytest.raises(DataError, match=r"t\.csv line 3, column 'a'\n  'perhaps' is neither 'no' nor 'yes'"):
        later(found, a=["yes", "perhaps"])


def test_the_config_says_which_word_is_yes():
    settings = config(columns={"a": {"levels": ("gut", "schlecht")}})
    found = inferred(("a",), settings=settings, a=["gut", "schlecht"] * 30, x=REAL)
    assert found.schema.column("a").kind == "truth"
    assert later(found, a=["schlecht", "gut"], x=["1", "2"])["a"].codes.tolist() == [1, 0]
    settings = config(columns={"a": {"kind": "truth"}})
    with pytest.raises(DataError, match=r"no two words that are known.*\n.*Name them under levels"):
        inferred(("y",), settings=settings, a=["gut", "schlecht"] * 30, y=REAL)
