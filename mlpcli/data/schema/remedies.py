"""Words of the remedies that messages about columns name: names and values as YAML has them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from mlpcli.data.column import plain_number
from mlpcli.data.schema.column_schema import Notation

_PLAIN = re.compile(r"[A-Za-z_][\w .-]*(?<! )")
_WORDS = {"yes", "no", "on", "off", "true", "false", "null", "y", "n", "nan"}


def yaml_word(text: str) -> str:
    """Write a text as YAML has it on one line, quoted where YAML asks for it."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    if "\n" in text or "\r" in text:
        return json.dumps(text, ensure_ascii=False)
    return "'" + text.replace("'", "''") + "'"


def yaml_value(text: str) -> str:
    """Write a word or a number as YAML has it: a number stays one."""
    return text if plain_number(text) is not None else yaml_word(text)


def yaml_list(names: Iterable[str]) -> str:
    """Write names as a YAML list on one line, quoted where YAML asks for it."""
    return "[" + ", ".join(map(yaml_word, names)) + "]"


def for_column(name: str, setting: str) -> str:
    """Write a setting of one column, as `decimal: ','`, as it stands in a config."""
    return f"`data: {{columns: {{{yaml_word(name)}: {{{setting}}}}}}}`"


def describe_notation(notation: Notation) -> str:
    """Say how numbers are written: with a decimal comma, in percent; empty for plain ones."""
    marks = {",": "commas", ".": "points", " ": "blanks", "'": "apostrophes"}
    parts = []
    if notation.decimal == ",":
        parts.append("with a decimal comma")
    if notation.thousands:
        parts.append(f"with thousands set off by {marks[notation.thousands]}")
    if notation.currency:
        parts.append(f"in {notation.currency}")
    if notation.unit:
        parts.append(f"in {notation.unit}")
    if notation.percent:
        parts.append("in percent")
    if notation.clock:
        parts.append("as times, in hours")
    return ", ".join(parts)
