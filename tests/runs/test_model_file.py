from __future__ import annotations

import copy
import json
import zipfile

import pytest
from cli.world import make_world, mlp

from mlpcli.errors import ModelFileError
from mlpcli.runs.array_file import HEADER, SEAL, seal
from mlpcli.runs.folder import MODEL
from mlpcli.runs.model_file import VERSION, ModelFile


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


@pytest.mark.parametrize("new", [None, -1, 10**9, 2.5, "x", [], [1], {}], ids=repr)
def test_a_tampered_header_is_refused_or_of_use(world, members, tmp_path, new):
    """The checksums of zip and of the arrays hold; every value of the header is exchanged in turn."""
    header = json.loads(members[HEADER])
    path = tmp_path / MODEL
    refused = 0
    for place in places(header):
        if not place:
            continue
        written(path, members, exchanged(header, place, new))
        for command in (["show", path], ["evaluate", path, world / "data.csv"]):
            result = mlp(*command)
            assert result.exit_code in (0, 2), (place, result.output)
            refused += result.exit_code == 2
    assert refused > 40


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


def test_every_byte_that_flips_is_found_and_every_length_that_is_cut(world, tmp_path):
    """All bytes of a model file, a bit or all of it by turns; all lengths. Nothing is read but the whole."""
    whole = (world / "run" / MODEL).read_bytes()
    path = tmp_path / MODEL
    for at in range(len(whole)):
        flip = 0xFF if at % 3 == 2 else 1 << (at % 8)
        path.write_bytes(whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :])
        with pytest.raises(ModelFileError) as caught:
            ModelFile.read(path)
        assert caught.value.faults[0].what
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
