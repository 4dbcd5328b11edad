"""All rules on one case: findings with one root cause per chain, causes before symptoms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mlpcli.diagnose.evidence import Evidence
from mlpcli.diagnose.finding import SEVERITIES, Finding
from mlpcli.diagnose.possible import possible
from mlpcli.diagnose.rule import KINDS, Rule
from mlpcli.diagnose.rules import RULES


def diagnose(evidence: Evidence, kinds: Iterable[str] = KINDS, ask: str = "usual") -> list[Finding]:
    """Root causes, the gravest first, each with what it explains.

    Rules are asked in the order of KINDS. A finding that an earlier one explains becomes its consequence; one
    that no earlier one explains takes what it explains itself: units that a long step killed are found before
    the long step is.
    ask: "facts" asks the exact rules only, "certain problems" those of them that find problems; "all" asks
    every rule also where the network learns, and what is found only because of that is a note.
    """
    wanted = set(kinds)
    rules = sorted(
        ((name, rule) for name, rule in RULES.items() if rule.kind in wanted),
        key=lambda named: (KINDS.index(named[1].kind), not named[1].exact, named[1].order, named[0]),
    )
    roots: list[Finding] = []
    for _, rule in rules:
        if ask in ("facts", "certain problems") and not rule.exact:
            continue
        if ask == "certain problems" and rule.gravest != "problem":
            continue
        gated = not (rule.exact or rule.always) and evidence.learns
        if gated and ask != "all":
            continue
        for found in rule.check(evidence):
            finding = possible(replace(found, severity="note") if gated else found, evidence.case)
            _place(finding, roots)
    return sorted(roots, key=lambda finding: SEVERITIES.index(finding.severity))


def _place(finding: Finding, roots: list[Finding]) -> None:
    """Below its cause, or as one more root in the place of the first that it explains."""
    for at, root in enumerate(roots):
        if _explains(root, finding):
            roots[at] = root.explaining((*root.consequences, finding))
            return
    explained = [root for root in roots if _explains(finding, root)]
    at = roots.index(explained[0]) if explained else len(roots)
    for root in explained:
        roots.remove(root)
    below = [each for root in explained for each in (root.explaining(()), *root.consequences)]
    roots.insert(at, finding.explaining((*finding.consequences, *below)))


def _explains(cause: Finding, other: Finding) -> bool:
    """A lesser finding is no cause of a graver one, and a note of none."""
    rule: Rule = RULES[cause.rule]
    grave = SEVERITIES.index(cause.severity) <= SEVERITIES.index(other.severity)
    return cause.severity != "note" and grave and other.rule in rule.explains
