"""What rules and monitors have in common: each looks for one known problem and makes findings of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, NamedTuple

from mlpcli.registry import choice_name
from mlpcli.runs.finding import Finding, Remedy


class Statistic(NamedTuple):
    """The number that a finding is made by.

    threshold: the bound that it was held against; None where a fact has no bound. measure: what the number
    is, a phrase with its unit.
    """

    value: float
    threshold: float | None
    measure: str


class Detector:
    """Base of rules and monitors: what all findings of one problem share is written once, in the class.

    severity: of its findings, unless a call says otherwise. key: the config key that the problem lies in, ""
    for none. threshold, measure: bound and meaning of the values that findings are made by, as in Statistic.
    """

    severity: ClassVar[str] = "problem"
    key: ClassVar[str] = ""
    threshold: ClassVar[float | None] = None
    measure: ClassVar[str] = ""

    def finding(
        self,
        cause: str,
        value: float | Statistic | None = None,
        remedies: Iterable[Remedy] = (),
        *,
        severity: str | None = None,
        where: str = "",
        key: str | None = None,
    ) -> Finding:
        """Make a finding of this problem; it bears the name of the detector's file.

        cause: one sentence, numbers included. value: the number that shows it, with a bound and a meaning of
        its own where those of the class do not fit; None where no number does. remedies: in order of effect.
        where: the layer, parameter, column or row, "" for the whole. severity, key: None for the class's.
        """
        if value is not None and not isinstance(value, Statistic):
            value = Statistic(value, self.threshold, self.measure)
        return Finding(
            rule=choice_name(self),
            severity=self.severity if severity is None else severity,
            cause=cause,
            where=where,
            key=self.key if key is None else key,
            value=None if value is None else value.value,
            threshold=None if value is None else value.threshold,
            remedies=tuple(remedies),
            measure="" if value is None else value.measure,
        )
