"""Findings: a known problem, where it lies, the number that shows it, and what to do. Plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import cast

from mlpcli.data.json_records import read_record
from mlpcli.runs.records import FindingRecord

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

    def as_json(self) -> FindingRecord:
        """Return plain data: every field by name."""
        return cast("FindingRecord", asdict(self))

    @classmethod
    def from_json(cls, found: FindingRecord) -> Finding:
        """Return the finding that as_json was called on. Raises ValueError for anything else."""
        return read_record(cls, found)

    def fault(self) -> str:
        """Say what cannot be true of a finding; empty when all is well."""
        known = self.severity in SEVERITIES
        return "" if known else f"the severity of a finding is {self.severity[:40]!r}"

    def explaining(self, others: tuple[Finding, ...]) -> Finding:
        """Return a copy with these as its consequences."""
        return replace(self, consequences=others)
