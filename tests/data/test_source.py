"""Packed files, pipes, and files that are no table."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import pickle
import sqlite3
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mlpcli.data.read import open_reader, read_table
from mlpcli.data.reading import Reading
from mlpcli.errors import DataError

TEXT = b"a,b\n" + b"1,x\n2,y\n" * 500


def zipped(*names: str, content: bytes = TEXT) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return packed.getvalue()


PACKED = {
    "gzip": gzip.compress(TEXT),
    "bz2": bz2.compress(TEXT),
    "xz": lzma.compress(TEXT),
    "zip": zipped("folder/table.csv"),
}


@pytest.mark.parametrize("content", PACKED.values(), ids=PACKED.keys())
@pytest.mark.parametrize("name", ["data.csv", "data", "data.csv.gz"])
def test_packed_files_are_read_by_their_first_bytes(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    table, _ = read_table(str(tmp_path / name))
    assert table.rows == 1000
    assert table.names == ("a", "b")


@pytest.mark.parametrize("kind", PACKED)
def test_damage_is_told_with_the_kind_of_packing(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "data"
    content = PACKED[kind]
    for damaged in (content[:-20], content[:20] + bytes(8) + content[28:]):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=f"The {kind} file is cut off or damaged"):
            read_table(str(path))


def test_what_is_in_a_zip_file_has_its_own_format(tmp_path: Path) -> None:
    array = io.BytesIO()
    np.savez(array, x=np.arange(6).reshape(3, 2), y=np.arange(3))
    (tmp_path / "data.zip").write_bytes(array.getvalue())
    assert read_table(str(tmp_path / "data.zip"))[0].names == ("x1", "x2", "y")
    idx = bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9])
    (tmp_path / "data.zip").write_bytes(zipped("__MACOSX/._l", "labels-idx1-ubyte", content=idx))
    assert read_table(str(tmp_path / "data.zip"))[0].rows == 3


def test_a_zip_file_with_several_members_names_them(tmp_path: Path) -> None:
    for content, said in (
        (zipped("a.csv", "b.csv"), r"holds 2 files: a\.csv, b\.csv"),
        (zipped(), "no file"),
    ):
        (tmp_path / "data.zip").write_bytes(content)
        with pytest.raises(DataError, match=said):
            read_table(str(tmp_path / "data.zip"))


def tar(folder: Path) -> bytes:
    with tarfile.open(folder / "t.tar", "w") as archive:
        (folder / "x.csv").write_bytes(TEXT)
        archive.add(folder / "x.csv", "x.csv")
    return (folder / "t.tar").read_bytes()


def database(folder: Path) -> bytes:
    with sqlite3.connect(folder / "d.db") as connection:
        connection.execute("create table t (a)")
    connection.close()
    return (folder / "d.db").read_bytes()


FOREIGN = {
    "web page": (b"\n<!DOCTYPE html>\n<html><body>Not found</body></html>", "web page"),
    "a table in a page": (b'\xef\xbb\xbf<table border="1"><tr><td>1</td></tr></table>', "web page"),
    "XML": (b'<?xml version="1.0"?>\n<rows><row a="1"/></rows>', "XML"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "PDF"),
    "OpenDocument": (
        zipped("mimetype", content=b"application/vnd.oasis.opendocument.spreadsheet"),
        "Office|OpenDocument|zip",
    ),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5"),
    "pickle": (pickle.dumps({"a": [1, 2]}), "pickle"),
    "pickled array": (pickle.dumps(np.arange(3)), "pickle"),
    "Avro": (b"Obj\x01\x04\x14avro.codec", "Avro"),
    "Stata": (b"<stata_dta><header>", "Stata"),
    "SPSS": (b"$FL2@(#) SPSS DATA FILE", "SPSS"),
    "SAS": (bytes(12) + b"\xc2\xea\x81\x60\xb3\x14" + bytes(100), "SAS"),
    "MATLAB": (b"MATLAB 5.0 MAT-file, Platform: GLNXA64", "MATLAB"),
    "R": (gzip.compress(b"X\n\0\0\0\x03\0\x04\x02\x01"), "R data"),
    "zstd": (b"\x28\xb5\x2f\xfd\x04\x00", "zstd"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(30), "picture"),
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
    "Git LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS"),
}


@pytest.mark.parametrize(("content", "said"), FOREIGN.values(), ids=FOREIGN.keys())
@pytest.mark.parametrize("name", ["data.csv", "data.npy", "data"])
def test_files_of_other_kinds_are_named(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"This is .*({said})") as refused:
        read_table(str(tmp_path / name))
    assert refused.value.faults[0].remedy
    assert "numpy" not in str(refused.value)


def test_archives_and_databases_are_named(tmp_path: Path) -> None:
    for content, said in ((tar(tmp_path), "tar archive"), (database(tmp_path), "SQLite")):
        (tmp_path / "data.csv").write_bytes(content)
        with pytest.raises(DataError, match=said):
            read_table(str(tmp_path / "data.csv"))


TEXTS_THAT_LOOK_FOREIGN = (
    "<a>,b\n1,2\n",
    "ORCID_x,b\n1,2\n",
    "[a],b\n1,2\n",
    "ii,\x01\n1,2\n",
    "BZh9,b\n1,2\n",
    "PKU,b\n1,2\n",
)


@pytest.mark.parametrize("text", TEXTS_THAT_LOOK_FOREIGN)
def test_tables_that_begin_oddly_are_tables(tmp_path: Path, text: str) -> None:
    (tmp_path / "data.csv").write_text(text, encoding="utf-8")
    assert read_table(str(tmp_path / "data.csv"))[0].rows == 1


@pytest.mark.skipif(sys.platform == "win32", reason="os.pipe is read as a file there")
def test_rows_in_an_open_pipe_are_there_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    receiving, sending = os.pipe()
    with os.fdopen(receiving, "rb") as pipe, os.fdopen(sending, "wb", buffering=0) as sender:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(pipe))
        sender.write(b"a,b\n1,x\n")
        tables = open_reader("-", Reading(names=frozenset({"a", "b"}))).chunks(1000)
        assert next(tables).rows == 1
        sender.write(b"2,y\n3,z\n4,")
        assert list(next(tables).lines) == [3, 4]
        sender.write(b"w")
        sender.close()
        assert [table.rows for table in tables] == [1]
