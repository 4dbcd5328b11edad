"""Tables and texts fit the terminal, and no number in them is ever cut."""

import itertools

import pytest

from mlpcli.cli.text.table import paragraph, table
from mlpcli.wording import all_of, listed, part_of, percent, plural, shortened, told_apart

NUMBERS = [0.1, -1.234567e-300, 12345678.9, 3, "64/4096", "1.2e-05", "[12, 345]"]


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
@pytest.mark.parametrize("letters", [1, 12, 60, 200])
@pytest.mark.parametrize("count", [1, 3, 7])
def test_every_line_fits_and_every_number_is_whole(columns, letters, count):
    header = ["name", *(f"heading {at}" for at in range(count))]
    rows = [[f"{at}" + "n" * (letters - 1), *NUMBERS[:count]] for at in range(3)]
    text = table(header, rows, columns=columns)
    assert max(map(len, text.splitlines())) <= columns
    for number in NUMBERS[:count]:
        shown = f"{number:.6g}" if isinstance(number, float) else str(number)
        assert text.count(shown) >= len(rows)
    assert all(text.count(f"\n{at}") >= 1 for at in range(3))  # every block has all rows


def test_what_fits_stays_as_it_is():
    assert table(("a", "long heading"), [("x", 1.5)], columns=80) == "a  long heading\nx           1.5"


def test_headings_are_stacked_before_columns_are_moved():
    lines = table(("a", "long heading", "other heading"), [("x", 1, 2)], columns=20).splitlines()
    assert lines == ["      long    other", "a  heading  heading", "x        1        2"]


@pytest.mark.parametrize("columns", [30, 80])
def test_a_text_keeps_its_words_and_numbers(columns, monkeypatch):
    monkeypatch.setattr("mlpcli.cli.text.table.terminal_columns", lambda: columns)
    text = "The loss ends at 1.5e-05 of-a-kind " * 9
    lines = paragraph(text, 10, "word").splitlines()
    assert max(map(len, lines)) <= columns
    assert lines[0].startswith("word      The loss")
    assert " ".join(" ".join(lines).split()[1:]) == text.strip()


def test_lists_are_cut_with_a_count():
    names = [f"n{at}" for at in range(20_000)]
    assert listed(names[:3]) == "n0, n1, n2"
    assert listed(names[:9]) == ", ".join(names[:9])
    assert listed(names, 2) == "n0, n1 and 19,998 more"
    assert len(listed("x" * 200 for _ in range(20_000))) < 600


def test_words():
    assert [plural(n, "remedy") for n in (0, 1, 1200)] == ["0 remedies", "1 remedy", "1,200 remedies"]
    assert (part_of(1, 1, "row"), part_of(2, 3, "row")) == ("the only row", "2 of 3 rows")
    assert (all_of(1, "row"), all_of(3, "row")) == ("the only row", "all 3 rows")
    assert [percent(x) for x in (0, 1e-4, 0.124, 0.996, 1)] == ["0%", "0.01%", "12%", "99.6%", "100%"]
    assert shortened("mean 5.918, std 0.8991, from 4.3 to 7.9", 30) == "mean 5.918, std 0.8991, from …"
    assert shortened("abcdefghij", 7) == "abcd…ij"


PAIRS = list(itertools.combinations((0.693147, 0.693148, 0.7, 1e-300, -2.0, 1e300), 2))


@pytest.mark.parametrize("pair", PAIRS)
def test_numbers_that_differ_look_different(pair):
    shown = told_apart(*pair, digits=2)
    assert shown[0] != shown[1]
    assert told_apart(pair[0], pair[0], digits=2) == (f"{pair[0]:.2g}",) * 2
