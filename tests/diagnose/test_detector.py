"""What a rule or a monitor writes once, and what a finding of it may say instead."""

from mlpcli.diagnose.detector import Statistic
from mlpcli.diagnose.rules import RULES
from mlpcli.runs.finding import Remedy


def test_a_finding_takes_what_is_written_in_the_class():
    rule = RULES["inputs_too_small"]()
    remedy = Remedy("larger ones", ("data.scaling=standard",))
    finding = rule.finding("They are.", 0.001, (each for each in [remedy]), where="column a")
    assert (finding.rule, finding.severity, finding.cause) == ("inputs_too_small", "problem", "They are.")
    assert (finding.where, finding.key, finding.remedies) == ("column a", "data.scaling", (remedy,))
    assert (finding.value, finding.threshold, finding.measure) == (0.001, rule.threshold, rule.measure)


def test_a_finding_may_say_otherwise():
    rule = RULES["inputs_too_small"]()
    finding = rule.finding("No.", Statistic(3.0, None, "rows"), severity="note", key="")
    assert (finding.severity, finding.key) == ("note", "")
    assert (finding.value, finding.threshold, finding.measure) == (3.0, None, "rows")


def test_without_a_value_there_is_no_bound():
    finding = RULES["inputs_too_small"]().finding("So.")
    assert (finding.value, finding.threshold, finding.measure) == (None, None, "")
