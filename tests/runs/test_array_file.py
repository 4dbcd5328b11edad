from __future__ import annotations

import io
import json
import pickle
import tracemalloc
import zipfile

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.extra import numpy as hnp

from mlpcli.errors import ModelFileError
from mlpcli.runs.array_file import HEADER, SEAL, fingerprint, read_arrays, write_arrays

KIND = {"format": "mlp-model", "format_version": 1}
DTYPES = st.sampled_from(["<f4", "<f8", "<i8", "|u1", "|b1", ">f8", "<U3"])
ARRAYS = DTYPES.flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
)
NAMES = st.text("abcde.12_ä", min_size=1, max_size=12)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    arrays=st.dictionaries(NAMES, ARRAYS, max_size=4), note=st.text('a \n\0"\\ä\u2028\U0001f600', max_size=20)
)
def test_what_is_written_is_read(tmp_path, arrays, note):
    path = tmp_path / "x.npz"
    write_arrays(path, {**KIND, "note": note}, arrays)
    header, found = read_arrays(path, "mlp-model", 1)
    assert header["note"] == note
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert found[name].tobytes() == array.tobytes()  # NaN to the bit
    again = path.read_bytes()
    write_arrays(path, {**KIND, "note": note}, arrays)
    assert path.read_bytes() == again


def test_numpy_reads_the_arrays_too(tmp_path):
    write_arrays(tmp_path / "x.npz", KIND, {"w": np.arange(6.0).reshape(2, 3)})
    with np.load(tmp_path / "x.npz") as loaded:
        assert loaded["w"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_the_order_in_memory_does_not_matter(tmp_path):
    array = np.arange(6.0).reshape(2, 3)
    assert fingerprint({"w": array}) == fingerprint({"w": np.asfortranarray(array)})
    assert fingerprint({"w": array}) != fingerprint({"w": array.T})
    assert fingerprint({"w": array}) != fingerprint({"w": array.reshape(3, 2)})
    assert fingerprint({"w": array}) != fingerprint({"v": array})


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "x.npz"
    write_arrays(path, KIND, {"w": np.arange(6.0), "b": np.zeros(2, np.float32)})
    return path


def rewritten(path, change, compression=zipfile.ZIP_STORED):
    """The file again, its members through change(name, bytes); None leaves one out."""
    with zipfile.ZipFile(path) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members:
            new = change(name, data)
            if new is not None:
                archive.writestr(name, new)
    return path


def with_header(path, **changes):
    def change(name, data):
        if name != HEADER:
            return data
        return json.dumps({**json.loads(data), **changes}).encode()

    return rewritten(path, change)


def npy(array, **more):
    buffer = io.BytesIO()
    np.save(buffer, array, **more)
    return buffer.getvalue()


def refused(path, kind="mlp-model", version=1):
    with pytest.raises(ModelFileError) as caught:
        read_arrays(path, kind, version)
    [fault] = caught.value.faults
    assert fault.where == str(path)
    assert fault.remedy
    return fault.what


def test_the_bit_that_says_encrypted(good):
    data = bytearray(good.read_bytes())
    with zipfile.ZipFile(good) as archive:
        info = archive.getinfo("w.npy")
    data[info.header_offset + 6] |= 1
    directory = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    data[directory + 8] |= 1
    good.write_bytes(data[: -64 - len(SEAL)] + b" " * (64 + len(SEAL)))
    assert "encrypted" in refused(good)


@pytest.mark.parametrize("length", [0, 1, 4, 22, 100, 400, -1, -20, -100])
def test_a_file_that_is_cut_off(good, length):
    write_arrays(good, {**KIND, "format_version": 2}, {"w": np.arange(6.0)})
    good.write_bytes(good.read_bytes()[:length])
    refused(good, version=2)


def test_numbers_that_were_changed(good):
    with_header(good, sha256="0" * 64)
    assert "sha256" in refused(good)


def test_a_changed_array_with_a_sound_checksum_of_zip(good):
    rewritten(good, lambda name, data: npy(np.arange(6.0) + 1) if name == "w.npy" else data)
    assert "sha256" in refused(good)


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (npy(np.arange(6)), "array w"),
        (npy(np.arange(5.0)), "array w"),
        (npy(np.arange(6.0)) + b"more", "array w"),
        (npy(np.arange(6.0))[:-8], "damaged"),
        (npy(np.array([{}], object), allow_pickle=True), "damaged"),
        (pickle.dumps([1.0]), "damaged"),
        (b"", "damaged"),
        (None, "damaged"),
    ],
)
def test_a_member_that_is_not_what_the_header_says(good, new, words):
    rewritten(good, lambda name, data: new if name == "w.npy" else data)
    assert words in refused(good)


