"""A config that is a mapping in memory becomes the text of a file that says the same."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlpcli.config.compose import DEEPEST, too_deep
from mlpcli.config.edit import write_lines
from mlpcli.config.scalars import NULL
from mlpcli.config.tree import Entry, Items, Place, Scalar, Section, TextSource, Written, join
from mlpcli.errors import ConfigError, Fault

IN_MEMORY = "config"
"""What messages and run folders call a config without a file."""


def write_mapping(values: Mapping[Any, Any]) -> str:
    """Write the mapping as YAML, a line per key at the top.

    values: text, numbers, yes and no, None, paths, and lists and mappings of these, NumPy's too. Raises
    ConfigError with every value that is none of them.
    """
    writer = _Writer()
    tree = writer.written(values, "", 1)
    if writer.faults:
        raise ConfigError(writer.faults)
    return write_lines(tree, "\n")


class _Writer:
    """Turns values into what a file would hold; `faults` grows with every value that no file can hold."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.place = Place(TextSource(IN_MEMORY, Path()))

    def written(self, value: Any, key: str, depth: int) -> Written:
        """Turn the value of `key`, '' for the whole, into a tree. Raises ConfigError if it is too deep."""
        if depth > DEEPEST:
            raise too_deep(f"{IN_MEMORY}, key {key}")
        if hasattr(value, "tolist"):  # NumPy's, which need not be loaded for that
            value = value.tolist()
        if isinstance(value, Mapping):
            return Section(
                place=self.place, entries=dict(self.entry(*each, key, depth) for each in value.items())
            )
        if isinstance(value, (list, tuple)):
            items = (self.written(each, f"{key}[{at}]", depth + 1) for at, each in enumerate(value))
            return Items(place=self.place, items=tuple(items))
        word = self.word(value, key)
        # Text that reads as a number stays unquoted, since PyYAML loads 1e-4 as text; no text is null.
        return Scalar(place=self.place, text=word, quoted=value is not None and word in NULL)

    def entry(self, name: Any, value: Any, key: str, depth: int) -> tuple[str, Entry]:
        """Return a key, and its value with the place of both."""
        if not isinstance(name, str):
            self.fault(key, f"The key {name!r} is no text.", "Keys are words, such as 'data'.")
        inner = join(key, str(name))
        return str(name), Entry(place=self.place, value=self.written(value, inner, depth + 1))

    def word(self, value: Any, key: str) -> str:
        """Return a single value as a word."""
        if value is None:
            return "null"
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, (str, os.PathLike)):
            text = os.fsdecode(value)
            if any("\ud800" <= sign <= "\udfff" for sign in text):
                self.fault(key, "The text is no Unicode.", "Write it anew.")
            return text
        if isinstance(value, float):
            return repr(value).replace("inf", ".inf").replace("nan", ".nan")
        try:
            if isinstance(value, int):
                return str(value)
            kind = type(value).__name__
        except ValueError:  # Python writes no number of thousands of digits
            kind = "number of so many digits"
        remedy = "Give text, numbers, True, False, None, lists and mappings; data.train names a file."
        self.fault(key, f"A {kind} cannot stand in a config.", remedy)
        return ""

    def fault(self, key: str, what: str, remedy: str) -> None:
        self.faults.append(Fault(f"{IN_MEMORY}, key {key}" if key else IN_MEMORY, what, remedy))
