from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from config.tables import CHOICES, IRIS, LeakyRelu, Sgd, Softmax, Tanh, data, faults, load
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.config.bind import FAILED, Binder, bare_key
from mlpcli.config.compose import compose
from mlpcli.config.schema import Config, HiddenConfig
from mlpcli.config.setting import setting
from mlpcli.config.tree import TextSource


@dataclass(frozen=True)
class Inner:
    size: int = setting(at_least=1)


@dataclass(frozen=True)
class Every:
    """One setting of every type."""

    whole: int = setting(1, at_least=0, at_most=9)
    number: float = setting(0.5, above=0.0)
    free: float | None = setting(None)
    switch: bool = setting(False)
    word: str = setting("a")
    either: int | str = setting(1, at_least=1, one_of=("full",))
    share: float | str | None = setting(None, above=0.0, below=1.0)
    names: str | tuple[str, ...] | None = setting(None)
    numbers: tuple[float, ...] = setting((), at_least=0.0)
    inner: Inner | None = setting(None, short_for="size")
    parts: tuple[Inner, ...] = setting((), short_for="size")
    plain: int = 3


def fill(text: str, kind: type[Any] = Every) -> Any:
    """The object bound from a text, or its faults."""
    tree, found = compose(text, TextSource("t", Path("/r")))
    binder = Binder(choices=CHOICES, root=Config)
    result = binder.section(kind, tree)
    found += binder.faults
    assert (result is FAILED) <= bool(found)
    return [str(fault) for _, fault in found] if found else result


