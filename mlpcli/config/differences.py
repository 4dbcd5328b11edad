"""Which keys two configs differ in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from mlpcli.config.setting import yaml_name
from mlpcli.registry import choice_name


@dataclass(frozen=True)
class Difference:
    """key: as --set names it. A section or choice that only one of them has is told as a whole."""

    key: str
    first: Any
    second: Any

    @property
    def words(self) -> tuple[str, str]:
        """The two values as one would write them in a config."""
        return said(self.first), said(self.second)

    def __str__(self) -> str:
        return f"{self.key}: {' → '.join(self.words)}"


def differences(first: Any, second: Any, key: str = "") -> Iterator[Difference]:
    """Yield what two configs, or two values of a key, differ in, in the order of the schema."""
    if is_dataclass(first) and type(first) is type(second):
        for field in fields(first):
            inner = f"{key}.{yaml_name(field)}" if key else yaml_name(field)
            yield from differences(getattr(first, field.name), getattr(second, field.name), inner)
    elif isinstance(first, tuple) and isinstance(second, tuple) and len(first) == len(second):
        for at, (one, other) in enumerate(zip(first, second, strict=True)):
            yield from differences(one, other, f"{key}[{at}]")
    elif first != second:
        yield Difference(key, first, second)


def said(value: Any) -> str:
    """Write a value as one would in a config, in short: settings that have their defaults are left out."""
    if value is None:
        return "not given"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(said, value))}]"
    if is_dataclass(value):
        name = "" if type(value).__module__.endswith("schema") else choice_name(value)
        given = [field for field in fields(value) if getattr(value, field.name) != field.default]
        settings = [f"{yaml_name(field)}: {said(getattr(value, field.name))}" for field in given]
        return f"{{{', '.join([f'name: {name}'] * bool(name) + settings)}}}" if settings else name or "{}"
    return str(value)
