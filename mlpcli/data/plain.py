"""Frozen dataclasses to plain JSON and back, strictly: an unknown key, or one too few, is an error.

A key with a default is left out where it has it, and may be lacking: earlier versions did not have it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, fields
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from mlpcli.errors import Fault, ModelFileError

T = TypeVar("T")


def to_plain(value: Any) -> dict[str, Any]:
    """Map the fields of a dataclass that have not their default; with `kind`, the name of its class."""
    usual = {field.name: field.default for field in fields(value)}
    return {"kind": type(value).__name__} | {
        key: list(each) if isinstance(each, tuple) else each
        for key, each in asdict(value).items()
        if each != usual[key]
    }


def from_plain(kinds: tuple[type[T], ...], value: Any, where: str) -> T:
    """The dataclass among `kinds` that `to_plain` made `value` from. Raises ModelFileError."""
    if not isinstance(value, dict):
        raise damaged(where, f"{_shown(value)} is not a mapping.")
    by_name: dict[Any, type[T]] = {kind.__name__: kind for kind in kinds}
    kind = by_name.get(value.get("kind"))
    if kind is None:
        raise damaged(where, f"kind {_shown(value.get('kind'))} is none of {', '.join(map(str, by_name))}.")
    known = {field.name: field.default is MISSING for field in fields(kind)}  # type: ignore[arg-type]
    needed = {name for name, required in known.items() if required} | {"kind"}
    wrong = sorted((needed - set(value)) | (set(value) - {*known, "kind"}))
    if wrong:
        raise damaged(where, f"keys too many or too few: {', '.join(wrong)}.")
    hints = get_type_hints(kind)
    taken = {key: _take(hints[key], each, f"{where}.{key}") for key, each in value.items() if key != "kind"}
    made = kind(**taken)
    check: Callable[[], str] = getattr(made, "fault", lambda: "")
    if check():
        raise damaged(where, check())
    return made


def finite(value: Any) -> Any:
    """The same plain data; None for numbers that are not finite, which JSON has no word for."""
    if isinstance(value, Mapping):
        return {key: finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def damaged(where: str, what: str) -> ModelFileError:
    """The error for a preparation that is not one of ours."""
    return ModelFileError(Fault(where, what, "The file is damaged or of another version; train again."))


def _take(hint: Any, value: Any, where: str) -> Any:
    """`value` as the type `hint`: str, int, float, X | None, or tuple[X, ...]."""
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise damaged(where, f"{_shown(value)} is not a list.")
        return tuple(_take(get_args(hint)[0], each, where) for each in value)
    options = get_args(hint) or (hint,)
    if value is None and NoneType in options:
        return None
    if float in options and type(value) in (int, float) and math.isfinite(value):
        return float(value)
    if type(value) in options and float not in options:
        return value
    raise damaged(where, f"{_shown(value)} has the wrong type.")


def _shown(value: Any) -> str:
    return repr(value)[:40]
