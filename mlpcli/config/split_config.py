"""SplitConfig: how rows of the training file are dealt to the parts, beyond shares at random."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mlpcli.config.setting import setting


@dataclass(frozen=True, kw_only=True)
class SplitConfig:
    """The column by which rows of the training file are dealt to the parts."""

    column: str | None = setting(None)
    """A column that says of each row which part it is in: training, validation or test."""
    group: str | None = setting(None)
    """A column whose equal values stay together in one part, such as a patient."""
    sort_by: str | None = setting(None)
    """A column by which rows are sorted: the last ones are the test part, those before them validation."""

    def columns(self) -> dict[str, str]:
        """Return the columns that are given, by key."""
        named = {"column": self.column, "group": self.group, "sort_by": self.sort_by}
        return {key: name for key, name in named.items() if name is not None}

    def conflicts(self) -> Iterator[tuple[str, str, str]]:
        """Yield settings that contradict each other: (key, fault, remedy)."""
        keys = list(self.columns())
        for key in keys[1:]:
            yield key, f"Rows are split by {keys[0]} and by {key} at once.", "Keep one of them."

    def conflicts_beside(
        self,
        targets: tuple[str, ...],
        validation: float | str | tuple[str, ...] | None,
        test: float | str | tuple[str, ...] | None,
        fold: str | None,
    ) -> Iterator[tuple[str, str, str]]:
        """Yield what contradicts the other keys of the data section: (key, fault, remedy)."""
        for key, name in self.columns().items():
            if name in targets:
                yield (
                    f"split.{key}",
                    f"{name!r} is the target, and not known of new rows.",
                    "Name another one.",
                )
        for key, share in (("validation", validation), ("test", test)):
            if self.column is not None and isinstance(share, float):
                what = f"The column {self.column!r} says which part a row is in, and a share is asked for."
                yield key, what, f"Leave {key} out, or data.split.column."
        if fold is not None and (reason := self.why_no_folds()):
            yield "fold", *reason

    def why_no_folds(self) -> tuple[str, str] | None:
        """Return why rows cannot be dealt into folds, and the remedy; None where they can."""
        if self.sort_by is not None:
            what = (
                f"Folds of rows sorted by {self.sort_by!r} would be predicted from rows that come after them."
            )
            return what, "Give a share for test, the last rows; or leave data.split.sort_by out."
        if self.column is not None:
            what = f"The column {self.column!r} says which rows test, and folds would take their place."
            return what, "Keep one of the two; data.split.group keeps groups in one fold."
        return None
