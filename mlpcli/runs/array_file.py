"""NPZ files with a JSON header: models and checkpoints are kept in them.

They have no timestamps, so the same content is the same bytes. They are sealed: the comment at the end of the
zip file is the sha256 of all before it, so that no byte can change unseen. They are read without pickle, and
without allocating more than the file holds: members are stored uncompressed, and sizes are checked first.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import math
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from mlpcli.errors import Fault, ModelFileError, OutputError
from mlpcli.runs.atomic import replacing

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEADER = "header.json"
EPOCH_OF_ZIP = (1980, 1, 1, 0, 0, 0)
LARGEST_HEADER = 1 << 25
"""The largest header in bytes; what JSON becomes in memory is up to twenty times as large."""
SEAL = b"mlp sha256 "
_DIGITS = 64
MODEL_REMEDY = "Name a run folder or the model.npz in it. If it is damaged: use another copy, or train again."
UNSEALED = 1
"""The last format version that was written without a seal."""
_BLOCK = 1 << 20
# What zipfile, json and numpy raise for a file that is not as it was written: RuntimeError for a bit that
# says "encrypted", MemoryError for a shape no machine could hold, and RecursionError for a deep header.
_DAMAGED = (
    zipfile.BadZipFile,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    tokenize.TokenError,
    zlib.error,
)


def write_arrays(path: Path, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write atomically. The header gains the arrays' names, dtypes, shapes and their common sha256.

    Raises OutputError where it cannot be written, or the header is too large.
    """
    text = _header_text(header, arrays)
    if len(text) > LARGEST_HEADER:
        what = f"What describes columns and layers takes {len(text):,} bytes, above {LARGEST_HEADER:,}."
        raise OutputError(Fault(str(path), what, "Leave out columns, or categories that are seldom."))
    with replacing(path) as file:
        _write(file, text, arrays)


