"""What messages say about settings and values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from mlpcli.config.scalars import shorten
from mlpcli.config.setting import Limits
from mlpcli.config.tree import Items, Scalar, Section, Written


def alternatives(hint: Any) -> tuple[Any, ...]:
    """Return the types a hint allows, without None."""
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return tuple(kind for kind in kinds if kind is not NoneType)


def expected(kinds: Sequence[Any], limits: Limits) -> str:
    """Say what a setting may be."""
    words = []
    for kind in kinds:
        if kind is int or kind is float:
            words.append(("a whole number" if kind is int else "a number") + range_words(limits))
        elif kind is bool:
            words.append("true or false")
        elif kind is str and limits.one_of:
            words.append((" or " if len(kinds) > 1 else "one of ") + ", ".join(limits.one_of))
        elif kind is str:
            words.append("a path" if limits.path else "a text")
        elif get_origin(kind) is tuple:
            words.append("a list")
        else:
            words.append("a section with keys")
    return " or ".join(word.removeprefix(" or ") for word in words)


def range_words(limits: Limits) -> str:
    """Say within which bounds a number has to be; "" where there are none."""
    bounds = (
        ("of at least", limits.at_least),
        ("above", limits.above),
        ("of at most", limits.at_most),
        ("below", limits.below),
    )
    words = [
        f"{word} {bound:{',' if isinstance(bound, int) else 'g'}}"
        for word, bound in bounds
        if bound is not None
    ]
    return " " + " and ".join(words) if words else ""


def got(written: Written) -> str:
    """Say what a value is, in a few words."""
    if isinstance(written, Scalar):
        return "nothing" if written.is_null else repr(shorten(written.text))
    return "a list" if isinstance(written, Items) else "a section with keys"


def missing(name: str, hint: Any, limits: Limits) -> tuple[str, str]:
    """Return fault and remedy for a key that is missing."""
    if is_dataclass(hint):
        needed = [each.name for each in fields(hint) if each.default is each.default_factory is MISSING]
        return f"The section {name} is missing.", f"Add it, with {', '.join(needed)} in it."
    return f"{name} is missing.", f"Add {name}: {expected(alternatives(hint), limits)}."


def tag_fault(written: Written) -> tuple[str, str]:
    """Return fault and remedy for a YAML tag."""
    return f"The YAML tag {shorten(written.tag)} is not allowed.", "Remove it; put quotes around a text."


def nameless(written: Section) -> tuple[str, str]:
    """Return fault and remedy for a choice without its name."""
    given = ", ".join(shorten(name) for name in written.entries) or "nothing"
    return f"Only settings are given ({given}), not what they are for.", "Add name: … to them."
