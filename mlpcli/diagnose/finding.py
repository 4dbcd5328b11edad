"""What is found: a known problem, where, the number that shows it, and what to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

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
    threshold: the statistic of the rule, where it has one. remedies: in order of effect. consequences: what
    else was found that this one explains.
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

    def as_json(self) -> dict[str, Any]:
        """Plain data: every field by name."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Finding:
        """What as_json gave. Raises LookupError, TypeError or AttributeError for anything else."""
        remedies = tuple(Remedy(each["why"], tuple(each["changes"])) for each in found["remedies"])
        consequences = tuple(cls.from_json(each) for each in found["consequences"])
        return cls(**{**found, "remedies": remedies, "consequences": consequences})

    def explaining(self, others: tuple[Finding, ...]) -> Finding:
        """The same, with these as its consequences."""
        return replace(self, consequences=others)
