from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from config.tables import IRIS, faults
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.config import compose as module
from mlpcli.config.compose import compose
from mlpcli.config.tree import Items, Scalar, Section, TextSource, Written
from mlpcli.errors import ConfigError

SOURCE = TextSource("a.yaml", Path())
LAYOUTS = [
    IRIS,
    IRIS.replace("\n", "\r\n"),
    "é: [😀, {a: 1, b}]\nc: |\n  text\n\n  more\n\nd: 'x'\n",
    "a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n  e: 2\n",
    "- - 1\n  - 2\n-\n  a: 1\n",
    "---\n? a\n: b\n...\n",
]


def section(text: str) -> Section:
    tree, found = compose(text, SOURCE)
    assert isinstance(tree, Section)
    assert not found
    return tree


def at(tree: Written, *path: str | int) -> Written:
    for part in path:
        if isinstance(part, int):
            assert isinstance(tree, Items)
            tree = tree.items[part]
        else:
            assert isinstance(tree, Section)
            tree = tree.entries[part].value
    return tree


def test_every_key_knows_its_line() -> None:
    tree = section(IRIS)
    assert [entry.place.line for entry in tree.entries.values()] == [2, 3, 7, 12, 13, 14]
    assert at(tree, "network", "hidden", 1).place.line == 10
    assert str(at(tree, "network", "hidden", 1).place) == "a.yaml line 10"


def test_offsets_cut_out_the_value() -> None:
    tree = section(IRIS)
    for path, text in ((("seed",), "5"), (("data", "train"), "iris.csv"), (("network", "hidden", 1), "8")):
        value = at(tree, *path)
        assert IRIS[value.start : value.end] == text
    hidden = at(tree, "network", "hidden")
    assert IRIS[hidden.start : hidden.end].endswith("- 8")


@pytest.mark.parametrize("text", LAYOUTS)
def test_both_parsers_build_the_same_tree(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = compose(text, SOURCE)
    monkeypatch.setattr(module, "LOADER", yaml.SafeLoader)
    assert compose(text, SOURCE) == tree


def test_words_are_not_interpreted() -> None:
    tree = section("a: no\nb: 012\nc: 2020-01-01\nno: 1\nd: 'no'")
    words = [entry.value for entry in tree.entries.values()]
    assert [(word.text, word.quoted) for word in words if isinstance(word, Scalar)] == [
        ("no", False),
        ("012", False),
        ("2020-01-01", False),
        ("1", False),
        ("no", True),
    ]
    assert "no" in tree.entries


def test_other_spellings_are_one_key() -> None:
    assert list(section("optimizer: sgd\ninitializer: zeros").entries) == ["optimiser", "initialisation"]
    _, found = compose("optimiser: sgd\n\noptimizer: sgd", SOURCE)
    assert [str(fault) for _, fault in found] == [
        "error: a.yaml line 3, key optimiser\n"
        "  optimizer means optimiser, which is given already on line 1.\n"
        "  Keep one of them."
    ]


def test_anchors_and_merges_read_as_if_written_out() -> None:
    tree = section("x: &x {a: 1, b: 2}\ny: *x\nz: {<<: *x, b: 3}\nw: {<<: [{b: 4}, *x]}")
    words = {
        key: {
            name: entry.value.text for name, entry in inner.entries.items() if isinstance(entry.value, Scalar)
        }
        for key in "xyzw"
        if isinstance(inner := at(tree, key), Section)
    }
    assert words == {
        "x": {"a": "1", "b": "2"},
        "y": {"a": "1", "b": "2"},
        "z": {"a": "1", "b": "3"},
        "w": {"a": "1", "b": "4"},
    }


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)
CHAIN = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 60))


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("a:\n\tb: 1", "a.yaml line 2, column 1", "tabs for indentation"),
        ("a:\n  b: 1\n\tc: 1", "a.yaml line 3, column 1", "tabs for indentation"),
        ("a: b: c", "a.yaml line 1, column 5", "contains ': '"),
        ("x: 1\na: @b", "a.yaml line 2, column 4", "Quote a value that starts with this sign"),
        (
            "a: 'b\n",
            "a.yaml line 2, column 1",
            "A quote is opened and not closed. It belongs to what starts on line 1.",
        ),
        ("a: [1, 2\nb: 3\n", "a.yaml line 2, column 2", "A bracket is opened and not closed"),
        ("a: 1\nb\n", "a.yaml line 3, column 1", "followed by a colon and a space"),
        ("a: 1\n---\nb: 1", "a.yaml line 2", "second YAML document"),
        ("a: *b", "a.yaml line 1", "*b is used, but no &b"),
        ("a: 1\nb: &b [*b]", "a.yaml line 2", "contain itself"),
        ("a: \x07", "a.yaml line 1", "U+0007"),
        ("\n" + "[" * 100, "a.yaml line 2", "40 levels"),
        ("[" * 100_000 + "]" * 100_000, "a.yaml line 1", "40 levels"),
        (BOMB, "a.yaml line 4", "more than 10000 values"),
        (CHAIN, "a.yaml line 39", "40 levels"),
    ],
)
def test_what_cannot_be_read_says_where_and_why(text: str, where: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        compose(text, SOURCE)
    (fault,) = caught.value.faults
    assert fault.where == where
    assert words in f"{fault.what} {fault.remedy}"


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("a: 1\nb: 2\na: 3", "a.yaml line 3, key a", "given already on line 1"),
        ("s:\n  - {a: 1, a: 2}", "a.yaml line 2, key s[0].a", "given already on line 2"),
        ("[a, b]: 1", "a.yaml line 1", "single word"),
        ("s: {<<: 1}", "a.yaml line 1, key s", "<< takes a section"),
    ],
)
def test_faults_that_leave_a_tree(text: str, where: str, words: str) -> None:
    _, found = compose(text, SOURCE)
    ((_, fault),) = found
    assert fault.where == where
    assert words in fault.what


def test_large_lists_without_aliases_are_fine() -> None:
    tree = section("a: [" + "x, " * 20_000 + "]")
    assert tree.size == 20_002


SIGNS = st.sampled_from(
    [*"abn:#-?*&!|>%@`'\"{}[],.0 \n\t~<é😀\x00\r", "  ", "\n  ", ": ", "- ", "<<", "*a", "&a ", "!!"]
)


@given(st.lists(SIGNS, max_size=30).map("".join) | st.text())
def test_any_text_is_a_tree_or_a_config_error(text: str) -> None:
    assert all(fault.startswith("error: ") for fault in faults(text))


@given(st.data())
def test_any_damage_to_a_good_file_is_a_config_error_or_none(draw: st.DataObject) -> None:
    start = draw.draw(st.integers(0, len(IRIS)))
    end = draw.draw(st.integers(start, min(len(IRIS), start + 12)))
    new = draw.draw(st.lists(SIGNS, max_size=4).map("".join))
    assert all(fault.startswith("error: ") for fault in faults(IRIS[:start] + new + IRIS[end:]))
