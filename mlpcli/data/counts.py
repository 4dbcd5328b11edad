"""Counts: what had to be made up while rows were prepared, to be said aloud."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Counts:
    """Per column: missing cells that were filled; cells of an unknown category, with an example.

    `ignored`: columns that are not used.
    """

    filled: Mapping[str, int] = field(default_factory=dict)
    unknown: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()

    def __add__(self, other: Counts) -> Counts:
        filled = dict(self.filled)
        for name, count in other.filled.items():
            filled[name] = filled.get(name, 0) + count
        unknown = dict(self.unknown)
        for name, (count, example) in other.unknown.items():
            before, first = unknown.get(name, (0, example))
            unknown[name] = (before + count, first)
        ignored = self.ignored + tuple(name for name in other.ignored if name not in self.ignored)
        return Counts(filled, unknown, ignored)

    @staticmethod
    def total(counts: Iterable[Counts]) -> Counts:
        """All of them together."""
        return sum(counts, Counts())

    def describe(self) -> Iterator[str]:
        """One sentence per kind of thing that happened."""
        if self.ignored:
            more = f", … ({len(self.ignored)} in all)" if self.ignored[10:] else ""
            yield f"columns that are not used: {', '.join(self.ignored[:10])}{more}."
        if self.filled:
            cells = ", ".join(f"{name} {count}" for name, count in self.filled.items())
            yield f"missing cells filled: {cells}."
        for name, (count, example) in self.unknown.items():
            cells = "a cell holds a category" if count == 1 else f"{count} cells hold a category"
            yield f"column {name!r}: {cells} that training never saw ({example!r}); it counts as none."
