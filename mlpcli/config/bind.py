"""A tree of YAML -> any dataclass of settings; collects every fault with its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass, replace
from types import MappingProxyType, NoneType, SimpleNamespace, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from mlpcli.config import paths
from mlpcli.config.scalars import FALSE, TRUE, YES_NO, as_number, as_whole, odd_number, shorten
from mlpcli.config.setting import Limits
from mlpcli.config.tree import Entry, Items, Place, PlacedFault, Scalar, Section, Written, join
from mlpcli.errors import Fault, nearest

Choices = Mapping[str, Mapping[str, type[Any]]]
FAILED: Any = object()
"""Stands for a value whose fault is already noted."""


@dataclass(frozen=True)
class PathSetting:
    """A path as given and as meant."""

    place: Place
    text: str
    absolute: str


@dataclass
class Binder:
    """Fills settings from a tree; `faults`, `places` and `paths` grow with every section bound."""

    choices: Choices = MappingProxyType({})
    faults: list[PlacedFault] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)
    """Every key that is given, in the spelling of the YAML."""
    paths: dict[str, PathSetting] = field(default_factory=dict)

    def section(self, kind: type[Any], written: Written, key: str = "", named: str = "") -> Any:
        """An instance of the dataclass `kind`, or FAILED. `named`: the choice this is, for messages."""
        known = {yaml_name(each): each for each in fields(kind) if each.init}
        if not isinstance(written, Section):
            known_words = f"Known keys: {', '.join(sorted(known))}." if known else ""
            return self.refuse(
                written.place, key, f"Expected a section with keys, got {got(written)}.", known_words
            )
        if written.tag:
            return self.refuse(written.place, key, *tag_fault(written))
        self.note_keys(written.entries, known, key, named)
        hints = get_type_hints(kind)
        settled: dict[str, Any] = {}
        for name, each in known.items():
            inner = join(key, name)
            value = self.setting(each, hints[each.name], written.entries.get(name), inner, written.place)
            if value is not FAILED:
                settled[each.name] = value
        whole = len(settled) == len(known)
        result = kind(**settled) if whole else FAILED
        self.note_conflicts(kind, result if whole else SimpleNamespace(**settled), key, written.place)
        return result

    def note_keys(
        self, entries: Mapping[str, Entry], known: Mapping[str, Any], key: str, named: str
    ) -> None:
        extra = ("name",) if named else ()
        for name, entry in entries.items():
            inner = join(key, name)
            self.places[inner] = entry.place
            if name in known or name in extra:
                continue
            whose = f" of {named}" if named else f" of {key}" if key else ""
            words = nearest(name, (*known, *extra))
            self.refuse(entry.place, inner, f"{shorten(name)!r} is not a known key{whose}.", words)

    def note_conflicts(self, kind: type[Any], settings: Any, key: str, place: Place) -> None:
        """Ask the class for settings that contradict each other. Settings at fault are left out: a
        question about one of them (AttributeError) ends the asking.
        """
        ask = getattr(kind, "conflicts", None)
        try:
            for name, what, remedy in ask(settings) if ask else ():
                inner = join(key, name)
                self.refuse(self.places.get(inner, place), inner, what, remedy)
        except AttributeError:
            if isinstance(settings, kind):
                raise

    def setting(self, each: Field[Any], hint: Any, entry: Entry | None, key: str, place: Place) -> Any:
        """The value of one field; its default where nothing is given (or null)."""
        limits = limits_of(each)
        written = entry.value if entry else None
        if entry is None or (isinstance(entry.value, Scalar) and entry.value.is_null and not entry.value.tag):
            if each.default is not MISSING:
                return each.default
            if each.default_factory is not MISSING:
                return each.default_factory()
            if written is None or not is_dataclass(hint):
                return self.refuse(entry.place if entry else place, key, *missing(yaml_name(each), hint, limits))
            written = Section(place=written.place)
        assert written is not None
        return self.value(hint, limits, written, key)

    def value(self, hint: Any, limits: Limits, written: Written, key: str) -> Any:
        """A value of the hinted type within the limits, or FAILED."""
        if written.tag:
            return self.refuse(written.place, key, *tag_fault(written))
        if limits.choice_of:
            return self.choice(limits.choice_of, written, key)
        kinds = alternatives(hint)
        for kind in kinds:
            if get_origin(kind) is tuple and isinstance(written, Items):
                return self.items(get_args(kind)[0], limits, written, key)
            if is_dataclass(kind):
                assert isinstance(kind, type)
                return self.section(kind, expanded(written, limits.short_for), key)
        if not isinstance(written, Scalar) or not set(kinds) & {int, float, bool, str}:
            what, remedy = f"Expected {expected(kinds, limits)}, got {got(written)}.", ""
            if isinstance(written, Scalar):
                remedy = f"Write [{shorten(written.text)}]."
            return self.refuse(written.place, key, what, remedy)
        return self.scalar(kinds, limits, written, key)

    def items(self, kind: Any, limits: Limits, written: Items, key: str) -> Any:
        values = []
        for index, item in enumerate(written.items):
            inner = f"{key}[{index}]"
            self.places[inner] = item.place
            if isinstance(item, Scalar) and item.is_null and is_dataclass(kind):
                item = Section(place=item.place)
            values.append(self.value(kind, limits, item, inner))
        return FAILED if any(value is FAILED for value in values) else tuple(values)

    def choice(self, table: str, written: Written, key: str) -> Any:
        """A settings object out of a table of choices: by name, or by a section with `name`."""
        name = written
        if isinstance(written, Section):
            entry = written.entries.get("name")
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
            return self.refuse(name.place, inner, what, nearest(name.text, known))
        rest = written if isinstance(written, Section) else Section(place=written.place)
        return self.section(kind, rest, key, named=name.text)

    def scalar(self, kinds: Sequence[Any], limits: Limits, written: Scalar, key: str) -> Any:
        text, place = written.text, written.place
        wish = expected(kinds, limits)
        numeric = int in kinds or float in kinds
        number = None if written.quoted else as_number(text)
        odd = "" if written.quoted else odd_number(text)
        if numeric and (number is not None or odd):
            return self.number(number, odd, kinds, limits, written, key)
        if bool in kinds and not written.quoted and text in TRUE + FALSE:
            return text in TRUE
        if str in kinds and text in (limits.one_of or (text,)) and not written.is_null:
            return self.path(written, key) if limits.path else text
        shown = f"the quoted text {shorten(text)!r}" if written.quoted and str not in kinds else got(written)
        remedy = ""
        if written.quoted and numeric and as_number(text) is not None:
            remedy = f"Write it without quotes: {text}."
        elif bool in kinds and text.lower() in YES_NO:
            remedy = "Write true or false."
        elif limits.one_of and str in kinds and not numeric:
            return self.refuse(place, key, f"{shown} is not allowed here.", nearest(text, limits.one_of))
        return self.refuse(place, key, f"Expected {wish}, got {shown}.", remedy)

    def number(
        self, number: int | float | None, odd: str, kinds: Sequence[Any], limits: Limits, written: Scalar, key: str
    ) -> Any:
        wish, shown = expected(kinds, limits), shorten(written.text)
        value = number
        if float in kinds and number is not None:
            try:
                value = float(number)
            except OverflowError:
                value = float("inf")
        elif number is not None:
            value = as_whole(number)
        if number is not None and value in (float("inf"), float("-inf")):
            value, odd = None, "The number is too large."
        if value is None:
            return self.refuse(written.place, key, f"Expected {wish}, got {shown}.", odd)
        if not within(value, limits):
            return self.refuse(written.place, key, f"{shown} is out of range: expected {wish}.")
        return value

    def path(self, written: Scalar, key: str) -> Any:
        if not written.text.strip():
            return self.refuse(written.place, key, "The path is empty.", "Name a file.")
        absolute = paths.absolute(written.text, written.place.source.folder)
        self.paths[key] = PathSetting(written.place, written.text, absolute)
        return absolute

    def refuse(self, place: Place, key: str, what: str, remedy: str = "") -> Any:
        """Note a fault; returns FAILED."""
        where = f"{place}, key {shorten(key, 120)}" if key else str(place)
        self.faults.append((place, Fault(where, what, remedy)))
        return FAILED


def yaml_name(each: Field[Any]) -> str:
    """How YAML writes a field."""
    return limits_of(each).spelling or each.name


def limits_of(each: Field[Any]) -> Limits:
    limits = each.metadata.get("limits", Limits())
    assert isinstance(limits, Limits)
    return limits


def alternatives(hint: Any) -> tuple[Any, ...]:
    """The types a hint allows, without None."""
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return tuple(kind for kind in kinds if kind is not NoneType)


def bare_key(root: type[Any], path: Iterable[str | int]) -> str:
    """The key that a bare value at this path stands for (`units` for a hidden layer); '' for none."""
    kind: Any = root
    short, indexed = "", True
    for part in path:
        if isinstance(part, int):
            kind, indexed = get_args(kind)[0] if get_args(kind) else None, True
            continue
        each = next((each for each in fields(kind) if yaml_name(each) == part), None) if is_dataclass(kind) else None
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


def expanded(written: Written, short: str) -> Written:
    """`8` as `{units: 8}`, where a section has such a short form."""
    if not short or not isinstance(written, Scalar):
        return written
    return Section(place=written.place, entries={short: Entry(written.place, written)})


def within(value: float, limits: Limits) -> bool:
    return not (
        (limits.at_least is not None and value < limits.at_least)
        or (limits.above is not None and value <= limits.above)
        or (limits.at_most is not None and value > limits.at_most)
        or (limits.below is not None and value >= limits.below)
    )


def expected(kinds: Sequence[Any], limits: Limits) -> str:
    """What a setting may be, in words."""
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
    bounds = (
        ("of at least", limits.at_least),
        ("above", limits.above),
        ("of at most", limits.at_most),
        ("below", limits.below),
    )
    words = [f"{word} {bound:g}" for word, bound in bounds if bound is not None]
    return " " + " and ".join(words) if words else ""


def got(written: Written) -> str:
    """A value in a few words, for messages."""
    if isinstance(written, Scalar):
        return "nothing" if written.is_null else repr(shorten(written.text))
    return "a list" if isinstance(written, Items) else "a section with keys"


def missing(name: str, hint: Any, limits: Limits) -> tuple[str, str]:
    if is_dataclass(hint):
        needed = [each.name for each in fields(hint) if each.default is MISSING]
        return f"The section {name} is missing.", f"Add it, with {', '.join(needed)} in it."
    return f"{name} is missing.", f"Add {name}: {expected(alternatives(hint), limits)}."


def tag_fault(written: Written) -> tuple[str, str]:
    return f"The YAML tag {shorten(written.tag)} is not allowed.", "Remove it; put quotes around a text."


def nameless(written: Section) -> tuple[str, str]:
    given = ", ".join(shorten(name) for name in written.entries) or "nothing"
    return f"Only settings are given ({given}), not what they are for.", "Add name: … to them."
