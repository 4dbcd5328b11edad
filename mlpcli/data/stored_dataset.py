"""A prepared dataset as files of a folder: a header in JSON, and a file for each array, mapped when read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.array_files import StoredArray, pieces_of, write_pieces
from mlpcli.data.dataset import Dataset
from mlpcli.data.json_records import as_tagged, read_tagged
from mlpcli.data.part import Part, Unseen
from mlpcli.data.prepare import Preparation
from mlpcli.data.weights import Weighting
from mlpcli.errors import ModelFileError

Array = NDArray[Any]

HEADER = "dataset.json"
"""The file that makes a folder a dataset; it is written last."""
PARTS = ("training", "validation", "test")


def write_dataset(dataset: Dataset, folder: Path, paths: Mapping[str, str]) -> None:
    """Write a dataset into a folder that exists. Raises OSError.

    Matrices that are there already stay, see MatrixFiles. paths: the data files by role; where their names
    come in what is said of the rows, the role is written, for the files may be found elsewhere later.
    """
    parts = {key: part for key in PARTS if (part := getattr(dataset, key)) is not None}
    content = {
        "preparation": dataset.preparation.to_json(),
        "task": dataset.task,
        "notes": [_with_roles(note, paths) for note in dataset.notes],
        "weighting": as_tagged(dataset.weighting),
        "parts": {key: _write_part(key, part, folder, paths) for key, part in parts.items()},
    }
    text = json.dumps(content).encode()
    write_pieces(folder / HEADER, [np.frombuffer(_digest(text) + b"\n" + text, np.uint8)])


def read_stored(folder: Path, paths: Mapping[str, str]) -> Dataset:
    """Return the dataset that write_dataset wrote; its arrays are mapped, and cannot be written to.

    Raises OSError where there is none, and ValueError where it is damaged.
    """
    digest, _, text = (folder / HEADER).read_bytes().partition(b"\n")
    if digest != _digest(text):
        raise ValueError(f"{folder / HEADER} is damaged")
    content = json.loads(text)
    parts = {key: _read_part(key, content["parts"].get(key), folder, paths) for key in PARTS}
    training = parts["training"]
    if training is None:
        raise ValueError("there is no training part")
    try:
        preparation = Preparation.from_json(content["preparation"])
    except ModelFileError as error:
        raise ValueError(str(error)) from error
    return Dataset(
        training=training,
        validation=parts["validation"],
        test=parts["test"],
        preparation=preparation,
        task=content["task"],
        notes=tuple(_with_paths(note, paths) for note in content["notes"]),
        weighting=read_tagged((Weighting,), content["weighting"], "weighting"),
    )


def _write_part(key: str, part: Part, folder: Path, paths: Mapping[str, str]) -> dict[str, Any]:
    arrays: dict[str, Any] = {}
    for name, array in _arrays(part):
        stored = StoredArray(f"{key}.{name}", array.dtype.name, array.shape)
        path = folder / stored.file
        if not path.exists():
            write_pieces(path, pieces_of(array))
        arrays[name] = [stored.dtype, list(stored.shape), _array_digest(name, array)]
    lines = part.lines
    return {
        "arrays": arrays,
        "lines": [lines.start, lines.stop, lines.step] if isinstance(lines, range) else None,
        "source": _with_roles(part.source, paths),
        "unseen": None if part.unseen is None else list(part.unseen.classes),
    }


def _array_digest(name: str, array: Array) -> str:
    """Return the digest of an array in hex; "" for inputs, which are read when they are trained with."""
    if name.endswith("inputs"):
        return ""
    return hashlib.blake2b(np.ascontiguousarray(array).data, digest_size=16).hexdigest() if array.size else ""


def _arrays(part: Part) -> Iterator[tuple[str, Array]]:
    """Yield every array of a part, and its name."""
    found: list[tuple[str, Array | range | None]] = [
        ("inputs", part.inputs),
        ("targets", part.targets),
        ("weights", part.weights),
        ("lines", part.lines),
    ]
    if part.unseen is not None:
        found.append(("unseen.inputs", part.unseen.inputs))
        found.append(("unseen.targets", part.unseen.targets))
        found.append(("unseen.weights", part.unseen.weights))
    for name, array in found:
        if isinstance(array, np.ndarray):
            yield name, array


def _read_part(key: str, content: Any, folder: Path, paths: Mapping[str, str]) -> Part | None:
    """Return a part from what _write_part returned. Raises OSError, ValueError."""
    if content is None:
        return None
    found = {}
    for name, (dtype, shape, digest) in content["arrays"].items():
        found[name] = StoredArray(f"{key}.{name}", dtype, tuple(shape)).map(folder)
        if digest != _array_digest(name, found[name]):
            raise ValueError(f"{key}.{name} is damaged")
    unseen = None
    if content["unseen"] is not None:
        unseen = Unseen(
            inputs=found["unseen.inputs"],
            targets=found["unseen.targets"],
            classes=tuple(content["unseen"]),
            weights=found.get("unseen.weights"),
        )
    return Part(
        inputs=found["inputs"],
        targets=found["targets"],
        weights=found.get("weights"),
        lines=found["lines"] if content["lines"] is None else range(*content["lines"]),
        source=_with_paths(content["source"], paths),
        unseen=unseen,
    )


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest().encode()


def _with_roles(text: str, paths: Mapping[str, str]) -> str:
    """Write `\\0role\\0` for each path in a text; the longest first, for one may begin as another does."""
    for role, path in _longest_first(paths):
        text = text.replace(path, f"\0{role}\0")
    return text


def _with_paths(text: str, paths: Mapping[str, str]) -> str:
    for role, path in paths.items():
        text = text.replace(f"\0{role}\0", path)
    return text


def _longest_first(paths: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    return sorted(paths.items(), key=lambda item: -len(item[1]))
