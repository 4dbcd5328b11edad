"""Which columns tell rows apart, and which only look so."""

import math

import numpy as np
import pytest
from raw_tables import inferred

from mlpcli.data.schema.identifiers import is_id_name, is_time_name, key_kind, may_be_key, word_kind
from mlpcli.data.schema.placeholders import find_placeholder

RNG = np.random.default_rng(3)
N = 60
SORTED = np.cumsum(RNG.integers(1, 90, N)) + 1_000_025

KEYS = {
    "counter from 1": ("a", np.arange(1, N + 1), False, "counter"),
    "counter from 0": ("a", np.arange(N), False, "counter"),
    "counter by name": ("t_id", np.arange(N), False, "counter"),
    "goes on": ("a", np.arange(5001, 5001 + N), False, "id"),
    "goes on by name": ("PassengerId", np.arange(892, 892 + N), False, "id"),
    "shuffled counter": ("a", RNG.permutation(N), False, "id"),
    "shuffled with gaps": ("a", RNG.permutation(90)[:N], False, "id"),
    "unique by name": ("user_id", RNG.choice(10**8, N, replace=False), False, "id"),
    "sorted, first": ("x1", SORTED, True, "id"),
    "as floats": ("a", RNG.permutation(N).astype(float), False, "id"),
}
QUANTITIES = {
    "populations": ("population", RNG.choice(10**7, N, replace=False), True),
    "salaries": ("salary", RNG.choice(90_000, N, replace=False) + 20_000, False),
    "years": ("a", np.arange(1960, 1960 + N), True),
    "years by name": ("year", np.arange(N), True),
    "days": ("day", np.arange(1, N + 1), True),
    "a grid": ("dose", np.arange(0, 10 * N, 10), True),
    "a sweep": ("temperature", np.arange(20, 20 + N), True),
    "repeated": ("id", np.arange(N) // 2, True),
    "fractions": ("id", np.arange(N) + 0.5, True),
    "few rows": ("id", np.arange(20), True),
    "sorted, not first": ("area", SORTED, False),
    "sorted times": ("timestamp", SORTED, True),
}


@pytest.mark.parametrize("what", KEYS)
def test_keys_are_found(what):
    name, numbers, first, kind = KEYS[what]
    assert key_kind(name, numbers, first)[0] == kind


@pytest.mark.parametrize("what", QUANTITIES)
def test_quantities_are_no_keys(what):
    name, numbers, first = QUANTITIES[what]
    assert key_kind(name, numbers, first) is None


def test_a_first_column_without_repetition_is_said_to_be_a_key_perhaps():
    assert may_be_key("x1", RNG.choice(10**7, N, replace=False))
    assert not may_be_key("year", RNG.choice(10**7, N, replace=False))
    assert not may_be_key("x1", np.arange(N) // 2)


@pytest.mark.parametrize(
    "name", "id Id ID userId user_id UserID no customer_no nr uuid key Unnamed:_0 id_number rowIndex".split()
)
def test_names_of_keys(name):
    assert is_id_name(name)


@pytest.mark.parametrize(
    "name", "paid video idle x1 width number_of_rooms keyboard nose horsepower x identity_score".split()
)
def test_names_that_are_not_of_keys(name):
    assert not is_id_name(name)


def test_names_of_time():
    assert all(map(is_time_name, ["day", "Month", "time_s", "t", "DayOfYear"]))
    assert not any(map(is_time_name, ["a", "daylight", "temperature", "monthly"]))


def kind_of(words, counts):
    found = word_kind(words, np.array(counts))
    return found and found[0]


def test_words_that_hardly_repeat_are_an_id_or_text():
    users = [f"user{i}" for i in range(25_000)]
    assert kind_of(users, [4] * 25_000) is None, "25,000 names in 100,000 rows are levels"
    assert kind_of(users, [3] * 25_000) == "id"
    assert kind_of(users[:21], [1] * 21) == "id"
    assert kind_of(users[:20], [1] * 20) is None
    assert kind_of(users[:51], [2] * 51) == "id"
    assert kind_of(users[:50], [2] * 50) is None
    assert kind_of([f"a film about {i} dogs and cats" for i in range(30)], [1] * 30) == "text"
    assert kind_of([f"+49 170 {i}" for i in range(30)], [1] * 30) == "id"


def test_rows_without_a_target_do_not_hide_a_counter():
    ids = [str(i + 1) for i in range(N)]
    found = inferred(
        ("y",),
        Id=ids,
        x=[repr(math.sin(i)) for i in range(N)],
        y=[str(i % 2) if i % 4 else "" for i in range(N)],
    )
    assert found.schema.column("Id").kind == "counter"


PLACEHOLDERS = {
    "-8 among 1 to 9": (np.where(np.arange(90) % 5 == 0, -8, 1 + np.arange(90) % 9), -8),
    "-999 among temperatures": (np.where(np.arange(90) % 9 == 0, -999, np.arange(90) % 40 - 10), -999),
    "-200 among large values": (np.where(np.arange(900) % 11 == 0, -200, np.arange(900) % 97), -200),
    "9999 above": (np.where(np.arange(90) % 9 == 0, 9999, np.arange(90)), 9999),
    "-9 right below 0": (np.where(np.arange(90) % 9 == 0, -9, np.arange(90) % 80), -9),
}
NO_PLACEHOLDERS = {
    "-1, 0, 1": np.arange(90) % 3 - 1,
    "zeros": np.where(np.arange(90) % 2 == 0, 0, 1000 + np.arange(90)),
    "temperatures": np.linspace(-20, 30, 90),
    "one cell": np.append(np.arange(90), -999),
    "two values": np.where(np.arange(90) % 9 == 0, -999, 5),
    "9 in 0 to 9": np.arange(90) % 10,
    "percent to 99": np.arange(900) % 100,
}


@pytest.mark.parametrize("what", PLACEHOLDERS)
def test_far_off_frequent_numbers_are_found(what):
    values, number = PLACEHOLDERS[what]
    found = find_placeholder(values.astype(float))
    assert (found.number, found.cells) == (number, np.count_nonzero(values == number))


@pytest.mark.parametrize("what", NO_PLACEHOLDERS)
def test_other_numbers_raise_no_alarm(what):
    assert find_placeholder(NO_PLACEHOLDERS[what].astype(float)) is None
