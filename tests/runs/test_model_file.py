from __future__ import annotations

import copy
import json
import zipfile
from dataclasses import dataclass

import numpy as np
import pytest
from cli.world import csv_text, make_world, mlp

from mlpcli.config.recorded import settings_from
from mlpcli.config.setting import setting
from mlpcli.errors import ModelFileError
from mlpcli.runs.array_file import HEADER, SEAL, read_arrays, seal, write_arrays
from mlpcli.runs.folder import MODEL
from mlpcli.runs.model_file import KIND, VERSION, ModelFile, choice_record
from sampling import sampled


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    make_world(folder)
    return folder


@pytest.fixture(scope="module")
def members(world):
    with zipfile.ZipFile(world / "run" / MODEL) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(path, members, header):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(HEADER, json.dumps(header))
        for name, data in members.items():
            if name != HEADER:
                archive.writestr(name, data)
        archive.comment = SEAL + b"0" * 64
    with open(path, "r+b") as file:
        seal(file)
    return path


def places(value, path=()):
    """The path of every value in a JSON document."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*path, key))


def exchanged(value, path, new):
    """A copy with another value at the path."""
    value = copy.deepcopy(value)
    spot = value
    for key in path[:-1]:
        spot = spot[key]
    spot[path[-1]] = new
    return value


NEW_VALUES = [None, -1, 10**9, 2.5, "x", [], [1], {}]


@pytest.mark.parametrize("turn", sampled([0, 1, 2], lambda turn: turn == 0))
@pytest.mark.parametrize("number", range(len(NEW_VALUES)), ids=lambda number: repr(NEW_VALUES[number]))
def test_a_tampered_header_is_refused_or_of_use(world, members, tmp_path, number, turn):
    """The checksums of zip and of the arrays hold; every value of the header is exchanged in turn.

    One turn of three is always run: every value is exchanged in it, for every third of the new ones.
    """
    new = NEW_VALUES[number]
    header = json.loads(members[HEADER])
    path = tmp_path / MODEL
    refused = 0
    for at, place in enumerate(places(header)):
        if not place or (at + number) % 3 != turn:
            continue
        written(path, members, exchanged(header, place, new))
        try:
            ModelFile.read(path)
            right, every = (0, 2), 1
        except ModelFileError:
            refused += 1
            right, every = (2,), 10  # both commands begin with this reading, and have one way to end an error
        if at % every == 0:
            for command in (["show", path], ["evaluate", path, world / "data.csv"]):
                result = mlp(*command)
                assert result.exit_code in right, (place, result.output)
    assert refused > 26


def test_a_newer_version_is_refused_by_its_number(members, tmp_path):
    header = {**json.loads(members[HEADER]), "format_version": VERSION + 6}
    with pytest.raises(ModelFileError, match=f"version {VERSION + 6}; this mlp reads up to {VERSION}"):
        ModelFile.read(written(tmp_path / MODEL, members, header))


def test_a_file_without_a_seal_is_of_an_older_version(members, tmp_path):
    header = json.loads(members[HEADER])
    for version in (1, VERSION):
        path = written(tmp_path / MODEL, members, {**header, "format_version": version})
        path.write_bytes(path.read_bytes()[:-64] + b"0" * 64)
        with pytest.raises(ModelFileError, match="sha256 differs"):
            ModelFile.read(path)
        path.write_bytes(path.read_bytes()[: -64 - len(SEAL) - 2] + b"\0\0")
        if version == 1:
            assert ModelFile.read(path).parameters.keys()
        else:
            with pytest.raises(ModelFileError, match="its end is not"):
                ModelFile.read(path)


@pytest.mark.parametrize("turn", sampled([0, 1], lambda turn: turn == 0))
def test_every_byte_that_flips_is_found(turn, world, tmp_path):
    """All bytes of a model file in two turns, one of them always; a bit or all of it."""
    whole = (world / "run" / MODEL).read_bytes()
    path = tmp_path / MODEL
    for at in range(turn, len(whole), 2):
        flip = 0xFF if at % 3 == 2 else 1 << (at % 8)
        path.write_bytes(whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :])
        with pytest.raises(ModelFileError) as caught:
            ModelFile.read(path)
        assert caught.value.faults[0].what


@pytest.mark.parametrize("turn", sampled([0, 1, 2, 3], lambda turn: turn == 0))
def test_no_other_length_is_read(turn, world, tmp_path):
    """Nothing is read but the whole. Of lengths every fourth is always tried, the longest among them."""
    whole = (world / "run" / MODEL).read_bytes()
    path = tmp_path / MODEL
    for at in range(len(whole) - 1 - turn, -1, -4):
        path.write_bytes(whole[:at])
        with pytest.raises(ModelFileError):
            ModelFile.read(path)
    for more in (b"\0", whole):
        path.write_bytes(whole + more)
        with pytest.raises(ModelFileError):
            ModelFile.read(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("width", 6),
        ("hidden", []),
        ("hidden", [{"units": 1 << 40, "activation": {"name": "tanh"}, "dropout": 0.5}]),
        ("output", {"units": 2, "activation": {"name": "tanh"}}),
    ],
)
def test_a_network_that_is_not_that_of_the_arrays(members, tmp_path, key, value):
    header = json.loads(members[HEADER])
    header["network"][key] = value
    with pytest.raises(ModelFileError) as caught:
        ModelFile.read(written(tmp_path / MODEL, members, header))
    assert caught.value.faults[0].remedy


def test_what_is_read_is_written_again_to_the_same_bytes(world, tmp_path):
    ModelFile.read(world / "run" / MODEL).write(tmp_path / MODEL)
    assert (tmp_path / MODEL).read_bytes() == (world / "run" / MODEL).read_bytes()


def test_nothing_of_the_machine_is_in_it(world):
    data = (world / "run" / MODEL).read_bytes()
    assert str(world).encode() not in data


def changed(*path, to):
    """A change of the header: the value at a path."""

    def change(header, arrays):
        spot = header
        for key in path[:-1]:
            spot = spot[key]
        spot[path[-1]] = to

    return change


def array_changed(name, to):
    def change(header, arrays):
        arrays[name][(0,) * arrays[name].ndim] = to

    return change


def layers(count):
    """As many more layers as that, with arrays for all of them."""

    def change(header, arrays):
        first, width = header["network"]["hidden"][0], header["network"]["hidden"][0]["units"]
        output = {name: arrays.pop(name) for name in list(arrays) if name.startswith("output")}
        for at in range(2, count + 2):
            header["network"]["hidden"].append(first)
            arrays[f"hidden{at}.weights"] = np.ones((width, width))
            arrays[f"hidden{at}.biases"] = np.ones(width)
        arrays |= output

    return change


HIDDEN = ("network", "hidden", 0)
NUMERIC = ("preparation", "columns", 0)
TARGET = ("preparation", "target")
WRONG_PRODUCERS = [
    (changed("format_version", to=True), "format version True"),
    (changed("format_version", to=-5), "format version -5"),
    (changed("format_version", to=0), "format version 0"),
    (changed("format_version", to=2.0), "format version 2.0"),
    (changed(*HIDDEN, "activation", to={"name": "maxout", "pieces": 0}), "activation.pieces.* 0 is out of"),
    (changed(*HIDDEN, "activation", to={"name": "maxout", "pieces": 10**9}), "at most 256"),
    (changed(*HIDDEN, "activation", to={"name": "maxout", "pieces": 2.5}), "activation.pieces.*whole number"),
    (changed(*HIDDEN, "activation", to={"name": "gleu"}), "'gleu' is not a known activation"),
    (changed(*HIDDEN, "activation", to={"name": "tanh", "slope": 1}), "'slope' is not a known key of tanh"),
    (changed(*HIDDEN, "activation", to={"name": "leaky_relu", "leak": float("nan")}), "activation.leak"),
    (changed(*HIDDEN, "activation", to={"name": "formula", "formula": "x +"}), "activation.formula"),
    (changed(*HIDDEN, "activation", to=None), "activation or loss are missing"),
    (changed(*HIDDEN, "units", to=-4), r"hidden\[0\].units.* -4 is out of range"),
    (changed(*HIDDEN, "units", to=10**30), "arrays are not those of its network"),
    (changed(*HIDDEN, "units", to=True), r"hidden\[0\].units"),
    (changed(*HIDDEN, "dropout", to=1.0), "dropout.*out of range"),
    (changed(*HIDDEN, "normalisation", to={"name": "batch", "epsilon": -1.0}), "epsilon.*out of range"),
    (
        changed("network", "hidden", to=[{"units": 1, "activation": {"name": "tanh"}}] * 20_000),
        "20000 hidden layers and 4 arrays",
    ),
    (layers(1000), "1,001 of them, and at most 1,000"),
    (changed("network", "width", to=-1), "width.*out of range"),
    (changed("network", "loss", to={"name": "huber", "delta": 0.0}), "delta.*out of range"),
    (changed("task", to="regresion"), "'regresion' is not allowed"),
    (changed("precision", to="float16"), "'float16' is not allowed"),
    (changed("precision", to="float32"), "arrays are not those of its network"),
    (changed("reading", "header", to=99), "reading.header"),
    (changed(*TARGET, "classes", to=["no", "yes", "maybe"]), "columns and network differ"),
    (changed(*TARGET, "classes", to=["no", "no"]), "not distinct"),
    (changed(*TARGET, "name", to="a"), "a column comes twice"),
    (changed(*NUMERIC, "std", 0, to=5e-324), "'a': the std 4.94066e-324"),
    (changed(*NUMERIC, "std", 0, to=1e308), "'a': the std 1e.308"),
    (changed(*NUMERIC, "std", 0, to=1e-30), "'a': the std 1e-30"),
    (changed(*NUMERIC, "std", 0, to=float("inf")), "std"),
    (changed(*NUMERIC, "mean", 0, to=1e308), "'a': the mean 1e.308"),
    (changed(*NUMERIC, "fill", 0, to=1e308), "'a': the fill 1e.308"),
    (changed(*NUMERIC, "missing", 0, to=-1), "statistics"),
    (changed("weighting", to={"kind": "Weighting", "column": "a", "classes": []}), "column of weights"),
    (lambda header, arrays: arrays.pop("output.biases"), "output.biases is missing, not float64 "),
    (lambda header, arrays: arrays.update({"more": np.ones(2)}), "more is float64 .2,., not unknown"),
    (
        lambda header, arrays: arrays.update({"output.biases": arrays["output.biases"].astype(np.int64)}),
        "output.biases is int64",
    ),
    (array_changed("hidden1.weights", np.nan), "1 of 20 numbers of hidden1.weights are not finite"),
    (array_changed("output.biases", -np.inf), "numbers of output.biases are not finite"),
]


@pytest.mark.parametrize(("change", "why"), WRONG_PRODUCERS, ids=[why for _, why in WRONG_PRODUCERS])
def test_a_file_that_an_honest_but_wrong_producer_sealed_is_refused_by_what_is_wrong(
    world, tmp_path, monkeypatch, change, why
):
    """Seal and sums are right. No graph is built of what the header claims."""
    header, arrays = read_arrays(world / "run" / MODEL, KIND, VERSION)
    change(header, arrays)
    write_arrays(tmp_path / MODEL, header, arrays)
    monkeypatch.setattr(
        "mlpcli.runs.model_file.build_network", lambda *args: pytest.fail("a graph was built")
    )
    with pytest.raises(ModelFileError, match=why) as error:
        ModelFile.read(tmp_path / MODEL)
    assert error.value.faults[0].remedy


def test_scales_of_targets_and_running_variances_have_to_be_possible(tmp_path):
    (tmp_path / "data.csv").write_text(csv_text(), encoding="utf-8")
    config = "data: {train: data.csv, target: b}\nnetwork: {hidden: [{units: 3, normalisation: batch}]}\n"
    (tmp_path / "c.yaml").write_text(f"{config}executor: numpy\ntraining: {{epochs: 1}}\n", encoding="utf-8")
    assert mlp("train", tmp_path / "c.yaml", "--quiet", "--runs", tmp_path).exit_code == 0
    for scale in (5e-324, 1e308):
        header, arrays = read_arrays(tmp_path / "c-1" / MODEL, KIND, VERSION)
        header["preparation"]["target"]["scale"] = [scale]
        write_arrays(tmp_path / MODEL, header, arrays)
        with pytest.raises(ModelFileError, match="'b': the scale"):
            ModelFile.read(tmp_path / MODEL)
    header, arrays = read_arrays(tmp_path / "c-1" / MODEL, KIND, VERSION)
    arrays["hidden1.running_variance"][1] = -1.0
    write_arrays(tmp_path / MODEL, header, arrays)
    with pytest.raises(ModelFileError, match=r"hidden1\.running_variance has a variance below 0"):
        ModelFile.read(tmp_path / MODEL)


def test_settings_of_a_choice_stand_in_the_file_as_a_config_has_them():
    @dataclass(frozen=True)
    class Shrink:
        amount: float = setting(0.5, spelling="lambda")

    record = choice_record(Shrink(0.25))
    assert record["lambda"] == 0.25
    assert settings_from(Shrink, {"lambda": record["lambda"]}, {}) == Shrink(0.25)
