"""What is found: a known problem, where, the number that shows it, and what to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import cast

from mlpcli.runs.records import Found

SEVERITIES = ("problem", "warning", "note")


@dataclass(frozen=True)
class Remedy:
    """A change of the config. changes: as --set takes them, `network.hidden[0].activation=tanh`.

    why: what it does about the cause, a clause. Without changes it is advice that no config can follow.
    """

    why: str
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One problem. rule: its name in the table. cause: one sentence, numbers included.

    where: the layer, parameter, column or row, "" for the whole. key: the config key it lies in. value and
    threshold: the statistic that the finding was made by, and the bound that it was held against, where there
    are such. remedies: in order of effect. consequences: what else was found that this one explains. measure:
    what `value` is, a phrase; "" where there is none.
    """

    rule: str
    severity: str
    cause: str
    where: str = ""
    key: str = ""
    value: float | None = None
    threshold: float | None = None
    remedies: tuple[Remedy, ...] = ()
    consequences: tuple[Finding, ...] = ()
    measure: str = ""

    def as_json(self) -> Found:
        """Plain data: every field by name."""
        return cast("Found", asdict(self))

    @classmethod
    def from_json(cls, found: Found) -> Finding:
        """What as_json gave. Raises ValueError for a severity that there is not."""
        if found["severity"] not in SEVERITIES:
            raise ValueError(f"the severity of a finding is {found['severity'][:40]!r}")
        return cls(
            found["rule"],
            found["severity"],
            found["cause"],
            found["where"],
            found["key"],
            found["value"],
            found["threshold"],
            tuple(Remedy(each["why"], tuple(each["changes"])) for each in found["remedies"]),
            tuple(map(cls.from_json, found["consequences"])),
            found.get("measure", ""),
        )

    def explaining(self, others: tuple[Finding, ...]) -> Finding:
        """The same, with these as its consequences."""
        return replace(self, consequences=others)