def test_a_member_that_is_itself_an_npz(good):
    buffer = io.BytesIO()
    np.savez(buffer, w=np.arange(6.0))
    rewritten(good, lambda name, data: buffer.getvalue() if name == "w.npy" else data)
    refused(good)


def test_pickles_are_never_loaded(good, tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "owned"), "w"))

    array = np.empty(1, object)
    array[0] = Evil()
    raw = npy(array, allow_pickle=True)
    rewritten(good, lambda name, data: raw if name == "w.npy" else data)
    with_header(good, arrays=[{"name": "w", "dtype": "object", "shape": [1]}])
    refused(good)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("count", [10**15, 10**8])
def test_a_shape_that_the_file_does_not_hold_is_never_allocated(good, count):
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({count},), }}".encode()
    raw = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    rewritten(good, lambda name, data: raw if name == "w.npy" else data)
    described = [{"name": "w", "dtype": "float64", "shape": [count]}]
    with_header(good, arrays=described)
    tracemalloc.start()
    assert "array w" in refused(good)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 22


def test_a_directory_that_lies_about_a_size(good):
    data = good.read_bytes()[: -64 - len(SEAL)] + b" " * (64 + len(SEAL))
    at = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    for size in (2**31 - 1, 300):
        lie = size.to_bytes(4, "little") * 2
        good.write_bytes(data[: at + 20] + lie + data[at + 28 :])
        refused(good)


def test_a_part_that_comes_twice(good):
    with zipfile.ZipFile(good, "a") as archive:
        archive.comment = b""
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("w.npy", npy(np.arange(6.0)))
    assert "twice" in refused(good)


def test_a_bomb_of_compression(good):
    rewritten(good, lambda name, data: bytes(1 << 24) if name == "w.npy" else data, zipfile.ZIP_DEFLATED)
    tracemalloc.start()
    assert "compressed" in refused(good)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 22


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"null", b"{", b"[" * 100_000, b"\xff", b'{"format": 3}', b"{}"]
)
def test_a_header_that_is_none(good, text):
    rewritten(good, lambda name, data: text if name == HEADER else data)
    refused(good)


@pytest.mark.parametrize(
    "arrays", [None, 3, "w", [], [3], [{}], [{"name": "w"}], [{"name": "x", "dtype": "<f8", "shape": [6]}]]
)
def test_a_header_that_lists_other_arrays(good, arrays):
    with_header(good, arrays=arrays)
    refused(good)


def test_another_kind_and_another_version(good):
    assert "checkpoint file" in refused(good, kind="mlp-checkpoint")
    assert "'mlp-model'" in refused(good, kind="mlp-checkpoint")
    with_header(good, format_version=7)
    what = refused(good, version=2)
    assert "version 7" in what
    assert "up to 2" in what
    assert "its end" in refused(good, version=7)  # only files of version 1 have no seal
    with_header(good, format_version=1)
    assert read_arrays(good, "mlp-model", 7)[1]["w"].tolist() == [0, 1, 2, 3, 4, 5]
    with_header(good, format_version="1")
    refused(good)


def test_an_npz_by_numpy_and_a_zip_of_something_else(tmp_path):
    np.savez(tmp_path / "n.npz", w=np.arange(6.0))
    assert "no header.json" in refused(tmp_path / "n.npz")
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr("letter.txt", "Dear all")
    assert "not a model file that mlp wrote" in refused(tmp_path / "z.zip")


def test_a_missing_file_and_a_folder(tmp_path):
    assert refused(tmp_path / "missing") == "There is no such file."
    assert "cannot be read" in refused(tmp_path)
