"""What holds for every sentence of a finding, whatever its numbers are."""

import re

from mlpcli.cli.text.finding import measured

NOUNS = "rows|units|epochs|steps|columns|classes|parameters|layers|cells|seeds|inputs|levels"
SILLY = {
    "a change from a number to itself": r"\b(?:from|between) (-?[\d.e+-]+) (?:to|and) \1(?![\d.])",
    "one of many": r"\ball 1 |\bAll 1 ",
    "one in the plural": rf"(?<![\d.,] of )(?<![\d.,])\b1 (?:\w+ )?(?:{NOUNS})\b",
    "two blanks": r"  ",
    "no number": r"\bnan\b",
}


def assert_lawful(finding) -> None:
    """A sentence ends, says nothing silly, and the number that is shown lies where the rule says it does."""
    for text in (finding.cause, *(remedy.why for remedy in finding.remedies), finding.measure):
        for what, pattern in SILLY.items():
            assert not re.search(pattern, text), f"{finding.rule}: {what}: {text}"
    assert finding.severity in ("problem", "warning", "note"), finding.rule
    assert finding.cause.endswith("."), finding.cause
    assert (finding.value is None) == (finding.measure == ""), f"{finding.rule}: a value without its name"
    assert finding.value is not None or finding.threshold is None, finding.rule
    assert not finding.measure.endswith((".", ";", ",", ":")), finding.measure
    if finding.value is not None:
        shown = measured(finding)
        if finding.threshold not in (None, finding.value):
            number, limit = re.match(r"(\S+), (?:above|below) the threshold (\S+): ", shown).groups()
            assert (float(number) > float(limit)) == (finding.value > finding.threshold)
    for other in finding.consequences:
        assert_lawful(other)
