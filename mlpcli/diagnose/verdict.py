"""All rules on one case: findings with one root cause per chain, causes before symptoms."""

from __future__ import annotations

from collections.abc import Iterable

from mlpcli.diagnose.evidence import Evidence
from mlpcli.diagnose.finding import SEVERITIES, Finding
from mlpcli.diagnose.rule import KINDS, Rule
from mlpcli.diagnose.rules import RULES


def diagnose(evidence: Evidence, kinds: Iterable[str] = KINDS) -> list[Finding]:
    """Root causes, the gravest first, each with what it explains.

    Rules are asked in the order of KINDS. A finding that an earlier one explains becomes its consequence.
    """
    wanted = set(kinds)
    rules = sorted(
        ((name, rule) for name, rule in RULES.items() if rule.kind in wanted),
        key=lambda named: (KINDS.index(named[1].kind), not named[1].exact, named[0]),
    )
    roots: list[Finding] = []
    consequences: dict[int, list[Finding]] = {}
    for _, rule in rules:
        if not (rule.exact or rule.always) and evidence.learns:
            continue
        for finding in rule.check(evidence):
            cause = next((at for at, root in enumerate(roots) if _explains(root, finding)), None)
            if cause is None:
                roots.append(finding)
            else:
                consequences.setdefault(cause, []).append(finding)
    explained = [root.explaining(tuple(consequences.get(at, ()))) for at, root in enumerate(roots)]
    return sorted(explained, key=lambda finding: SEVERITIES.index(finding.severity))


def _explains(cause: Finding, other: Finding) -> bool:
    rule: Rule = RULES[cause.rule]
    return cause.severity != "note" and other.rule in rule.explains
