"""--set options: parsed, put into the tree, and written into the text with its comments kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mlpcli.config.compose import compose
from mlpcli.config.scalars import PLAIN, shorten, write_text
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
    meaning,
)
from mlpcli.errors import ConfigError, Fault

KeyPath = tuple["str | int", ...]
BareKey = Callable[[KeyPath], str]
"""Which key a bare value at a path stands for: `units` for a hidden layer, '' for none."""

KEY_PART = r"\.?([^.\[\]\s]+)|\[([0-9]{1,9})\]"


@dataclass(frozen=True)
class Override:
    """One --set option."""

    path: KeyPath
    value: Written


def as_options(overrides: str | Sequence[str]) -> tuple[str, ...]:
    """Return overrides as a list; one may stand by itself. Raises ConfigError for what is no text."""
    options = (overrides,) if isinstance(overrides, str) else overrides
    remedy = "Give a list of texts such as 'seed=3'."
    if not isinstance(options, Iterable) or isinstance(options, (bytes, Mapping)):
        raise ConfigError(Fault("overrides", f"A {type(options).__name__} is no list of overrides.", remedy))
    listed = tuple(options)
    for option in listed:
        if not isinstance(option, str):
            raise ConfigError(Fault("overrides", f"{shorten(repr(option))} is no override.", remedy))
    return listed


def parse_overrides(options: str | Sequence[str], folder: Path) -> tuple[list[Override], list[PlacedFault]]:
    """Return the options that can be read, and the faults of the others; paths start from `folder`."""
    found: list[Override] = []
    faults: list[PlacedFault] = []
    for order, option in enumerate(as_options(options), start=1):
        source = TextSource(f"--set {shorten(option, 100)}", folder, order)
        try:
            found.append(parse_override(option, source))
        except ConfigError as error:
            faults += [(Place(source), fault) for fault in error.faults]
    return found, faults


def parse_override(option: str, source: TextSource) -> Override:
    """Read `key.path[0]=value`. Raises ConfigError naming the option."""
    place = Place(source)
    if any("\ud800" <= sign <= "\udfff" for sign in option):  # how Python passes on bytes that are not UTF-8
        raise ConfigError(Fault(str(place), "The option is not UTF-8 text.", "Type it anew."))
    key, equals, text = option.partition("=")
    if not equals:
        raise ConfigError(Fault(str(place), "There is no '=' in it.", "Write --set key=value."))
    return Override(parse_key(key.strip(), place), parse_value(text.strip(), source))


def parse_key(key: str, place: Place) -> KeyPath:
    """Split a dotted key into names and places. Raises ConfigError where it is none."""
    path: list[str | int] = []
    at = 0
    while at < len(key):
        part = re.compile(KEY_PART).match(key, at)
        if part is None or (part.group().startswith(".") == (at == 0) and part.group(1)):
            remedy = "Write it like network.hidden[0].units."
            raise ConfigError(Fault(str(place), "The key cannot be read.", remedy))
        name, index = part.groups()
        path.append(SYNONYMS.get(name, name) if name else int(index))
        at = part.end()
    if not path:
        raise ConfigError(Fault(str(place), "The key is empty.", "Write --set key=value."))
    return tuple(path)


def parse_value(text: str, source: TextSource) -> Written:
    """Read a value: brackets and quotes are YAML, anything else is one word (`--set separator=#` works)."""
    if text[:1] not in ("[", "{", '"', "'"):
        word = re.fullmatch(PLAIN, text) or not text
        return Scalar(place=Place(source), text=text, quoted=not word)
    value, faults = compose(text, source)
    if faults:
        raise ConfigError([fault for _, fault in faults])
    return value


def put(tree: Written, path: KeyPath, value: Written, bare_key: BareKey, done: KeyPath = ()) -> Written:
    """Return the tree with the value at the path; missing sections are made, short forms written out.

    Raises ConfigError at the value's place where the path does not fit the tree.
    """
    if not path:
        return value
    part, rest = path[0], path[1:]
    key = show_key(done)
    if isinstance(part, int):
        if not isinstance(tree, Items):
            raise misfit(value, f"{key or 'The file'} is not a list, so it has no item [{part}].")
        if part >= len(tree.items):
            count = f"{len(tree.items)} item" + ("s" if len(tree.items) != 1 else "")
            raise misfit(value, f"{key} has {count}, so there is no [{part}].", "Items count from [0].")
        item = put(tree.items[part], rest, value, bare_key, (*done, part))
        return replace(tree, items=(*tree.items[:part], item, *tree.items[part + 1 :]))
    if isinstance(tree, Items):
        raise misfit(value, f"{key or 'The file'} is a list.", f"Choose an item: {key}[0].{part}.")
    section = as_section(tree, value.place, bare_key(done))
    if section is None:
        raise misfit(value, f"{key} is a single value, so it has no key {part}.")
    entry = section.entries.get(part)
    if entry is None and rest and isinstance(rest[0], int):
        what = f"{join(key, part)} is not given, so there is no [{rest[0]}]."
        raise misfit(value, what, "Set the whole list.")
    inner = entry.value if entry else Section(place=value.place)
    new = put(inner, rest, value, bare_key, (*done, part))
    place = entry.place if entry and rest else value.place
    return replace(section, entries={**section.entries, part: Entry(place=place, value=new)})


def as_section(tree: Written, place: Place, bare: str) -> Section | None:
    """Return a section for a bare value that is short for one, an empty one for nothing; None for others."""
    if isinstance(tree, Section):
        return tree
    assert isinstance(tree, Scalar)
    if tree.is_null:
        return Section(place=place)
    return Section(place=tree.place, entries={bare: Entry(place=tree.place, value=tree)}) if bare else None


def show_key(path: KeyPath) -> str:
    """Write a path as a dotted key."""
    key = ""
    for part in path:
        key = f"{key}[{part}]" if isinstance(part, int) else join(key, part)
    return key


def misfit(value: Written, what: str, remedy: str = "") -> ConfigError:
    """Return the error for an override that does not fit what is there."""
    return ConfigError(Fault(str(value.place), what, remedy))


def edit_text(text: str, path: KeyPath, value: Written, bare_key: BareKey) -> str:
    """Return the text with the value at the path. It reads as `put` says, by construction.

    The smallest edit is tried first and read back; anchors and odd layouts fall through to coarser ones.
    """
    source = TextSource("", Path())
    tree, _ = compose(text, source)
    wanted = put(tree, path, value, bare_key)
    for edited in candidates(text, tree, wanted, path, value, bare_key):
        try:
            if meaning(compose(edited, source)[0]) == meaning(wanted):
                return edited
        except ConfigError:
            continue
    return write_lines(wanted, newline(text))


def candidates(
    text: str, tree: Written, wanted: Written, path: KeyPath, value: Written, bare_key: BareKey
) -> Iterator[str]:
    """Yield edited texts, from the one that touches least."""
    yield local_edit(text, tree, path, value, bare_key)
    written_out = without_aliases(text, tree)
    if written_out != text:  # the value at the path may be what aliases elsewhere stand for
        yield local_edit(written_out, compose(written_out, tree.place.source)[0], path, value, bare_key)
    if isinstance(tree, Section) and isinstance(wanted, Section) and path[0] in tree.entries:
        top = str(path[0])
        yield replaced(text, tree.entries[top], tree.entries[top].value, wanted.entries[top].value)


def without_aliases(text: str, tree: Written) -> str:
    """Return the text with every *alias replaced by what it stands for."""
    for alias in sorted(aliases(tree), key=lambda each: each.start, reverse=True):
        text = text[: alias.start] + write_flow(alias) + text[alias.end :]
    return text


def aliases(tree: Written) -> Iterator[Written]:
    """Yield the aliases that stand in the text itself: what lies below one stands at the anchor."""
    if tree.alias:
        yield tree
    elif isinstance(tree, Items):
        for item in tree.items:
            yield from aliases(item)
    elif isinstance(tree, Section):
        for entry in tree.entries.values():
            if not entry.merged:
                yield from aliases(entry.value)


def local_edit(text: str, tree: Written, path: KeyPath, value: Written, bare_key: BareKey) -> str:
    """Replace the deepest value on the path that exists, or add a key to its section."""
    spot, entry = tree, None
    for depth, part in enumerate(path):
        rest = path[depth:]
        if spot.alias or isinstance(spot, Scalar):
            return replaced(text, entry, spot, put(spot, rest, value, bare_key, path[:depth]))
        if isinstance(spot, Section):
            entry = spot.entries.get(str(part))
            if entry is None or entry.merged:
                whole = put(spot, rest, value, bare_key, path[:depth])
                assert isinstance(whole, Section)
                return inserted(text, spot, str(part), whole.entries[str(part)].value)
            spot = entry.value
        elif isinstance(spot, Items):
            entry, spot = None, spot.items[int(part)]
    return replaced(text, entry, spot, value)


def replaced(text: str, entry: Entry | None, old: Written, new: Written) -> str:
    """Return the text with one value exchanged."""
    written = write_flow(new)
    block = isinstance(old, Items | Section) and not old.flow and not old.alias
    if entry and block and old.start > entry.end:
        # A block below its key: the new value goes beside the key, before the key's own comment.
        head, gap = text[: entry.end], text[entry.end : old.start].partition(":")[2].strip()
        return f"{head}: {written}{'  ' + gap if gap else ''}{text[old.end :]}"
    before = " " if old.start == old.end and text[old.start - 1 : old.start].strip() else ""
    after = " " if old.start == old.end and text[old.end : old.end + 1].strip() else ""
    return text[: old.start] + before + written + after + text[old.end :]


def inserted(text: str, section: Section, key: str, value: Written) -> str:
    """Return the text with one more key, behind the last key of the section."""
    written = f"{write_text(key)}: {write_flow(value)}"
    own = [entry for entry in section.entries.values() if not entry.merged]
    if section.flow:
        at = max((entry.value.end for entry in own), default=section.end - 1)
        return text[:at] + (", " if section.entries else "") + written + text[at:]
    line_end = text.find("\n", section.end)
    at = len(text) if line_end < 0 else line_end
    if text[at - 1 : at] == "\r":
        at -= 1
    if not own:
        head = text if not text or text.endswith("\n") else text + newline(text)
        return head + written + newline(text)
    start = own[0].start
    indent = " " * (start - text.rfind("\n", 0, start) - 1)
    return text[:at] + newline(text) + indent + written + text[at:]


def newline(text: str) -> str:
    """Return the line end of a text."""
    return "\r\n" if "\r\n" in text else "\n"


def write_flow(written: Written) -> str:
    """Write a value on one line of YAML."""
    if isinstance(written, Scalar):
        return "null" if written.is_null else write_text(written.text, written.quoted)
    if isinstance(written, Items):
        return "[" + ", ".join(write_flow(item) for item in written.items) + "]"
    assert isinstance(written, Section)
    pairs = (f"{write_text(key)}: {write_flow(entry.value)}" for key, entry in written.entries.items())
    return "{" + ", ".join(pairs) + "}"


def write_lines(tree: Written, line_end: str) -> str:
    """Write a whole document, a line per key at the top; comments are lost."""
    if not isinstance(tree, Section):
        return write_flow(tree) + line_end
    return "".join(
        f"{write_text(key)}: {write_flow(entry.value)}{line_end}" for key, entry in tree.entries.items()
    )


def put_all(
    tree: Written, overrides: Sequence[Override], bare_key: BareKey
) -> tuple[Written, list[PlacedFault]]:
    """Return the tree with every override in turn, and the faults of those that do not fit."""
    faults: list[PlacedFault] = []
    for override in overrides:
        try:
            tree = put(tree, override.path, override.value, bare_key)
        except ConfigError as error:
            faults += [(override.value.place, fault) for fault in error.faults]
    return tree, faults
