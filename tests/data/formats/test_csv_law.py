"""The fast reading of text tables is the plain one: the same table to the bit, or the same refusal."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_csv import READINGS, fast, plainly, random_text, small_blocks

from mlpcli.data.column import plain_number
from mlpcli.data.reading import Reading
from mlpcli.data.text.cells import cells_of_records
from mlpcli.data.text.numbers import parse


@pytest.mark.parametrize("seed", range(300))
def test_both_readings_agree(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    path = tmp_path / "data.csv"
    path.write_bytes(random_text(rng))
    reading = rng.choice(READINGS)
    plain = plainly(path, reading)
    assert fast(path, reading) == plain
    with small_blocks(rng.choice([16, 40, 100, 300])):
        assert fast(path, reading) == plain


@settings(max_examples=300)
@given(st.text("01a,\"'\r\n \t;#é\xa0.-", max_size=80), st.sampled_from(READINGS), st.integers(8, 64))
def test_both_readings_agree_on_any_text(
    tmp_path_factory: pytest.TempPathFactory, text: str, reading: Reading, size: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "law.csv"
    path.write_bytes(text.encode())
    with small_blocks(size):
        assert fast(path, reading) == plainly(path, reading)


def number_like(rng: random.Random) -> str:
    kind = rng.randrange(8)
    if kind == 0:
        return "".join(rng.choice("0123456789.-+") for _ in range(rng.randrange(26)))
    if kind == 1:
        return repr(rng.gauss(0, 10.0 ** rng.randrange(-4, 10)))
    if kind == 2:
        return f"{rng.gauss(0, 100):.{rng.randrange(12)}f}"
    if kind == 3:
        return rng.choice(["", "-", "+", "0", "00"]) + str(rng.randrange(10 ** rng.randrange(1, 22)))
    if kind == 4:  # half way between two float64, or a digit beside it
        digits = str(2 * rng.randrange(2**52, 2**53) + 1) + rng.choice(["", "0", "1", "5"])
        at = rng.randrange(len(digits) + 1)
        return digits[:at] + "." + digits[at:]
    if kind == 5:
        return f"0.{'0' * rng.randrange(12)}{rng.randrange(10 ** rng.randrange(1, 18))}"
    if kind == 6:
        return f"{rng.gauss(0, 1) * 10.0 ** rng.randrange(-30, 30):.{rng.randrange(20)}e}"
    text = repr(rng.random() * 10.0 ** rng.randrange(-3, 8))
    at = rng.randrange(len(text))
    return text[:at] + rng.choice("0123456789.eE+- xü") + text[at + 1 :]


def test_numbers_have_the_bits_that_python_gives_them() -> None:
    rng = random.Random(0)
    texts = [number_like(rng) for _ in range(40_000)]
    cells = cells_of_records([[text] for text in texts], range(len(texts)))
    values, read = parse(cells.words, cells.starts.ravel(), cells.lengths.ravel())
    assert read.mean() > 0.5
    for text, value, known in zip(texts, values.tolist(), read.tolist()):
        if known:
            expected = plain_number(text.strip())
            assert expected is not None, text
            assert np.float64(value).tobytes() == np.float64(expected).tobytes(), text


# Every sort of number that is read in bulk, so that a slower way cannot take its place unseen.
BULK = "0 5 -5 +5 0.5 -.5 5. 05.3 -0 -0.0 12345678 123456789 1234567.8 123456789012345"
BULK += " 0.12345678901234 1e-05 -1.25E+10"


@pytest.mark.parametrize("text", BULK.split())
def test_usual_numbers_are_read_in_bulk(text: str) -> None:
    cells = cells_of_records([[text]], [1])
    assert parse(cells.words, cells.starts.ravel(), cells.lengths.ravel())[1].all()
