"""Numbers as text: the shortest that reads back to the same bits, over all magnitudes, in both precisions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpcli.predict.csv_lines import CsvLines
from mlpcli.predict.number_cells import BLANK, number_cells
from mlpcli.predict.shortest_digits import digits_of, shortest_digits

PRECISIONS = {"float32": np.uint32, "float64": np.uint64}


def texts(values, digits=None):
    cells = number_cells(values, digits)
    return [bytes(cell).replace(bytes([BLANK]), b"").decode() for cell in cells.view(np.uint8)]


def expected(value):
    """Python's own text of the decimal that NumPy finds to be the shortest of that precision."""
    return repr(float(np.format_float_scientific(value, unique=True)) if np.isfinite(value) else float(value))


def significant(text):
    return len(text.lstrip("-").split("e")[0].replace(".", "").strip("0"))


def all_magnitudes(precision, count=4000, seed=0):
    bits = PRECISIONS[precision]
    return np.random.default_rng(seed).integers(0, np.iinfo(bits).max, count, bits, True).view(precision)


def edges(precision):
    """Powers of two and of ten and their neighbours, short decimals, whole numbers, and what is none."""
    info = np.finfo(precision)
    with np.errstate(over="ignore", under="ignore"):
        powers = [2.0 ** np.arange(info.minexp - info.nmant, info.maxexp), np.logspace(-44, 38, 83)]
        tens = np.array([float(f"1e{k}") for k in range(-323, 309)])
        near = np.concatenate([*powers, tens]).astype(precision)
        near = np.concatenate(
            [near, np.nextafter(near, np.float32(0)), np.nextafter(near, np.float32(np.inf))]
        )
        few = [numerator / 10.0**k for k in range(12) for numerator in (1, 5, 9, 15, 99, 101, 995, 123456)]
        special = [0.0, -0.0, np.inf, -np.inf, np.nan, -1.5, -1e-5, -1e16]
        whole = np.concatenate([np.arange(300), 10.0 ** np.arange(20) - 1])
        return np.concatenate([near, few, special, whole, -whole]).astype(precision)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("make", [all_magnitudes, edges])
def test_the_text_is_the_shortest_that_reads_back(make, precision):
    values = make(precision)
    found = texts(values)
    assert found == [expected(value) for value in values]
    with np.errstate(over="ignore"):
        again = np.array([float(text) for text in found]).astype(precision)
    same = again.view(PRECISIONS[precision]) == values.view(PRECISIONS[precision])
    assert (same | np.isnan(values)).all()


@pytest.mark.parametrize("precision", PRECISIONS)
@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_any_number(precision, data):
    width = np.dtype(precision).itemsize * 8
    values = np.array(data.draw(st.lists(st.floats(width=width), min_size=1, max_size=20)), precision)
    assert texts(values) == [expected(value) for value in values]


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("digits", [1, 2, 3, 6, 8, 12, 15])
@pytest.mark.parametrize("make", [all_magnitudes, edges])
def test_digits_round_the_number_itself(make, precision, digits):
    values = make(precision)
    whole, some = texts(values), texts(values, digits)
    for value, text, rounded in zip(values, whole, some, strict=True):
        if not np.isfinite(value) or significant(text) <= digits:
            assert rounded == text
        elif float(want := f"{float(value):.{digits - 1}e}") != np.inf:  # 1.8e308 to one digit is 2e308
            assert rounded == repr(float(want))


def test_a_tie_is_decided_by_the_bits_behind():
    values = np.array([0.15, 0.25, 0.35, 2.675, 0.125, 9.5, 99.95])
    assert texts(values[:3], 1) == ["0.1", "0.2", "0.3"]
    assert texts(values[3:4], 3) == ["2.67"]
    assert texts(values[4:5], 2) == ["0.12"]
    assert texts(values[5:6], 1) == ["10.0"]
    assert texts(values[6:], 3) == ["100.0"]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_digits_come_at_full_width_with_the_power_of_the_first(precision):
    digits, exponents = shortest_digits(np.array([1, 0.5, 1234, 1e-5], precision))
    width = digits_of(precision)
    assert [str(d) for d in digits.tolist()] == [t.ljust(width, "0") for t in ("1", "5", "1234", "1")]
    assert exponents.tolist() == [0, -1, 3, -5]


@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize("classes", [(), ("a",), ("no", "yes"), ("a,b", 'say "x"', "grün\n日本", "x" * 50)])
def test_lines_are_those_of_the_csv_module(classes, quoted):
    import csv
    import io

    rng = np.random.default_rng(3)
    columns = max(len(classes), 3)
    values = rng.normal(size=(5000, columns)) * 10.0 ** rng.integers(-20, 20, (5000, columns))
    codes = rng.integers(0, len(classes), 5000) if classes else None
    found = b"".join(part.tobytes() for part in CsvLines(columns, classes, quoted).lines(values, codes))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
    for at, row in enumerate(values.tolist()):
        writer.writerow([*([classes[codes[at]]] if classes else []), *map(repr, row)])
    assert found == text.getvalue().encode()
