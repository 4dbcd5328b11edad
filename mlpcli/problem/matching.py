"""Matches between the inputs and outputs of two networks, by names of columns, levels and classes."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.data.calendar import Calendar
from mlpcli.data.categorical import Categorical
from mlpcli.data.indicator import Indicator
from mlpcli.data.levels import meaning
from mlpcli.data.prepare import Preparation
from mlpcli.data.targets import ClassTarget, Target

if TYPE_CHECKING:
    from numpy.typing import NDArray

Named = tuple[Hashable, str]
"""The identity of an input or output, equal in two networks that share it, and its name for people."""


@dataclass(frozen=True)
class Match:
    """What two networks share; true where that is anything.

    here, there: places in this network and in the other one, (shared,) each, in the order of this one. new,
    gone: names that only this network has, and only the other one.
    """

    here: NDArray[np.int64]
    there: NDArray[np.int64]
    new: tuple[str, ...]
    gone: tuple[str, ...]

    def __bool__(self) -> bool:
        return len(self.here) > 0


def match(here: Iterable[Named], there: Iterable[Named]) -> Match:
    """Match the inputs or outputs of this network to those of another one."""
    own, other = list(here), list(there)
    keys = {key for key, _ in own}
    places: dict[Hashable, int] = {}
    for place, (key, _) in enumerate(other):
        places.setdefault(key, place)
    shared = [place for place, (key, _) in enumerate(own) if key in places]
    return Match(
        np.array(shared, np.int64),
        np.array([places[own[place][0]] for place in shared], np.int64),
        tuple(name for key, name in own if key not in places),
        tuple(name for key, name in other if key not in keys),
    )


def input_names(preparation: Preparation) -> Iterator[Named]:
    """Yield one name for each column of the input matrix: a column of numbers, or a column and its level."""
    for column in preparation.columns:
        if isinstance(column, Calendar):
            yield from ((("date", name), name) for name in column.numbers.names)
        elif isinstance(column, Indicator):
            yield from ((("missing", name), f"{name} is missing") for name in column.columns)
        elif not isinstance(column, Categorical):
            yield from ((("number", name), name) for name in column.names)
        else:
            for level in column.levels:
                yield ("level", column.name, meaning(level)), f"{column.name}={level}"
            if not column.levels:  # one input that is always 0
                yield ("empty", column.name), f"{column.name} (which has no value)"


def output_names(target: Target, units: int) -> Iterator[Named]:
    """Yield one name for each output unit: a class, a target, or all classes where one unit decides."""
    if not isinstance(target, ClassTarget):
        yield from (((target.task, name), name) for name in target.names)
    elif units == len(target.classes):
        yield from (((target.task, meaning(name)), name) for name in target.classes)
    else:
        yield (target.task, *map(meaning, target.classes)), " or ".join(target.classes)


def unit_places(size: int, units: int) -> NDArray[np.int64]:
    """Return which of `size` entries belong to each unit, an array of (entries of one unit, units).

    Entry k·units + j is that of unit j, as in maxout. The array has no rows where units share an entry.
    """
    return np.arange(size).reshape(-1, units) if size % units == 0 else np.empty((0, units), np.int64)
