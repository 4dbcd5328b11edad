"""Sentences that were false or silly for some values of their numbers."""

import numpy as np
import pytest
from gallery.evidence import evidence, found

from mlpcli.cli.text.finding import describe_finding
from mlpcli.diagnose.repair.proposal import propose
from mlpcli.diagnose.trials.evidence import evidence_of
from mlpcli.runs.finding import Finding, Remedy

TABLE = """
seed: 0
executor: numpy
data: {train: table.csv, target: label}
network: {hidden: [{units: 4, activation: tanh}]}
optimiser: {name: adam, learning_rate: 0.02}
training: {epochs: 30, batch_size: 16}
"""


def two_heaps(count=60, **more):
    """x tells the label."""
    label = np.arange(count) % 2
    return {"x": label + 0.1 * np.random.default_rng(0).normal(size=count), **more, "label": label}


def test_the_only_input_column():
    table = {"x": np.full(20, 3.0), "label": np.arange(20) % 2}
    (finding,) = found("constant_inputs", TABLE, table=table)
    assert finding.cause.startswith("Constant over 20 training rows: the only input column;")


def test_a_threshold_that_was_not_applied_is_not_shown():
    one, most = {"zero": np.zeros(60)}, {f"zero{at}": np.zeros(60) for at in range(3)}
    notes = found(
        "constant_inputs",
        TABLE,
        table=two_heaps(a=np.arange(60.0) + 0.5, b=np.arange(60.0) ** 2 + 0.5, **one),
    )
    assert (notes[0].severity, notes[0].value, notes[0].threshold) == ("note", 0.25, 0.0)
    (warning,) = found("constant_inputs", TABLE, table=two_heaps(**most))
    assert (warning.severity, warning.value, warning.threshold) == ("warning", 0.75, 0.5)


def test_a_penalty_on_a_network_that_is_right_in_all_rows():
    (finding,) = found("over_regularised", TABLE, "optimiser.l2=0.2", table=two_heaps())
    assert "stronger than the data" not in finding.cause
    assert "100% of the rows are told right all the same" in finding.cause
    assert finding.value < finding.threshold < np.log(2)


def test_a_loss_that_stays_is_not_said_to_go_from_0_to_0():
    (finding,) = found("learning_rate_too_low", TABLE, "optimiser.learning_rate=1e-200", table=two_heaps())
    assert "leave the loss at" in finding.cause
    assert "from" not in finding.cause


@pytest.mark.parametrize("rate", ["1e-7", "1e-3"])
def test_what_begins_with_right_weights_is_not_told_to_go_faster(rate, tmp_path, monkeypatch):
    from mlpcli import train

    monkeypatch.chdir(tmp_path)
    rows = two_heaps()
    lines = ["x,label", *(f"{x:.4f},{label}" for x, label in zip(rows["x"], rows["label"], strict=True))]
    (tmp_path / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "c.yaml").write_text(TABLE, encoding="utf-8")
    run = train(tmp_path / "c.yaml", ["training.epochs=150"], tmp_path / "runs")
    subject = evidence_of(tmp_path / "c.yaml", [f"start_from={run.path}", f"optimiser.learning_rate={rate}"])
    assert subject.learns
    from mlpcli.diagnose.rules import RULES

    assert not list(RULES["learning_rate_too_low"]().check(subject))


def test_a_remedy_that_runs_away_is_not_proposed(tmp_path):
    (tmp_path / "data.csv").write_text("x,y\n1,2.5\n2,3.5\n4,5.5\n", encoding="utf-8")
    (tmp_path / "c.yaml").write_text(
        "executor: numpy\ndata: {train: data.csv, target: y}\nnetwork: {hidden: [3]}\n"
        "optimiser: {name: sgd, learning_rate: 0.1}\ntraining: {epochs: 30}\n",
        encoding="utf-8",
    )
    remedies = (
        Remedy("much too long steps", ("optimiser.learning_rate=1e9",)),
        Remedy("as it should be", ("optimiser.learning_rate=0.2",)),
    )
    finding = Finding(rule="stalled_at_baseline", severity="problem", cause="It does not.", remedies=remedies)
    told = propose(finding, evidence_of(tmp_path / "c.yaml"), try_them=True)
    assert [each.in_vain for each in told.proposals] == [False, True]
    assert told.best.remedy is remedies[1]
    lines = describe_finding(told).splitlines()
    assert [line for line in lines if line.startswith("in vain")] == [
        "in vain   much too long steps: optimiser.learning_rate=1e9; tried: the cost"
    ]


def test_a_variant_that_runs_away_has_no_loss_of_nan():
    subject = evidence(TABLE, table=two_heaps())
    lost = ("optimiser={name: sgd, learning_rate: 1e300}", "loss=squared_error", "network.output=linear")
    lost = subject.variants.outcome(lost)
    assert not lost.trial.finite
    assert lost.text == "runs away: its cost becomes infinite or NaN"
