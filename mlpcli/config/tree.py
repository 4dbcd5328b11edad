"""What a YAML text says, as a tree in which every key and value knows its place; plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlpcli.config.scalars import NULL, means_more_than_text
from mlpcli.errors import Fault

SYNONYMS = {
    "optimizer": "optimiser",
    "initializer": "initialisation",
    "initialization": "initialisation",
    "bias_initializer": "bias_initialisation",
    "bias_initialization": "bias_initialisation",
    "normalization": "normalisation",
}


@dataclass(frozen=True)
class TextSource:
    """A file or a --set option: its name in messages, and what relative paths in it are relative to."""

    name: str
    folder: Path
    order: int = 0
    """0 for the file, n for the n-th --set."""
    numbered: bool = True
    """Whether its lines are told: those of a config in memory are nowhere to be seen."""


@dataclass(frozen=True)
class Place:
    """A line of a source; line 0 is the source as a whole."""

    source: TextSource
    line: int = 0

    def __str__(self) -> str:
        return f"{self.source.name} line {self.line}" if self.line else self.source.name


@dataclass(frozen=True, kw_only=True)
class Written:
    """One value as written; start and end are offsets into its text."""

    place: Place
    start: int = 0
    end: int = 0
    tag: str = ""
    alias: bool = False
    """Written as *name: the offsets are those of the alias, those of inner values lie at the anchor."""
    size: int = 1
    depth: int = 1


@dataclass(frozen=True, kw_only=True)
class Scalar(Written):
    """A single word or text."""

    text: str
    quoted: bool = False

    @property
    def is_null(self) -> bool:
        return not self.quoted and self.text in NULL


@dataclass(frozen=True, kw_only=True)
class Items(Written):
    """A list."""

    items: tuple[Written, ...] = ()
    flow: bool = False


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A value under its key; start and end are the offsets of the key."""

    place: Place
    value: Written
    start: int = 0
    end: int = 0
    merged: bool = False
    """Came in through `<<`."""


@dataclass(frozen=True, kw_only=True)
class Section(Written):
    """A mapping, keys in the spelling of this project."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    flow: bool = False


PlacedFault = tuple[Place, Fault]


def join(key: str, name: str) -> str:
    """Return the dotted key of a name below a key."""
    return f"{key}.{name}" if key else name


def meaning(written: Written) -> Any:
    """Return what a tree says, without how and where: equal for texts that load to the same config."""
    if isinstance(written, Scalar):
        special = written.quoted and means_more_than_text(written.text)
        return None if written.is_null else (written.text, special)
    if isinstance(written, Items):
        return [meaning(item) for item in written.items]
    assert isinstance(written, Section)
    return {key: meaning(entry.value) for key, entry in written.entries.items()}