def only(text: str, kind: type[Any] = Every) -> str:
    (fault,) = fill(text, kind)
    assert isinstance(fault, str)
    return fault


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("whole: 1e0", "whole", 1),
        ("whole: 9", "whole", 9),
        ("number: 1", "number", 1.0),
        ("number: 1_000", "number", 1000.0),
        ("number: 1e-3", "number", 0.001),
        ("free: -1E5", "free", -1e5),
        ("free:", "free", None),
        ("whole: ~", "whole", 1),
        ("switch: TRUE", "switch", True),
        ("word: no", "word", "no"),
        ("word: 012", "word", "012"),
        ("word: 2020-01-01", "word", "2020-01-01"),
        ("word: 1e3", "word", "1e3"),
        ("word: true", "word", "true"),
        ("word: 'null'", "word", "null"),
        ("word: ''", "word", ""),
        ("either: full", "either", "full"),
        ("either: 3", "either", 3),
        ("share: 0.2", "share", 0.2),
        ("share: '0.2'", "share", "0.2"),
        ("share: x.csv", "share", "x.csv"),
        ("names: 2020", "names", "2020"),
        ("names: [1, no]", "names", ("1", "no")),
        ("numbers: [1, 2e-1]", "numbers", (1.0, 0.2)),
        ("inner: 4", "inner", Inner(4)),
        ("inner: {size: 4}", "inner", Inner(4)),
        ("parts: [4, {size: 5}]", "parts", (Inner(4), Inner(5))),
        ("plain: 4", "plain", 4),
    ],
)
def test_values(text: str, key: str, value: object) -> None:
    found = getattr(fill(text), key)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("whole: 1.5", "Expected a whole number of at least 0 and of at most 9, got 1.5."),
        ("whole: 10", "10 is out of range: expected a whole number of at least 0 and of at most 9."),
        ("whole: true", "got 'true'"),
        ("whole: '3'", "got the quoted text '3'.\n  Write it without quotes: 3."),
        ("whole: 03", "Write 3."),
        ("whole: 0x1F", "Write 31."),
        ("whole: 1:30", "got '1:30'"),
        ("whole: [1]", "got a list"),
        ("whole: .inf", "must be finite"),
        ("number: 0", "0 is out of range: expected a number above 0."),
        ("number: .nan", "must be finite"),
        ("number: 1e999", "too large"),
        ("free: .inf", "must be finite"),
        ("switch: yes", "Write true or false."),
        ("switch: Off", "Write true or false."),
        ("switch: 'true'", "Expected true or false, got the quoted text 'true'."),
        ("switch: 1", "Expected true or false, got '1'."),
        ("word: {a: 1}", "Expected a text, got a section with keys."),
        ("word: !!str 3", "The YAML tag tag:yaml.org,2002:str is not allowed."),
        ("word: !foo", "The YAML tag !foo is not allowed."),
        ("either: fall", "Expected a whole number of at least 1 or full, got 'fall'."),
        ("either: 0", "0 is out of range"),
        ("share: 1.5", "1.5 is out of range: expected a number above 0 and below 1 or a text."),
        ("numbers: 3", "Expected a list, got '3'.\n  Write [3]."),
        ("numbers: [1, -1]", "key numbers[1]\n  -1 is out of range"),
        ("names: [a, ]\nwhole: x", "key whole"),
        ("names: [a, null]", "key names[1]\n  Expected a text, got nothing."),
        ("parts: [0]", "key parts[0].size\n  0 is out of range"),
        ("parts: [{}]", "key parts[0].size\n  size is missing.\n  Add size: a whole number of at least 1."),
        ("parts: [~]", "key parts[0].size\n  size is missing."),
        ("inner: [1]", "Expected a section with keys, got a list.\n  Known keys: size."),
        (
            "wort: 1",
            "key wort\n  'wort' is not a known key.\n  Did you mean 'word'? Known: either, free, inner",
        ),
    ],
)
def test_faults(text: str, words: str) -> None:
    assert words in only(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_round_trip(value: float) -> None:
    found = fill(f"free: {value!r}").free
    assert found == value
    assert math.copysign(1.0, found) == math.copysign(1.0, value)


@given(st.integers(min_value=0, max_value=10**300))
def test_integers_round_trip_exactly(value: int) -> None:
    assert load(data(f"seed: {value}")).config.seed == value


def test_huge_whole_numbers_are_left_to_later_stages() -> None:
    assert load(data("network: {hidden: [1e12, 1000000000000]}")).config.network.hidden == (
        HiddenConfig(units=10**12),
        HiddenConfig(units=10**12),
    )


def test_choices_by_name_and_with_settings() -> None:
    network = load(IRIS, "network.hidden[1].activation={name: leaky_relu, leak: 1}").config.network
    assert network.hidden[0].activation == Tanh()
    assert network.hidden[1].activation == LeakyRelu(leak=1.0)
    assert network.output.activation == Softmax()
    assert load(data("network: {output: softmax}")).config.network.output.activation == Softmax()
    assert load(data("optimizer: sgd")).config.optimizer == Sgd()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "loss: hubr",
            "key loss\n  'hubr' is not a known loss.\n  Did you mean 'huber'? Known: cross_entropy, huber.",
        ),
        ("loss: {name: hubr}", "key loss.name\n  'hubr' is not"),
        (
            "loss: {delta: 1}",
            "key loss\n  Only settings are given (delta), not what they are for.\n  Add name:",
        ),
        ("loss: {name: huber, delta: 0}", "key loss.delta\n  0 is out of range: expected a number above 0."),
        (
            "loss: {name: huber, delt: 1}",
            "'delt' is not a known key of huber.\n  Did you mean 'delta'? Known: delta, name.",
        ),
        ("loss: [huber]", "Expected the name of a known loss, got a list."),
        ("loss: {name: [huber]}", "key loss.name\n  Expected the name of a known loss, got a list."),
        (
            "optimiser: {name: sgd, nesterov: true}",
            "key optimiser.nesterov\n  nesterov needs a momentum above 0.",
        ),
        (
            "network: {hidden: [8, {units: 8, activation: gleu}]}",
            "key network.hidden[1].activation\n  'gleu' is not a known",
        ),
    ],
)
def test_faults_of_choices(text: str, words: str) -> None:
    (fault,) = faults(data(text))
    assert words in fault


