from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from config.tables import IRIS, LeakyRelu, Sgd, data, faults, load
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpcli.config.bind import bare_key
from mlpcli.config.compose import compose
from mlpcli.config.edit import edit_text, meaning, parse_override, put
from mlpcli.config.schema import Config
from mlpcli.config.tree import TextSource
from mlpcli.errors import ConfigError

bare = partial(bare_key, Config)


def edited(text: str, *options: str) -> str:
    for option in options:
        override = parse_override(option, TextSource("--set", Path(), 1))
        text = edit_text(text, override.path, override.value, bare)
    return text


@pytest.mark.parametrize(
    ("text", "option", "result"),
    [
        ("seed: 1  # why\n", "seed=2", "seed: 2  # why\n"),
        ("seed:   # why\n", "seed=2", "seed: 2   # why\n"),
        ("seed: 1\r\n", "precision=float32", "seed: 1\r\nprecision: float32\r\n"),
        ("seed: 1", "precision=float32", "seed: 1\nprecision: float32"),
        ("seed: 1\n\n# end\n", "precision=float32", "seed: 1\nprecision: float32\n\n# end\n"),
        ("", "seed=2", "seed: 2\n"),
        ("# only this\n", "seed=2", "# only this\nseed: 2\n"),
        ("data:\n  train: a # b\n", "data.target=c", "data:\n  train: a # b\n  target: c\n"),
        ("data: {train: a} # b\n", "data.target=c", "data: {train: a, target: c} # b\n"),
        ("data: {train: a,}\n", "data.target=c", "data: {train: a, target: c,}\n"),
        ("data: {}\n", "data.target=c", "data: {target: c}\n"),
        ("data:\n", "data.target=c", "data: {target: c}\n"),
        ("seed: 1\n", "training.stop.patience=3", "seed: 1\ntraining: {stop: {patience: 3}}\n"),
        ("optimiser: sgd # b\n", "optimizer.momentum=0.9", "optimiser: {name: sgd, momentum: 0.9} # b\n"),
        ("optimizer: sgd\n", "optimiser=adam", "optimizer: adam\n"),
        (
            "network:\n  hidden:\n    - 8 # a\n    - 4\n",
            "network.hidden[0].activation=relu",
            "network:\n  hidden:\n    - {units: 8, activation: relu} # a\n    - 4\n",
        ),
        (
            "network:\n  hidden:\n  - units: 8\n  - 4\n",
            "network.hidden[0].activation=relu",
            "network:\n  hidden:\n  - units: 8\n    activation: relu\n  - 4\n",
        ),
        (
            "network:\n  hidden: # a\n  - units: 8\n  - 4\n  output: x\n",
            "network.hidden=[3]",
            "network:\n  hidden: [3]  # a\n  output: x\n",
        ),
        (
            "network: {hidden: [8, 4], output: softmax}\n",
            "network.output.activation=tanh",
            "network: {hidden: [8, 4], output: {activation: tanh}}\n",
        ),
        ("data:\n  train: |\n    a\n\n  target: b\n", "data.train=c", "data:\n  train: c\n\n  target: b\n"),
        ('"seed": 1\n', "seed=2", '"seed": 2\n'),
        ("data: {separator: a}", "data.separator=,", 'data: {separator: ","}'),
        ("data: {separator: a}", "data.separator=#", 'data: {separator: "#"}'),
        ("data: {separator: a}", 'data.separator="\\t"', 'data: {separator: "\\t"}'),
        # Anchors: an edit of one use must not change the others.
        (
            "network: {hidden: [&a {units: 8}, *a]}\n",
            "network.hidden[1].units=4",
            "network: {hidden: [&a {units: 8}, {units: 4}]}\n",
        ),
        (
            "network: {hidden: [&a {units: 8}, *a]}\n",
            "network.hidden[0].units=4",
            "network: {hidden: [&a {units: 4}, {units: 8}]}\n",
        ),
        (
            "data: &a {x: 1}\nloss: *a\nseed: 1 # kept\n",
            "data.x=2",
            "data: &a {x: 2}\nloss: {x: 1}\nseed: 1 # kept\n",
        ),
        (
            "data: &a {x: 1}\nloss:\n  <<: *a\n  y: 2 # kept\n",
            "loss.x=3",
            "data: &a {x: 1}\nloss:\n  <<: *a\n  y: 2 # kept\n  x: 3\n",
        ),
    ],
)
def test_an_edit_touches_as_little_as_it_can(text: str, option: str, result: str) -> None:
    assert edited(text, option) == result


