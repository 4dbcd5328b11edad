"""What had to be made up while rows were prepared, and the sentences that warn of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from mlpcli.wording import LONGEST, MOST, listed, plural, shortened


@dataclass(frozen=True)
class UnknownCells:
    """Cells of a category that training never saw.

    count: how many of `rows`. example: the first of them. nearest: the level that is spelled most alike, ""
    where there is none.
    """

    count: int
    rows: int
    example: str
    nearest: str = ""

    def __add__(self, other: UnknownCells) -> UnknownCells:
        return UnknownCells(self.count + other.count, self.rows + other.rows, self.example, self.nearest)

    @property
    def most(self) -> bool:
        """Whether so many cells are unknown that the column is hardly read as it was meant."""
        return 2 * self.count > self.rows


@dataclass(frozen=True)
class PreparationWarnings:
    """Counts of what was made up while a table was prepared.

    filled: missing cells that were filled, by column. unknown: cells of a category that training never saw,
    by column. ignored: columns of the table that are not used.
    """

    filled: Mapping[str, int] = field(default_factory=dict)
    unknown: Mapping[str, UnknownCells] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether anything happened."""
        return bool(self.filled or self.unknown or self.ignored)

    def __add__(self, other: PreparationWarnings) -> PreparationWarnings:
        filled = dict(self.filled)
        for name, count in other.filled.items():
            filled[name] = filled.get(name, 0) + count
        unknown = dict(self.unknown)
        for name, cells in other.unknown.items():
            unknown[name] = unknown[name] + cells if name in unknown else cells
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
        for name, found in islice(self.unknown.items(), MOST):
            count = "a cell holds a value" if found.count == 1 else f"{found.count:,} cells hold a value"
            where, what = (shortened(repr(each), LONGEST) for each in (name, found.example))
            near = f", or is it {shortened(repr(found.nearest), LONGEST)}?" if found.nearest else ""
            if found.most:
                yield (
                    f"warning: column {where}: {found.count:,} of {found.rows:,} cells hold a value that "
                    f"training never saw ({what}{near}); predictions do without this column there."
                )
            else:
                yield f"column {where}: {count} that training never saw ({what}{near}); it counts as none."
        others = len(self.unknown) - MOST
        if others > 0:
            yield f"{plural(others, 'more column')} with values that training never saw."
