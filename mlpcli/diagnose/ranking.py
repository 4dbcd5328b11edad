"""All rules on one problem: findings with one root cause per chain, causes before symptoms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace

from mlpcli.config.load import ConfigSource
from mlpcli.diagnose.rule import KINDS, Rule
from mlpcli.diagnose.rules import RULES
from mlpcli.diagnose.trials.budget import Budget, OutOfBudget
from mlpcli.diagnose.trials.evidence import Evidence, evidence_of
from mlpcli.problem.problem import Problem
from mlpcli.runs.finding import SEVERITIES, Finding

SYMPTOMS = frozenset(RULES.group("symptom"))


def diagnose(evidence: Evidence, kinds: Iterable[str] = KINDS, ask: str = "usual") -> list[Finding]:
    """Ask the rules, and return root causes, the most severe first, each with what it explains.

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
        if gated and ask != "all" and not evidence.trial.stands_still:
            continue
        for found in _asked(name, rule, evidence):
            _insert(applicable(_downgraded(found, evidence) if gated else found, evidence.problem), roots)
    return sorted(_rooted(roots), key=lambda finding: SEVERITIES.index(finding.severity))


def applicable(finding: Finding, problem: Problem) -> Finding:
    """Return the finding without remedies that the config's optimiser has no key for.

    A line search has no learning rate to lower, and takes all rows at once.
    """
    optimizer = problem.optimizer
    known = {f"optimiser.{each.name}" for each in fields(optimizer)} | {"optimiser.name"}

    def fits(change: str) -> bool:
        key = change.partition("=")[0]
        batches = key == "training.batch_size" and optimizer.full_batch
        return not batches and (key in known or not key.startswith("optimiser."))

    kept = tuple(remedy for remedy in finding.remedies if all(map(fits, remedy.changes)))
    return finding if len(kept) == len(finding.remedies) else replace(finding, remedies=kept)


def _asked(name: str, rule: Rule, evidence: Evidence) -> list[Finding]:
    """Return what a rule finds; nothing, and its name in the budget, where its trials cost too much."""
    try:
        return list(rule.check(evidence))
    except OutOfBudget:
        evidence.budget.skipped.append(name)
        return []


def _rooted(roots: list[Finding]) -> list[Finding]:
    """Make warnings problems that explain a symptom which no problem explains.

    Two faults hide each other there, and the cure of one alone shows nothing.
    """
    for symptom in [root for root in roots if root.rule in SYMPTOMS and not root.remedies]:
        for at, root in enumerate(roots):
            raised = replace(root, severity=symptom.severity)
            if root.severity == "warning" and root.remedies and _explains(raised, symptom):
                roots[at] = raised.explaining((*root.consequences, symptom))
                roots.remove(symptom)
                break
    return roots


def rules_of(kind: str) -> dict[str, Rule]:
    """Return the rules of a kind by name, in the order in which they are asked."""
    rules = {name: RULES[name]() for name in RULES.group(kind)}
    return dict(sorted(rules.items(), key=lambda named: (not named[1].exact, named[1].order, named[0])))


def _downgraded(finding: Finding, evidence: Evidence) -> Finding:
    """Make a finding about a network that learns a note, and a warning where its weights stand still."""
    if evidence.trial.stands_still:
        return replace(finding, severity="warning") if finding.severity == "problem" else finding
    return replace(finding, severity="note")


def _insert(finding: Finding, roots: list[Finding]) -> None:
    """Insert a finding below its cause, or as one more root in the place of the first that it explains."""
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
    """Tell whether a finding may be the cause of another: it must be as severe, and no note."""
    rule = RULES[cause.rule]
    severe_enough = SEVERITIES.index(cause.severity) <= SEVERITIES.index(other.severity)
    return (
        cause.severity != "note"
        and severe_enough
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
