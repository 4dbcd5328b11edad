"""Findings: a known problem, where it lies, the number that shows it, and what to do. Plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import cast

from mlpcli.runs.records import Found

SEVERITIES = ("problem", "warning", "note")
"""How grave a finding is, the gravest first."""


@dataclass(frozen=True)
class Remedy:
    """A change of the config that does something about a cause.

    why: what it does about it, a clause. changes: as --set takes them, `network.hidden[0].activation=tanh`;
    without any it is advice that no change of a config can follow.
    """

    why: str
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One known problem of one config.

    rule: the name of its file in diagnose/rules. severity: one of SEVERITIES. cause: one sentence, numbers
    included.
    where: the layer, parameter, column or row, "" for the whole. key: the config key it lies in, "" for none.
    value, threshold: the statistic that the finding was made by, and the bound that it was held against; None
    where there is none. measure: what `value` is, a phrase; "" where there is none. remedies: in order of
    effect. consequences: what else was found that this one explains.
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
        """Return the finding as plain data: every field by name."""
        return cast("Found", asdict(self))

    @classmethod
    def from_json(cls, found: Found) -> Finding:
        """Make the finding that as_json() was called on. Raises ValueError for an unknown severity."""
        if found["severity"] not in SEVERITIES:
            raise ValueError(f"the severity of a finding is {found['severity'][:40]!r}")
        return cls(
            rule=found["rule"],
            severity=found["severity"],
            cause=found["cause"],
            where=found["where"],
            key=found["key"],
            value=found["value"],
            threshold=found["threshold"],
            remedies=tuple(Remedy(each["why"], tuple(each["changes"])) for each in found["remedies"]),
            consequences=tuple(map(cls.from_json, found["consequences"])),
            # Runs of older versions have no measure.
            measure=found.get("measure", ""),
        )

    def explaining(self, others: tuple[Finding, ...]) -> Finding:
        """Copy this finding, with these as its consequences."""
        return replace(self, consequences=others)
