"""The evidence of a config given as text, for tests of single rules."""

import tempfile
from pathlib import Path

from gallery.data import provide, write_table
from gallery.sentences import assert_lawful

from mlpcli.data.files import DataFiles
from mlpcli.diagnose.rules import RULES
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.problem.build import prepare


class Untrained(Evidence):
    """Facts need no training: asking for one fails."""

    learns = True

    @property
    def trials(self):
        raise AssertionError("a training is asked for")


def name(path):
    return f"{path.parent.name}/{path.stem}"


def evidence(text, *overrides, kind=Evidence, table=None):
    """table: the columns of table.csv."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        provide(text, Path(folder))
        if table is not None:
            write_table("table", table, Path(folder))
        path.write_text(text, encoding="utf-8")
        return kind(prepare(path, overrides, "float64", DataFiles(keep_tables=True)))


def found(rule, text, *overrides, table=None):
    findings = list(RULES[rule]().check(evidence(text, *overrides, table=table)))
    for finding in findings:
        assert_lawful(finding)
    return findings