BASES = [
    IRIS,
    IRIS.replace("\n", "\r\n"),
    IRIS.removesuffix("\n# the end\n"),
    "{data: {train: iris.csv, target: species}, network: {hidden: [8]}, optimiser: sgd}",
    "---\ndata:\n    train: iris.csv # a\n    # b\n\nnetwork:\n    hidden:\n    - units: 8\n      # c\n"
    "    -   units: 4\n    output:\n...\n",
    "data: {train: &t iris.csv, target: [a, *t]}\nnetwork:\n"
    "  hidden: [&l {units: 8}, *l, {<<: *l, activation: tanh}]\n",
    "data:\n  train: >\n    iris.csv\n  target: |-\n    species\n\n\n\n"
    "network: {hidden: [8\n, 4 # x\n  ]\n }\n",
    'data: {"train": "iris.csv"}\n? network\n: hidden:\n  - 8\n',
]
OPTIONS = [
    "seed=7",
    "seed=",
    "data.train=other.csv",
    "data.train=/r/other.csv",
    "data.target=[x, no, '1', 1, \"ä: b\"]",
    "data.target=it's: #1",
    "data.target=null",
    "data.ignore=[]",
    "data.missing.numeric=zero",
    "data={train: '0.2', test: other.csv}",
    "network.hidden[0]=3",
    "network.hidden[0].activation=tanh",
    "network.hidden[0].activation.name=softmax",
    "network.hidden[1].units=1e3",
    "network.hidden=[1, {units: 2, activation: {name: leaky_relu, leak: 1e-3}}]",
    "network.hidden=[]",
    "network.output.units=3",
    "network.output=softmax",
    "network.output.activation=tanh",
    "network={}",
    "optimizer.momentum=0.5",
    "optimiser=sgd",
    "optimiser={name: sgd, l2: 1e-4}",
    "training.stop.patience=3",
    "training.batch_size=full",
]


@settings(max_examples=50)
@given(
    st.sampled_from(BASES),
    st.lists(st.sampled_from(OPTIONS), max_size=6),
    st.sampled_from(["", "c/", "../x y/"]),
)
def test_the_kept_text_loads_to_the_same_config(base: str, options: list[str], folder: str) -> None:
    try:
        first = load(base, *options, path=f"{folder}iris.yaml")
    except ConfigError:
        return
    assert load(first.text, path=f"{folder}iris.yaml").config == first.config
    moved = first.text_for(Path("/r/s/runs/iris-1"))
    assert load(moved, path="/r/s/runs/iris-1/config.yaml").config == first.config


@pytest.mark.parametrize("base", BASES)
def test_text_and_tree_say_the_same(base: str) -> None:
    """Otherwise the law above would hold of nothing: here no edit may fail but for a missing list."""
    for option in OPTIONS:
        override = parse_override(option, TextSource("--set", Path(), 1))
        tree, _ = compose(base, TextSource("", Path()))
        try:
            wanted = put(tree, override.path, override.value, bare)
        except ConfigError as error:
            assert "so there is no [" in str(error), option  # noqa: PT017
            continue
        found = compose(edited(base, option), TextSource("", Path()))[0]
        assert meaning(found) == meaning(wanted), option


@pytest.mark.parametrize(
    "option", [option for option in OPTIONS if "=[" not in option and "hidden" not in option]
)
def test_comments_are_kept(option: str) -> None:
    if option.startswith(("data=", "network=")):
        option = "seed=1"
    text = load(IRIS, option).text
    assert [line.partition("#")[2] for line in IRIS.splitlines() if "#" in line] == [
        line.partition("#")[2] for line in text.splitlines() if "# " in line
    ]


KEYS = st.sampled_from(
    ["data", "train", "network", "hidden", "[0]", "[9]", ".", "optimizer", "units", "x", "", " ", "[", "é"]
)
VALUES = st.sampled_from(
    ["[", "]", "{", "}", "a", ": ", "'", '"', "1", ",", "\n", "#", "&a", "*a", "\ud800", "\x00", "!!", "\t"]
)


@settings(max_examples=60)
@given(
    st.text()
    | st.tuples(st.lists(KEYS, max_size=6).map("".join), st.lists(VALUES, max_size=8).map("".join)).map(
        "=".join
    )
)
def test_any_option_loads_and_reloads_or_is_a_config_error(option: str) -> None:
    for base in (IRIS, BASES[5]):
        try:
            first = load(base, option)
        except ConfigError as error:
            assert all(fault.where.startswith("--set ") for fault in error.faults)  # noqa: PT017
        else:
            assert load(first.text).config == first.config


