"""A tree of YAML -> any dataclass of settings; collects every fault with its place."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any, get_args, get_origin, get_type_hints

from mlpcli.config import paths
from mlpcli.config.foreign_words import KEYS, keys_by_leaf, own_choice, own_keys, simplified
from mlpcli.config.scalars import FALSE, TRUE, YES_NO, as_float, as_number, as_whole, odd_number, shorten
from mlpcli.config.setting import Limits, limits_of, yaml_name
from mlpcli.config.tree import Entry, Items, Place, PlacedFault, Scalar, Section, Written, join
from mlpcli.config.words import alternatives, expected, got, missing, nameless, tag_fault
from mlpcli.errors import Fault, closest, nearest

Choices = Mapping[str, Mapping[str, type[Any]]]
FAILED: Any = object()
"""Stands for a value whose fault is already noted."""


@dataclass(frozen=True)
class PathSetting:
    """A path as given and as meant."""

    place: Place
    text: str
    absolute: str
    folder: bool = False
    """It may be that of a folder."""


@dataclass(kw_only=True)
class Binder:
    """Fills settings from a tree; `faults`, `places` and `paths` grow with every section bound."""

    choices: Choices
    root: type[Any]
    """The dataclass of the whole file, in which a key at a wrong place is looked for."""
    faults: list[PlacedFault] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)
    """Every key that is given, in the spelling of the YAML."""
    paths: dict[str, PathSetting] = field(default_factory=dict)

    @cached_property
    def every_key(self) -> Mapping[str, list[str]]:
        """Every key of the whole file; looked up for each unknown one, of which there may be thousands."""
        return keys_by_leaf(self.root, self.choices)

    def section(self, kind: type[Any], written: Written, key: str = "", named: str = "") -> Any:
        """Return an instance of the dataclass `kind`, or FAILED. named: the choice this is, for messages."""
        known = {yaml_name(each): each for each in fields(kind) if each.init}
        # A missing key is told at the line of its section's key, not at the section's first line.
        place = self.places.get(key, written.place)
        if not isinstance(written, Section):
            what = f"Expected a section with keys, got {got(written)}."
            remedy = f"Known keys: {', '.join(sorted(known))}." if known else ""
            return self.refuse(written.place, key, what, remedy)
        if written.tag:
            return self.refuse(written.place, key, *tag_fault(written))
        self.note_keys(written.entries, known, key, named)
        hints = get_type_hints(kind)
        settled: dict[str, Any] = {}
        for name, each in known.items():
            inner = join(key, name)
            value = self.setting(each, hints[each.name], written.entries.get(name), inner, place)
            if value is not FAILED:
                settled[each.name] = value
        whole = len(settled) == len(known)
        result = kind(**settled) if whole else FAILED
        self.note_conflicts(kind, result if whole else SimpleNamespace(**settled), key, place)
        return result

    def note_keys(self, entries: Mapping[str, Entry], known: Mapping[str, Any], key: str, named: str) -> None:
        """Note the places of the keys, and a fault for each key that is not known."""
        extra = ("name",) if named else ()
        for name, entry in entries.items():
            inner = join(key, name)
            self.places[inner] = entry.place
            if name in known or name in extra:
                continue
            whose = f" of {named}" if named else f" of {key}" if key else ""
            words = self.meant_key(name, key, known) or nearest(name, sorted((*known, *extra)))
            self.refuse(entry.place, inner, f"{shorten(name)!r} is not a known key{whose}.", words)

    def meant_key(self, name: str, key: str, known: Mapping[str, Any]) -> str:
        """Return a remedy for another tool's word, or our own of another section, below `key`; else "".

        A near spelling of a key of this section goes before a key of another section.
        """
        if simplified(name) not in KEYS and closest(name, known):
            return ""
        above = join(re.sub(r"\[\d+\]", "[0]", key), "")
        meant = [
            each.removeprefix(above)
            for each in own_keys(name, self.every_key)
            if not each.startswith(above) or re.split(r"[.\[]", each.removeprefix(above))[0] in known
        ]
        shown = " or ".join(repr(each) for each in meant[:3])
        return f"Did you mean {shown}? Known here: {', '.join(sorted(known))}." if meant else ""

    def note_conflicts(self, kind: type[Any], settings: Any, key: str, place: Place) -> None:
        """Ask the class, and each one above it, for settings that contradict each other."""
        for each in kind.__mro__:
            ask = vars(each).get("conflicts")
            try:  # settings at fault are left out: a question about one (AttributeError) ends the asking
                for name, what, remedy in ask(settings) if ask else ():
                    inner = join(key, name)
                    self.refuse(self.places.get(inner, place), inner, what, remedy)
            except AttributeError:
                if isinstance(settings, kind):
                    raise

    def setting(self, each: Field[Any], hint: Any, entry: Entry | None, key: str, place: Place) -> Any:
        """Return the value of one field; its default where nothing is given (or null)."""
        limits = limits_of(each)
        written = entry.value if entry else None
        if entry is None or (isinstance(entry.value, Scalar) and entry.value.is_null and not entry.value.tag):
            if each.default is not MISSING:
                return each.default
            if each.default_factory is not MISSING:
                return each.default_factory()
            if written is None or not is_dataclass(hint):
                given_at = entry.place if entry else place
                return self.refuse(given_at, key, *missing(yaml_name(each), hint, limits))
            written = Section(place=written.place)
        assert written is not None
        return self.value(hint, limits, written, key)

    def value(self, hint: Any, limits: Limits, written: Written, key: str) -> Any:
        """Return a value of the hinted type within the limits, or FAILED."""
        if written.tag:
            return self.refuse(written.place, key, *tag_fault(written))
        if limits.choice_of:
            return self.choice(limits, written, key)
        kinds = alternatives(hint)
        for kind in kinds:
            if get_origin(kind) is tuple and isinstance(written, Items):
                return self.items(get_args(kind)[0], limits, written, key)
            if get_origin(kind) is Mapping and isinstance(written, Section):
                return self.named_values(get_args(kind)[1], limits, written, key)
            if is_dataclass(kind):
                assert isinstance(kind, type)
                return self.section(kind, expanded(written, limits.short_for), key)
        if not isinstance(written, Scalar) or not set(kinds) & {int, float, bool, str}:
            what, remedy = f"Expected {expected(kinds, limits)}, got {got(written)}.", ""
            if isinstance(written, Scalar) and any(get_origin(kind) is tuple for kind in kinds):
                remedy = f"Write [{shorten(written.text)}]."
            return self.refuse(written.place, key, what, remedy)
        return self.scalar(kinds, limits, written, key)

    def items(self, kind: Any, limits: Limits, written: Items, key: str) -> Any:
        """Return a list of values of one type, or FAILED."""
        if limits.most is not None and len(written.items) > limits.most:
            what = f"There are {len(written.items):,} of them, and at most {limits.most:,} are allowed."
            return self.refuse(written.place, key, what)
        values = []
        for index, item in enumerate(written.items):
            inner = f"{key}[{index}]"
            self.places[inner] = item.place
            values.append(self.value(kind, limits, item, inner))
        return FAILED if any(value is FAILED for value in values) else tuple(values)

    def named_values(self, kind: Any, limits: Limits, written: Section, key: str) -> Any:
        """Return values under names that the user chooses, or FAILED."""
        values = {}
        for name, entry in written.entries.items():
            inner = join(key, name)
            self.places[inner] = entry.place
            values[name] = self.value(kind, limits, entry.value, inner)
        return FAILED if any(value is FAILED for value in values.values()) else values

    def choice(self, limits: Limits, written: Written, key: str) -> Any:
        """Return a settings object of a table of choices, by its name or a section with `name`; or FAILED.

        A section without one is the choice that has a key of its own name, as `{formula: …}`.
        """
        table = limits.choice_of
        name = written
        if isinstance(written, Section):
            entry = written.entries.get("name")
            implied = named_by_key(self.choices.get(table, {}), written) or limits.default_choice
            if entry is None and implied in self.choices.get(table, {}):
                return self.section(self.choices[table][implied], written, key, named=implied)
            if entry is None:
                return self.refuse(written.place, key, *nameless(written))
            name = entry.value
            inner = join(key, "name")
        else:
            inner = key
        if not isinstance(name, Scalar) or name.tag:
            return self.refuse(name.place, inner, f"Expected the name of a known {table}, got {got(name)}.")
        known = self.choices.get(table, {})
        try:
            kind = known[name.text]
        except KeyError:
            what = f"{shorten(name.text)!r} is not a known {table}."
            word = own_choice(table, name.text, known) or name.text
            return self.refuse(name.place, inner, what, nearest(word, sorted(known)))
        rest = written if isinstance(written, Section) else Section(place=written.place)
        return self.section(kind, rest, key, named=name.text)

    def scalar(self, kinds: Sequence[Any], limits: Limits, written: Scalar, key: str) -> Any:
        """Return a word as what the types allow it to be, or FAILED."""
        text, place = written.text, written.place
        wish = expected(kinds, limits)
        numeric = int in kinds or float in kinds
        if numeric and not written.quoted and (as_number(text) is not None or odd_number(text)):
            return self.number(float in kinds, wish, limits, written, key)
        if bool in kinds and not written.quoted and text in TRUE + FALSE:
            return text in TRUE
        if str in kinds and text in (limits.one_of or (text,)) and not written.is_null:
            return self.path(written, key, limits.folder) if limits.path else text
        shown = f"the quoted text {shorten(text)!r}" if written.quoted and str not in kinds else got(written)
        remedy = ""
        if written.quoted and numeric and as_number(text) is not None:
            remedy = f"Write it without quotes: {text}."
        elif bool in kinds and text.lower() in YES_NO:
            remedy = "Write true or false."
        elif limits.one_of and str in kinds and not numeric:
            word = own_choice(key, text, limits.one_of) or text
            return self.refuse(place, key, f"{shown} is not allowed here.", nearest(word, limits.one_of))
        return self.refuse(place, key, f"Expected {wish}, got {shown}.", remedy)

    def number(self, fractions: bool, wish: str, limits: Limits, written: Scalar, key: str) -> Any:
        """Return a word that looks like a number, as float (with fractions) or as int; or FAILED."""
        number, remedy, shown = as_number(written.text), odd_number(written.text), shorten(written.text)
        value = None if number is None else as_float(number) if fractions else as_whole(number)
        if value is None:
            too_large = "" if number is None or abs(number) < math.inf else "The number is too large."
            return self.refuse(written.place, key, f"Expected {wish}, got {shown}.", remedy or too_large)
        if not within(value, limits):
            return self.refuse(written.place, key, f"{shown} is out of range: expected {wish}.")
        return value

    def path(self, written: Scalar, key: str, folder: bool = False) -> Any:
        """Return a path, made absolute, or FAILED."""
        if not written.text.strip():
            return self.refuse(written.place, key, "The path is empty.", "Name a file.")
        absolute = paths.absolute(written.text, written.place.source.folder)
        self.paths[key] = PathSetting(written.place, written.text, absolute, folder)
        return absolute

    def refuse(self, place: Place, key: str, what: str, remedy: str = "") -> Any:
        """Note a fault, and return FAILED."""
        where = f"{place}, key {shorten(key, 120)}" if key else str(place)
        self.faults.append((place, Fault(where, what, remedy)))
        return FAILED


def bare_key(root: type[Any], path: Iterable[str | int]) -> str:
    """Return the key that a bare value at this path stands for (`units` for a hidden layer); '' for none."""
    kind: Any = root
    short, indexed = "", True
    for part in path:
        if isinstance(part, int):
            kind, indexed = get_args(kind)[0] if get_args(kind) else None, True
            continue
        known = {yaml_name(each): each for each in fields(kind)} if is_dataclass(kind) else {}
        each = known.get(part)
        if each is None:
            return ""
        assert isinstance(kind, type)
        kind = next(iter(alternatives(get_type_hints(kind)[each.name])), None)
        limits = limits_of(each)
        if limits.choice_of:
            kind, short, indexed = None, "name", True
        else:
            short, indexed = limits.short_for, get_origin(kind) is not tuple
    return short if indexed else ""


def named_by_key(table: Mapping[str, type[Any]], written: Section) -> str:
    """Return the choice one of whose keys is its own name, where that key is given; '' for none."""
    for name in written.entries:
        if name in table and name in {yaml_name(each) for each in fields(table[name])}:
            return name
    return ""


def expanded(written: Written, short: str) -> Written:
    """Write `8` as `{units: 8}`, where a section has such a short form."""
    if not short or not isinstance(written, Scalar):
        return written
    return Section(place=written.place, entries={short: Entry(place=written.place, value=written)})


def within(value: float, limits: Limits) -> bool:
    """Tell whether a number is within the limits."""
    return not (
        (limits.at_least is not None and value < limits.at_least)
        or (limits.above is not None and value <= limits.above)
        or (limits.at_most is not None and value > limits.at_most)
        or (limits.below is not None and value >= limits.below)
    )
