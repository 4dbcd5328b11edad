"""Settings out of plain data, as the header of a model file has them, under the limits of a config."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from mlpcli.config.bind import Binder, Choices
from mlpcli.config.tree import Entry, Items, Place, Scalar, Section, TextSource, Written
from mlpcli.errors import ConfigError

T = TypeVar("T")


def settings_from(kind: type[T], value: Any, choices: Choices, key: str = "") -> T:
    """Bind plain data (mappings, lists, text, numbers) to a dataclass of settings.

    key: where the data stands, for messages. Raises ConfigError with every value that a config may not have.
    """
    place = Place(TextSource("header", Path()))
    binder = Binder(choices=choices, root=kind)
    settings: T = binder.section(kind, _tree(value, place), key)
    if binder.faults:
        raise ConfigError([fault for _, fault in binder.faults])
    return settings


def _tree(value: Any, place: Place) -> Written:
    """Return the data as the tree of the YAML that it would be written as."""
    if isinstance(value, dict):
        entries = {name: Entry(place=place, value=_tree(each, place)) for name, each in value.items()}
        return Section(place=place, entries=entries)
    if isinstance(value, list):
        return Items(place=place, items=tuple(_tree(each, place) for each in value))
    if isinstance(value, str):
        return Scalar(place=place, text=value, quoted=True)
    return Scalar(place=place, text=json.dumps(value))