@pytest.mark.parametrize(
    ("option", "fault"),
    [
        ("seed", "error: --set seed\n  There is no '=' in it.\n  Write --set key=value."),
        ("=3", "error: --set =3\n  The key is empty.\n  Write --set key=value."),
        (
            "a..b=3",
            "error: --set a..b=3\n  The key cannot be read.\n  Write it like network.hidden[0].units.",
        ),
        (".a=3", "error: --set .a=3\n  The key cannot be read.\n  Write it like network.hidden[0].units."),
        ("seed=[", "error: --set seed=[\n  This is not valid YAML: "),
        ("seed={a: 1, a: 2}", "error: --set seed={a: 1, a: 2}, key a\n  a is given already."),
        ("seed=\x07", "error: --set seed=\\x07, key seed\n  Expected a whole number"),
        ("seed=\ud800", "error: --set seed=\\ud800\n  The option is not UTF-8 text."),
        ("seed.x=3", "error: --set seed.x=3\n  seed is a single value, so it has no key x."),
        ("data[0]=3", "error: --set data[0]=3\n  data is not a list, so it has no item [0]."),
        ("[0]=3", "error: --set [0]=3\n  The file is not a list"),
        (
            "network.hidden.units=3",
            "error: --set network.hidden.units=3\n  network.hidden is a list.\n"
            "  Choose an item: network.hidden[0].units.",
        ),
        (
            "network.hidden[2]=3",
            "error: --set network.hidden[2]=3\n  network.hidden has 2 items, so there is no [2].\n",
        ),
        (
            "data.ignore[0]=3",
            "error: --set data.ignore[0]=3\n  data.ignore is not given, so there is no [0].",
        ),
        (
            "optimizer.learning_rat=3",
            "error: --set optimizer.learning_rat=3, key optimiser.learning_rat\n"
            "  'learning_rat' is not a known key of sgd.\n  Did you mean 'learning_rate'?",
        ),
        ("trainig.epochs=3", "error: --set trainig.epochs=3, key trainig\n  'trainig' is not a known key."),
        ("training.epochs=0", "error: --set training.epochs=0, key training.epochs\n  0 is out of range"),
        ("loss={delta: 1}", "error: --set loss={delta: 1}, key loss\n  Only settings"),
    ],
)
def test_faults_point_at_the_option(option: str, fault: str) -> None:
    (found,) = faults(IRIS, option)
    assert found.startswith(fault)


def test_the_last_option_wins_and_all_win_over_the_file() -> None:
    assert load(IRIS).config.seed == 5
    assert load(IRIS, "seed=6", "seed=7").config.seed == 7
    assert load(IRIS, "seed=x", "seed=7").config.seed == 7
    assert load(IRIS, "seed=").config.seed == 0


def test_short_forms_are_written_out() -> None:
    config = load(IRIS, "network.hidden[1].activation.name=leaky_relu", "optimizer.momentum=0").config
    assert config.network.hidden[1].units == 8
    assert config.network.hidden[1].activation == LeakyRelu()
    assert config.optimizer == Sgd(learning_rate=0.05, momentum=0.0)
    assert load(data("optimizer: sgd"), "optimiser.momentum=0.9").config.optimizer == Sgd(momentum=0.9)


def test_an_option_takes_the_files_fault_away() -> None:
    bad = IRIS.replace("seed: 5", "seed: five").replace("cross_entropy", "{name: x, y: !foo 1}")
    assert len(faults(bad)) == 2
    assert faults(bad, "seed=5", "loss=huber") == []


def test_options_and_faults_come_in_order() -> None:
    found = faults(IRIS.replace("seed: 5", "seed: x"), "training.epochs=0", "nonsense", "seed.x=1", "loss=x")
    assert [fault.splitlines()[0] for fault in found] == [
        "error: iris.yaml line 2, key seed",
        "error: --set training.epochs=0, key training.epochs",
        "error: --set nonsense",
        "error: --set seed.x=1",
        "error: --set loss=x, key loss",
    ]


def test_what_aliases_stand_for_is_changed_where_it_is_anchored():
    text = "network:\n  hidden:\n    - &n 3  # three\n    - *n\n  # the end\n  output: {units: *n}\n"
    wanted = "network:\n  hidden:\n    - 5  # three\n    - 3\n  # the end\n  output: {units: 3}\n"
    assert edited(text, "network.hidden[0]=5") == wanted