def test_only_the_choice_that_is_asked_for_is_looked_up() -> None:
    class Lazy(dict[str, type[Any]]):
        asked: list[str] = []  # noqa: RUF012

        def __getitem__(self, name: str) -> type[Any]:
            self.asked.append(name)
            return super().__getitem__(name)

    table = Lazy(CHOICES["activation"])
    binder = Binder(choices={**CHOICES, "activation": table}, root=Config)
    tree, _ = compose("units: 8\nactivation: tanh", TextSource("t", Path()))
    assert binder.section(HiddenConfig, tree) == HiddenConfig(units=8, activation=Tanh())
    assert table.asked == ["tanh"]


@dataclass(frozen=True)
class Contrary:
    low: float = setting(0.0)
    high: float = setting(1.0)
    even: int = setting(0)

    def conflicts(self) -> Iterator[tuple[str, str, str]]:
        if self.even % 2:
            yield "even", "even is odd.", "Add one."
        if self.low > self.high:
            yield "high", "high is below low.", "Exchange the two."


def test_conflicts_are_faults_at_the_key() -> None:
    assert fill("low: 3\nhigh: 2", Contrary) == [
        "error: t line 2, key high\n  high is below low.\n  Exchange the two."
    ]
    assert fill("low: 3", Contrary) == [
        "error: t line 1, key high\n  high is below low.\n  Exchange the two."
    ]


def test_conflicts_are_told_beside_other_faults_but_not_invented() -> None:
    """A setting that is itself at fault takes no part: its default says nothing about what was meant."""
    found = fill("low: x\nhigh: -1\neven: 1", Contrary)
    assert [fault.splitlines()[0] for fault in found] == [
        "error: t line 1, key low",
        "error: t line 3, key even",
    ]


def test_a_bug_in_conflicts_is_not_hidden() -> None:
    @dataclass(frozen=True)
    class Buggy:
        def conflicts(self) -> Iterator[tuple[str, str, str]]:
            yield "a", self.nothing, ""  # type: ignore[attr-defined]

    with pytest.raises(AttributeError):
        fill("{}", Buggy)


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (("network", "hidden", 0), "units"),
        (("network", "hidden"), ""),
        (("network", "output"), "activation"),
        (("network", "output", "activation"), "name"),
        (("network", "hidden", 0, "initialisation"), "name"),
        (("optimiser",), "name"),
        (("seed",), ""),
        (("data", "target"), ""),
        (("nothing", "here"), ""),
        (("optimiser", "momentum"), ""),
        (("seed", 0, "x"), ""),
    ],
)
def test_what_a_bare_value_stands_for(path: tuple[str | int, ...], key: str) -> None:
    assert bare_key(Config, path) == key


@dataclass(frozen=True)
class Formula:
    formula: str = setting()
    parameters: Mapping[str, float] = setting(factory=dict)


def test_a_choice_with_a_key_of_its_own_name_needs_no_other_and_names_are_the_users(monkeypatch):
    monkeypatch.setitem(CHOICES["activation"], "formula", Formula)

    def output(text):
        return load(data(f"network: {{output: {{activation: {text}}}}}")).config.network.output.activation

    assert output("{formula: x}") == output("{name: formula, formula: x}") == Formula("x", {})
    assert output("{formula: x, parameters: {a: 1, b: 2e-1}}").parameters == {"a": 1.0, "b": 0.2}
    where = "error: iris.yaml line 2, key network.output.activation"
    assert faults(data("network: {output: {activation: {formula: x, parameters: {a: [1], b: }}}}")) == [
        f"{where}.parameters.a\n  Expected a number, got a list.",
        f"{where}.parameters.b\n  Expected a number, got nothing.",
    ]
    assert faults(data("network: {output: {activation: {parameters: {a: 1}}}}")) == [
        f"{where}\n  Only settings are given (parameters), not what they are for.\n  Add name: … to them."
    ]
