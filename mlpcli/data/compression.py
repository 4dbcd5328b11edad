"""Files that are packed: gzip, bz2, xz, and zip with one member; known by their first bytes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, cast

from mlpcli.errors import DataError, Fault
from mlpcli.wording import listed

PACKED_ENDINGS = (".gz", ".bz2", ".xz", ".zip")
ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_KINDS = {"gzip": rb"\x1f\x8b", "bz2": rb"BZh[1-9](1AY&SY|\x17rE8P\x90|$)", "xz": rb"\xfd7zXZ\0"}
_BROKEN = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, OSError, ValueError)
_OPENERS: dict[str, Callable[[BinaryIO], Any]] = {
    "gzip": lambda file: gzip.GzipFile(fileobj=file),
    "bz2": bz2.BZ2File,
    "xz": lzma.LZMAFile,
}
# What marks a zip file as a document of a format of its own; that is not unpacked.
_DOCUMENT = re.compile(r".*\.npy|\[Content_Types\]\.xml|mimetype|META-INF/.*", re.DOTALL)


def unpack(name: str, start: bytes, file: BinaryIO) -> tuple[BinaryIO | None, str]:
    """Return what is packed in a file as a stream, None where nothing is; and the name of a zip's member.

    name: what messages call the file. start: its first bytes, which `file` gives again; for a zip file it can
    seek. Raises DataError for a zip file without a member or with several, and later, where the packed bytes
    are damaged.
    """
    for kind, magic in _KINDS.items():
        if re.match(magic, start):
            return _stream(name, kind, cast(BinaryIO, _OPENERS[kind](file))), ""
    if start.startswith(ZIP_MAGIC):
        return _member(name, file)
    return None, ""


def _member(name: str, file: BinaryIO) -> tuple[BinaryIO | None, str]:
    """Open the one member of a zip file; None where it is a document that another format reads."""
    try:
        archive = zipfile.ZipFile(file)
        members = archive.namelist()
        if any(map(_DOCUMENT.fullmatch, members)):
            file.seek(0)
            return None, ""
        files = [each for each in members if not each.endswith("/") and not each.startswith("__MACOSX/")]
        if len(files) == 1:
            return _stream(name, "zip", cast(BinaryIO, archive.open(files[0]))), files[0]
    except (*_BROKEN, NotImplementedError, RuntimeError, KeyError, IndexError) as error:
        if name.lower().endswith(".npz"):
            file.seek(0)
            return None, ""
        raise _damaged(name, "zip", error) from error
    what = (
        f"The zip file holds {len(files)} files: {listed(files)}." if files else "The zip file holds no file."
    )
    raise DataError(Fault(name, what, "Unpack it, and give the file with the table."))


def _damaged(name: str, kind: str, error: Exception) -> DataError:
    if isinstance(error, RuntimeError) and "password" in str(error):
        return DataError(Fault(name, "The zip file is encrypted.", "Unpack it with its password first."))
    what = f"The {kind} file is cut off or damaged: {error}"
    return DataError(Fault(name, what, "Fetch or compress it again."))


def _stream(name: str, kind: str, file: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(_Unpacked(name, kind, file)))


class _Unpacked(io.RawIOBase):
    """The unpacked bytes of a file, whose damage is told as what it is."""

    def __init__(self, name: str, kind: str, file: BinaryIO) -> None:
        self._name, self._kind, self._file = name, kind, file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            return cast(io.BufferedIOBase, self._file).readinto1(buffer)
        except (*_BROKEN, NotImplementedError) as error:
            raise _damaged(self._name, self._kind, error) from error

    def close(self) -> None:
        self._file.close()
        super().close()
