"""Names of columns, told apart where a file names several alike."""

from __future__ import annotations

from collections.abc import Sequence

from mlpcli.wording import listed


def distinct_names(names: Sequence[str], where: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return names that differ, and notes on those that were changed; see renamed."""
    found, nameless, again = renamed(names)
    notes = []
    if nameless:
        notes.append(f"{where}: columns without a name are called {listed(nameless)}.")
    if again:
        notes.append(f"{where}: columns with a name that is taken are called {listed(again)}.")
    return found, tuple(notes)


def renamed(names: Sequence[str]) -> tuple[tuple[str, ...], list[str], list[str]]:
    """Return names that differ, and the new ones of columns without a name, and of those that come again.

    A name that comes again gets a number behind it, call and call_2; an empty one is x and its place. No new
    name is one that the file has.
    """
    taken = set(names)
    used: dict[str, None] = {}
    nameless: list[str] = []
    again: list[str] = []
    counts: dict[str, int] = {}
    for place, name in enumerate(names, 1):
        new = base = name or f"x{place}"
        while new in used or (new != name and new in taken):
            counts[base] = counts.get(base, 1) + 1
            new = f"{base}_{counts[base]}"
        if new != name:
            (again if name else nameless).append(new)
        used[new] = None
    return tuple(used), nameless, again
