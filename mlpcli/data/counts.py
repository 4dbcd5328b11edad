"""Counts: what had to be made up while rows were prepared, to be said aloud."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from mlpcli.wording import LONGEST, MOST, listed, plural, shortened


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
            yield f"columns that are not used: {listed(self.ignored, 10)}."
        if self.filled:
            cells = listed(f"{name} {count}" for name, count in self.filled.items())
            yield f"missing cells filled: {cells}."
        for name, (count, example) in islice(self.unknown.items(), MOST):
            cells = "a cell holds a value" if count == 1 else f"{count:,} cells hold a value"
            where, what = (shortened(repr(each), LONGEST) for each in (name, example))
            yield f"column {where}: {cells} that training never saw ({what}); it counts as none."
        others = len(self.unknown) - MOST
        if others > 0:
            yield f"{plural(others, 'more column')} with values that training never saw."
