"""The one strict reader of plain JSON data: a value has its type, or the place where it has not is named.

A record is a TypedDict, which stays a mapping, or a frozen dataclass, which is made. Records of a run are
open: keys beyond the named ones are kept in place, as a later version may write more. What decides a
prediction is read as exact: an unknown key and a non-finite number are errors there. A key with a default may
be lacking: earlier versions did not have it.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, NotRequired, TypeVar, Union, get_args, get_origin, get_type_hints, is_typeddict

T = TypeVar("T")
KIND = "kind"
"""The key that names the class of a dataclass, where it may be one of several."""


def as_tagged(record: Any) -> dict[str, Any]:
    """Map the fields of a dataclass that differ from their defaults, and `kind` to the name of its class."""
    defaults = {field.name: field.default for field in fields(record)}
    return {KIND: type(record).__name__} | {
        key: _plain(each) for key, each in asdict(record).items() if each != defaults[key]
    }


def _plain(value: Any) -> Any:
    """Return the value with lists in place of tuples, in dataclasses inside of it too."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def read_tagged(kinds: tuple[type[T], ...], value: Any, where: str) -> T:
    """Return the dataclass among `kinds` that as_tagged made `value` from, read as exact.

    Raises ValueError, as read_record does.
    """
    by_name: dict[Any, type[T]] = {kind.__name__: kind for kind in kinds}
    name = _checked(value, dict, where).get(KIND)
    if not isinstance(name, str) or name not in by_name:
        raise ValueError(f"{where}: its kind is {_shown(name)}, none of {', '.join(by_name)}")
    return read_record(by_name[name], {key: each for key, each in value.items() if key != KIND}, where, True)


def read_record(kind: type[T], value: Any, where: str = "", exact: bool = False) -> T:
    """Return `value` as a record of that type; in open records, whole numbers are counts from 0 on.

    where: the place of `value`, for messages; "" for the whole. exact: whether unknown keys and non-finite
    numbers are refused. Raises ValueError, naming the place, for what is missing or of another type, and with
    the words of `fault()` where a dataclass has one and it finds something.
    """
    _checked(value, dict, where)
    any_kind: Any = kind  # whether its class can be hashed is not for a type checker to doubt
    known = _fields(any_kind)
    for key, (_, required) in known.items():
        if required and key not in value:
            raise ValueError(f"{_inside(where, key)} is missing")
    unknown = sorted(map(str, set(value) - set(known)))
    if exact and unknown:
        raise ValueError(f"{_inside(where, unknown[0])} is not known")
    read = {
        key: _read(inner, value[key], _inside(where, key), exact)
        for key, (inner, _) in known.items()
        if key in value
    }
    if is_typeddict(kind):
        return {**value, **read}  # type: ignore[return-value]
    record = kind(**read)
    fault: str = getattr(record, "fault", str)()
    if fault:
        raise ValueError(f"{where}: {fault}".lstrip(": ").rstrip("."))
    return record


@cache
def _fields(kind: Any) -> Mapping[str, tuple[Any, bool]]:
    """Return the type of each field of a record, and whether it must be there."""
    hints = get_type_hints(kind, include_extras=True)
    if is_dataclass(kind):
        return {f.name: (hints[f.name], f.default is f.default_factory is MISSING) for f in fields(kind)}
    return {
        key: (get_args(hint)[0], False) if get_origin(hint) is NotRequired else (hint, True)
        for key, hint in hints.items()
    }


def _read(kind: Any, value: Any, where: str, exact: bool) -> Any:
    """Return a value of any type that a field of a record may have. Raises ValueError."""
    options = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    if kind is Any or (value is None and NoneType in options):
        return value
    options = tuple(each for each in options if each is not NoneType)
    if len(options) > 1:
        return read_tagged(options, value, where)
    [kind] = options
    outer = get_origin(kind) or kind
    if is_typeddict(kind) or is_dataclass(kind):
        return read_record(kind, value, where, exact)
    if outer is dict:
        items = _checked(value, dict, where).items()
        return {key: _read(get_args(kind)[1], each, _inside(where, key), exact) for key, each in items}
    if outer in (list, tuple):
        items = enumerate(_checked(value, list, where))
        return outer(_read(get_args(kind)[0], each, f"{where}[{at}]", exact) for at, each in items)
    return _read_number(kind, value, where, exact) if kind in (int, float) else _checked(value, kind, where)


def _read_number(kind: Any, value: Any, where: str, exact: bool) -> Any:
    # JSON has one kind of number: a whole one where a fraction may be stays what it is, unless read as exact.
    _checked(value, (int, float) if kind is float else int, where)
    if kind is int and value < 0 and not exact:  # fault() of what is read as exact says more
        raise ValueError(f"{where} is {value}")
    if kind is float and isinstance(value, int) and abs(value) > sys.float_info.max:
        raise ValueError(f"{where} is larger than a number can be")
    if exact and not math.isfinite(value):
        raise ValueError(f"{where} is {value}")
    return float(value) if exact and kind is float else value


def _inside(where: str, key: str) -> str:
    return f"{where}.{key}".lstrip(".")[-100:]


def _checked(value: Any, kind: Any, where: str) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):  # a bool is an int, too
        raise ValueError(f"{where or 'the whole'} is {_shown(value)}")
    return value


def _shown(value: Any) -> str:
    return repr(value)[:40]
