"""All rules on one problem: findings with one root cause per chain, causes before symptoms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mlpcli.config.load import ConfigSource
from mlpcli.diagnose.possible import possible
from mlpcli.diagnose.rule import KINDS, Rule
from mlpcli.diagnose.rules import RULES
from mlpcli.diagnose.trials.budget import Budget, OutOfBudget
from mlpcli.diagnose.trials.evidence import Evidence, evidence_of
from mlpcli.runs.finding import SEVERITIES, Finding

SYMPTOMS = frozenset(RULES.group("symptom"))


def diagnose(evidence: Evidence, kinds: Iterable[str] = KINDS, ask: str = "usual") -> list[Finding]:
    """Root causes, the gravest first, each with what it explains.

    Rules are asked kind by kind. A finding that an earlier one explains becomes its consequence; one
    that no earlier one explains takes what it explains itself: units that a long step killed are found before
    the long step is.
    A network that learns is not asked for what keeps one from learning, unless its weights no longer move.
    ask: "facts" asks the exact rules only, "before training" those and what else needs no training; "all"
    asks every rule also where the network learns, and what is found only because of that is a note.
    Rules whose trials the budget of the evidence has no room for are left out, and named there.
    """
    roots: list[Finding] = []
    for name, rule in (named for kind in kinds for named in rules_of(kind).items()):
        untrained = rule.exact or (rule.before_training and ask == "before training")
        if ask in ("facts", "before training") and not untrained:
            continue
        gated = not (rule.exact or rule.always) and evidence.learns
        if gated and ask != "all" and not evidence.frozen:
            continue
        for found in _asked(name, rule, evidence):
            _place(possible(_lessened(found, evidence) if gated else found, evidence.problem), roots)
    return sorted(_rooted(roots), key=lambda finding: SEVERITIES.index(finding.severity))


def _asked(name: str, rule: Rule, evidence: Evidence) -> list[Finding]:
    try:
        return list(rule.check(evidence))
    except OutOfBudget:
        evidence.budget.skipped.append(name)
        return []


def _rooted(roots: list[Finding]) -> list[Finding]:
    """A symptom that no problem explains has its cause in a warning that could: two faults hide each other,
    and the cure of one alone shows nothing."""
    for symptom in [root for root in roots if root.rule in SYMPTOMS and not root.remedies]:
        for at, root in enumerate(roots):
            grave = replace(root, severity=symptom.severity)
            if root.severity == "warning" and root.remedies and _explains(grave, symptom):
                roots[at] = grave.explaining((*root.consequences, symptom))
                roots.remove(symptom)
                break
    return roots


def rules_of(kind: str) -> dict[str, Rule]:
    """By name, in the order in which they are asked."""
    rules = {name: RULES[name]() for name in RULES.group(kind)}
    return dict(sorted(rules.items(), key=lambda named: (not named[1].exact, named[1].order, named[0])))


def _lessened(finding: Finding, evidence: Evidence) -> Finding:
    """Of a network that learns: a problem is a note, and a warning where it learns no more."""
    if evidence.frozen:
        return replace(finding, severity="warning") if finding.severity == "problem" else finding
    return replace(finding, severity="note")


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
    rule = RULES[cause.rule]
    grave = SEVERITIES.index(cause.severity) <= SEVERITIES.index(other.severity)
    return (
        cause.severity != "note"
        and grave
        and (
            other.rule in rule.explains
            # What explains one symptom explains all of them.
            or (other.rule in SYMPTOMS and not SYMPTOMS.isdisjoint(rule.explains))
        )
    )


def findings_of(config: ConfigSource, overrides: Sequence[str] = (), limited: bool = False) -> list[Finding]:
    """Find everything about a config. Raises ConfigError, DataError.

    limited: with the trials only that `mlp gradcheck` makes without --full.
    """
    evidence = evidence_of(config, overrides)
    if limited:
        evidence.budget = Budget.of(evidence.problem)
    return diagnose(evidence)
