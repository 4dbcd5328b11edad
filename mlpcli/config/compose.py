"""YAML text -> tree; nothing is interpreted.

Built from the parser's events rather than from PyYAML's own nodes: making those recurses without
limit, expands alias bombs and drops double keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import yaml
from yaml.reader import Reader

from mlpcli.config.scalars import shorten
from mlpcli.config.tree import (
    SYNONYMS,
    Entry,
    Items,
    Place,
    PlacedFault,
    Scalar,
    Section,
    TextSource,
    Written,
    join,
)
from mlpcli.errors import ConfigError, Fault

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 40
MOST_ALIASED = 10_000
"""Values that aliases may add to a file; anchors save lines, bombs make billions."""


def compose(text: str, source: TextSource) -> tuple[Written, list[PlacedFault]]:
    """Return the tree of one YAML document, and the faults that leave a tree: double keys, keys no text.

    Raises ConfigError where nothing can be read: syntax, recursion, alias bombs, several documents.
    """
    if unprintable := Reader.NON_PRINTABLE.search(text):
        line = text.count("\n", 0, unprintable.start()) + 1
        code = f"U+{ord(unprintable.group()):04X}"
        raise refusal(Place(source, line), f"The character {code} is not allowed in YAML.", "Remove it.")
    composer = Composer(text, source)
    try:
        return composer.document(), composer.faults
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise syntax_error(error, text, source) from error


def refusal(place: Place | str, what: str, remedy: str = "") -> ConfigError:
    """Return the error for a text that cannot be read."""
    return ConfigError(Fault(str(place), what, remedy))


def too_deep(place: Place | str) -> ConfigError:
    """Return the error for a value that is nested too deep."""
    return refusal(place, f"Nested more than {DEEPEST} levels deep.", "Flatten it.")


class Composer:
    """Reads one document's events, once."""

    def __init__(self, text: str, source: TextSource) -> None:
        self.text, self.source = text, source
        self.events: Iterator[Any] = yaml.parse(text, Loader=LOADER)
        self.anchors: dict[str, Written | None] = {}
        self.aliased = 0
        self.faults: list[PlacedFault] = []

    def document(self) -> Written:
        self.read()
        if isinstance(self.read(), yaml.StreamEndEvent):
            return Section(place=Place(self.source), start=len(self.text), end=len(self.text))
        tree = self.value(self.read(), "", 1)
        self.read()
        event = self.read()
        if not isinstance(event, yaml.StreamEndEvent):
            raise refusal(
                self.place(event), "A second YAML document starts here.", "Keep one document per file."
            )
        return tree

    def read(self) -> Any:
        return next(self.events)

    def place(self, event: Any) -> Place:
        counted = self.source.order == 0 and self.source.numbered
        return Place(self.source, event.start_mark.line + 1 if counted else 0)

    def value(self, event: Any, key: str, depth: int) -> Written:
        if isinstance(event, yaml.AliasEvent):
            return self.aliased_value(event, depth)
        if depth > DEEPEST:
            raise too_deep(self.place(event))
        if event.anchor:
            self.anchors[event.anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            result: Written = self.scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            result = self.items(event, key, depth)
        else:
            result = self.section(event, key, depth)
        if event.anchor:
            self.anchors[event.anchor] = result
        return result

    def aliased_value(self, event: Any, depth: int) -> Written:
        place, name = self.place(event), event.anchor
        if name not in self.anchors:
            raise refusal(place, f"*{name} is used, but no &{name} comes before it.")
        anchored = self.anchors[name]
        if anchored is None:
            raise refusal(place, f"*{name} stands inside &{name}: it would contain itself.")
        self.aliased += anchored.size
        if self.aliased > MOST_ALIASED:
            what = f"The aliases of this file expand to more than {MOST_ALIASED} values."
            raise refusal(place, what, "Write the values out.")
        if depth + anchored.depth - 1 > DEEPEST:
            raise too_deep(place)
        return replace(anchored, start=event.start_mark.index, end=event.end_mark.index, alias=True)

    def scalar(self, event: Any) -> Scalar:
        start, end = event.start_mark.index, event.end_mark.index
        return Scalar(
            place=self.place(event),
            start=start,
            # The mark of a block text (|) lies behind the empty lines that follow it.
            end=start + len(self.text[start:end].rstrip()),
            tag=event.tag or "",
            text=event.value,
            quoted=not event.implicit[0] and not event.tag,
        )

    def items(self, start: Any, key: str, depth: int) -> Items:
        items: list[Written] = []
        while not isinstance(event := self.read(), yaml.SequenceEndEvent):
            items.append(self.value(event, f"{key}[{len(items)}]", depth + 1))
        ends = [item.end for item in items]
        return Items(items=tuple(items), **self.collection(start, event, ends, items))

    def section(self, start: Any, key: str, depth: int) -> Section:
        entries: dict[str, Entry] = {}
        merged: dict[str, Entry] = {}
        values: list[Written] = []
        while not isinstance(event := self.read(), yaml.MappingEndEvent):
            place, start_of_key, end_of_key = self.place(event), event.start_mark.index, event.end_mark.index
            if not isinstance(event, yaml.ScalarEvent):
                self.value(event, key, depth + 1)
                values.append(self.value(self.read(), key, depth + 1))
                self.fault(place, key, "A key must be a single word.")
                continue
            name = SYNONYMS.get(event.value, event.value)
            inner = join(key, name)
            value = self.value(self.read(), inner, depth + 1)
            values.append(value)
            if name == "<<" and event.implicit[0]:
                merged = self.merge(value, place, key) | merged
                continue
            if name in entries:
                self.fault(place, inner, twice(event.value, name, entries[name].place), "Keep one of them.")
            entries[name] = Entry(place=place, value=value, start=start_of_key, end=end_of_key)
        ends = [value.end for value in values]
        return Section(entries=merged | entries, **self.collection(start, event, ends, values))

    def merge(self, value: Written, place: Place, key: str) -> dict[str, Entry]:
        """Return what `<<` brings in; of several sections, the first one's word counts."""
        sections = value.items if isinstance(value, Items) else (value,)
        entries: dict[str, Entry] = {}
        for section in reversed(sections):
            if isinstance(section, Section):
                entries |= {name: replace(entry, merged=True) for name, entry in section.entries.items()}
            else:
                self.fault(place, key, "<< takes a section or a list of sections.")
        return entries

    def collection(self, start: Any, end: Any, ends: list[int], inner: list[Written]) -> dict[str, Any]:
        # The end mark of a block collection lies behind the comments that follow it: take the last value's.
        last = end.end_mark.index if start.flow_style else max(ends, default=start.start_mark.index)
        return {
            "place": self.place(start),
            "start": start.start_mark.index,
            "end": last,
            "tag": start.tag or "",
            "size": 1 + sum(value.size for value in inner),
            "depth": 1 + max((value.depth for value in inner), default=0),
            "flow": bool(start.flow_style),
        }

    def fault(self, place: Place, key: str, what: str, remedy: str = "") -> None:
        self.faults.append((place, Fault(f"{place}, key {key}" if key else str(place), what, remedy)))


def twice(written: str, name: str, first: Place) -> str:
    """Say that a key is given already, and where."""
    other = f"{shorten(written)} means {name}, which" if written != name else shorten(name)
    return f"{other} is given already" + (f" on line {first.line}." if first.line else ".")


SYNTAX_REMEDIES = (
    ("mapping values are not allowed", "Quote a value that contains ': ', and indent all keys alike."),
    ("cannot start any token", "Quote a value that starts with this sign."),
    ("unexpected end of stream", "A quote is opened and not closed."),
    ("expected ',' or", "A bracket is opened and not closed, or a comma is missing."),
    ("expected the node content", "A value or a closing bracket is missing."),
    ("expected node content", "A value or a closing bracket is missing."),
    ("could not find expected ':'", "A key is followed by a colon and a space: 'key: value'."),
    ("expected <block end>", "Indent the keys of a section alike."),
    ("expected key", "Indent the keys of a section alike."),
    ("expected '-' indicator", "Indent the items of a list alike."),
    ("escape", "In double quotes a backslash starts an escape: use single quotes."),
)


def syntax_error(error: Exception, text: str, source: TextSource) -> ConfigError:
    """Return a parser's complaint in plain words."""
    problem = str(getattr(error, "problem", None) or error)
    mark = getattr(error, "problem_mark", None)
    offset = min(mark.index, len(text)) if mark else 0
    line_start = text.rfind("\n", 0, offset) + 1
    where = source.name
    if mark and source.order == 0:
        where += f" line {mark.line + 1}"
        if "nesting depth" in problem:  # PyYAML has a limit, too, which comes first where it looks ahead
            return too_deep(where)
        where += f", column {mark.column + 1}"
    if re.match(r" *\t", text[line_start:]) or text[offset : offset + 1] == "\t":
        return refusal(where, "YAML does not allow tabs for indentation.", "Use spaces.")
    usual = "Check indentation and punctuation here."
    remedy = next((words for sign, words in SYNTAX_REMEDIES if sign in problem), usual)
    context = getattr(error, "context_mark", None)
    if context and mark and context.line != mark.line and source.order == 0:
        remedy += f" It belongs to what starts on line {context.line + 1}."
    return refusal(where, f"This is not valid YAML: {shorten(problem, 100)}.", remedy)