def array_bytes(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return the bytes that write_arrays puts into a file."""
    buffer = io.BytesIO()
    _write(buffer, _header_text(header, arrays), arrays)
    return buffer.getvalue()


def _header_text(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    described = {
        **header,
        "arrays": [
            {"name": name, "dtype": str(array.dtype), "shape": list(array.shape)}
            for name, array in arrays.items()
        ],
        "sha256": fingerprint(arrays),
    }
    return json.dumps(described, ensure_ascii=False, indent=1).encode()


def _write(file: IO[bytes], header: bytes, arrays: Mapping[str, NDArray[Any]]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(HEADER, EPOCH_OF_ZIP), header)
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.asarray(array, order="C"), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", EPOCH_OF_ZIP), buffer.getbuffer())
        archive.comment = SEAL + b"0" * _DIGITS
    seal(file)


def seal(file: IO[bytes]) -> None:
    """Put the digest into the last bytes of a file that ends with SEAL and as many digits."""
    if not file.readable():  # a device that was named as a file
        return
    end = file.seek(0, os.SEEK_END) - _DIGITS
    digest = _digest(file, end)
    file.seek(end)
    file.write(digest)


def _digest(file: IO[bytes], end: int) -> bytes:
    """Return the sha256 of the bytes before `end`, in hex."""
    file.seek(0)
    digest = hashlib.sha256()
    left = end
    while left > 0 and (block := file.read(min(_BLOCK, left))):
        digest.update(block)
        left -= len(block)
    return digest.hexdigest().encode()


def _is_sealed(file: IO[bytes], path: Path) -> bool:
    """Return whether the file ends with a seal. Raises ModelFileError where it is not that of the file."""
    size = file.seek(0, os.SEEK_END)
    if size < len(SEAL) + _DIGITS:
        return False
    file.seek(size - _DIGITS - len(SEAL))
    mark, digits = file.read(len(SEAL)), file.read(_DIGITS)
    if mark != SEAL:
        return False
    if _digest(file, size - _DIGITS) != digits:
        raise _refused(path, "It is damaged: its bytes are not those that were written (sha256 differs).")
    return True


def read_arrays(
    path: Path, kind: str, version: int, remedy: str = MODEL_REMEDY, data: bytes | None = None
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read the header and the arrays, by name.

    kind: the format, such as "mlp-model". version: the newest one that can be read. remedy: what to do about
    a file that is damaged or something else. data: the content, where it is in memory; `path` is then a name
    for messages. Raises ModelFileError where it is not a whole, unharmed file of that kind.
    """
    try:
        return _read_arrays(path, kind, version, data)
    except ModelFileError as error:
        faults = [fault if fault.remedy else replace(fault, remedy=remedy) for fault in error.faults]
        raise ModelFileError(faults) from error


def _read_arrays(
    path: Path, kind: str, version: int, data: bytes | None
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    foreign = f"It is not a {kind.removeprefix('mlp-')} file that mlp wrote"
    try:
        with contextlib.ExitStack() as opened:
            source: IO[bytes] = open(path, "rb") if data is None else io.BytesIO(data)  # noqa: SIM115
            file = opened.enter_context(source)
            sealed = _is_sealed(file, path)
            archive = opened.enter_context(zipfile.ZipFile(file))
            members = {info.filename: info for info in archive.infolist()}
            _check_sizes(archive, file, path)
            if HEADER not in members:
                raise _refused(path, f"{foreign}: it has no {HEADER}.")
            if members[HEADER].file_size > LARGEST_HEADER:
                raise _refused(path, "Its header is larger than any that mlp writes.")
            header = json.loads(archive.read(HEADER))
            if not isinstance(header, dict) or header.get("format") != kind:
                raise _refused(path, f"{foreign}: it says that it is {_format(header)}.")
            found = header.get("format_version")
            if type(found) is not int or found < 1:  # true is an int, too
                raise _refused(path, f"{foreign}: it has format version {repr(found)[:40]}.")
            if found > version:
                raise ModelFileError(
                    Fault(
                        str(path),
                        f"It has format version {found}; this mlp reads up to {version}.",
                        "A newer mlp wrote it: update mlp.",
                    )
                )
            if not sealed and header["format_version"] > UNSEALED:
                raise _refused(path, "It is damaged: its end is not the one that was written.")
            arrays = {item["name"]: _read_one(archive, path, item) for item in header["arrays"]}
    except FileNotFoundError:
        raise ModelFileError(
            Fault(str(path), "There is no such file.", "Name a run folder or a model.npz.")
        ) from None
    except (PermissionError, IsADirectoryError) as error:
        what = f"It cannot be read: {error.strerror or error}."
        raise ModelFileError(Fault(str(path), what, "Check the path and its permissions.")) from error
    except _DAMAGED as error:
        why = str(error) or type(error).__name__
        raise _refused(path, f"{foreign}, or it is damaged: {why.rstrip('.')}.") from error
    if fingerprint(arrays) != header.get("sha256"):
        raise _refused(path, "It is damaged: its numbers are not those that were written (sha256 differs).")
    return header, arrays


def fingerprint(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Return the sha256 over names, dtypes, shapes and bytes, in order."""
    digest = hashlib.sha256()
    for name, array in arrays.items():
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _check_sizes(archive: zipfile.ZipFile, file: IO[bytes], path: Path) -> None:
    """Raise ModelFileError where a member claims to be larger than what the file holds of it."""
    size = file.seek(0, os.SEEK_END)
    infos = archive.infolist()
    if any(info.compress_type != zipfile.ZIP_STORED for info in infos):
        raise _refused(path, "It has compressed parts, which mlp does not write.")
    if len({info.filename for info in infos}) < len(infos):
        raise _refused(path, "It is damaged: a part comes twice.")
    for info in infos:
        if info.file_size != info.compress_size or info.header_offset + info.file_size > size:
            raise _refused(path, f"It is damaged: it does not hold all of {info.filename[:100]}.")


def _read_one(archive: zipfile.ZipFile, path: Path, item: Mapping[str, Any]) -> NDArray[Any]:
    raw = archive.read(f"{item['name']}.npy")
    stream = io.BytesIO(raw)
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise _refused(path, f"It is damaged: array {item['name']} is of a version that mlp does not write.")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    begin = stream.tell()
    described = (str(dtype), list(shape)) == (item["dtype"], item["shape"])
    if fortran or dtype.hasobject or not described or math.prod(shape) * dtype.itemsize != len(raw) - begin:
        raise _refused(path, f"It is damaged: array {item['name']} is not what the header says.")
    array: NDArray[Any] = np.frombuffer(raw, dtype, offset=begin).reshape(shape).copy()
    return array


def _format(header: Any) -> str:
    found = header.get("format") if isinstance(header, dict) else None
    return shown if isinstance(found, str) and len(shown := repr(found)) < 40 else "something else"


def _refused(path: Path, what: str) -> ModelFileError:
    """Return the error for a file that cannot be used; read_arrays adds what to do."""
    return ModelFileError(Fault(str(path), what, ""))
