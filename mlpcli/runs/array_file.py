"""NPZ files with a JSON header: how models and checkpoints are kept.

Written without timestamps, so the same content is the same bytes. Read without pickle, and without
allocating more than the file holds: members are stored uncompressed, so their sizes are checked first.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.errors import Fault, ModelFileError
from mlpcli.runs.atomic import replacing

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEADER = "header.json"
EPOCH_OF_ZIP = (1980, 1, 1, 0, 0, 0)
LARGEST_HEADER = 1 << 26
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
    """Write atomically. The header gains the arrays' names, dtypes, shapes and their common sha256."""
    described = {
        **header,
        "arrays": [
            {"name": name, "dtype": str(array.dtype), "shape": list(array.shape)}
            for name, array in arrays.items()
        ],
        "sha256": fingerprint(arrays),
    }
    with replacing(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        text = json.dumps(described, ensure_ascii=False, indent=1)
        archive.writestr(zipfile.ZipInfo(HEADER, EPOCH_OF_ZIP), text.encode())
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.asarray(array, order="C"), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", EPOCH_OF_ZIP), buffer.getbuffer())


def read_arrays(path: Path, kind: str, version: int) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Header and arrays. Raises ModelFileError where the file is not a whole, unharmed `kind` file.

    kind: "mlp-model", say. A file of a newer format version is refused by its number.
    """
    foreign = f"It is not a {kind.removeprefix('mlp-')} file that mlp wrote"
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename: info for info in archive.infolist()}
            if HEADER not in members:
                raise _refused(path, f"{foreign}: it has no {HEADER}.")
            if any(i.compress_type != zipfile.ZIP_STORED for i in members.values()):
                raise _refused(path, "It has compressed parts, which mlp does not write.")
            if members[HEADER].file_size > LARGEST_HEADER:
                raise _refused(path, "Its header is larger than any that mlp writes.")
            header = json.loads(archive.read(HEADER))
            if not isinstance(header, dict) or header.get("format") != kind:
                raise _refused(path, f"{foreign}: it says that it is {_format(header)}.")
            if not isinstance(header.get("format_version"), int) or header["format_version"] > version:
                found = f"It has format version {header.get('format_version')}"
                raise ModelFileError(
                    Fault(
                        str(path),
                        f"{found}; this mlp reads up to {version}.",
                        "Update mlp: pip install --upgrade mlpcli",
                    )
                )
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
    """sha256 over names, dtypes, shapes and bytes, in order."""
    digest = hashlib.sha256()
    for name, array in arrays.items():
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _read_one(archive: zipfile.ZipFile, path: Path, item: Mapping[str, Any]) -> NDArray[Any]:
    raw = io.BytesIO(archive.read(f"{item['name']}.npy"))
    array: NDArray[Any] = np.lib.format.read_array(raw, allow_pickle=False)
    if str(array.dtype) != item["dtype"] or list(array.shape) != item["shape"] or raw.read(1):
        raise _refused(path, f"It is damaged: array {item['name']} is not what the header says.")
    return array


def _format(header: Any) -> str:
    found = header.get("format") if isinstance(header, dict) else None
    return shown if isinstance(found, str) and len(shown := repr(found)) < 40 else "something else"


def _refused(path: Path, what: str) -> ModelFileError:
    remedy = "Name a run folder or the model.npz in it. If it is damaged: use another copy, or train again."
    return ModelFileError(Fault(str(path), what, remedy))
