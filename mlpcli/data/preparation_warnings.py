"""What had to be made up while rows were prepared, and the sentences that warn of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from mlpcli.wording import LONGEST, MOST, listed, plural, shortened


@dataclass(frozen=True)
class PreparationWarnings:
    """Counts of what was made up while a table was prepared.

    filled: missing cells that were filled, by column. unknown: cells of a category that training never saw,
    by column, with an example. ignored: columns of the table that are not used.
    """

    filled: Mapping[str, int] = field(default_factory=dict)
    unknown: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()

    def __add__(self, other: PreparationWarnings) -> PreparationWarnings:
        filled = dict(self.filled)
        for name, count in other.filled.items():
            filled[name] = filled.get(name, 0) + count
        unknown = dict(self.unknown)
        for name, (count, example) in other.unknown.items():
            before, first = unknown.get(name, (0, example))
            unknown[name] = (before + count, first)
        ignored = self.ignored + tuple(name for name in other.ignored if name not in self.ignored)
        return PreparationWarnings(filled, unknown, ignored)

    @staticmethod
    def total(counts: Iterable[PreparationWarnings]) -> PreparationWarnings:
        """Return the sum of the warnings of several tables."""
        return sum(counts, PreparationWarnings())

    def describe(self) -> Iterator[str]:
        """Yield one sentence for each kind of thing that happened."""
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
