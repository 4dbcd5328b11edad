"""What commands say of dropout, normalisations and frozen layers."""

import pytest
from cli.world import csv_text, mlp

CONFIG = """\
seed: 5
executor: numpy
data: {train: data.csv, target: kind}
network:
  hidden:
    - {units: 6, activation: tanh, normalisation: batch, dropout: 0.25}
    - {units: 4, activation: relu, normalisation: layer, trainable: false}
training: {epochs: 4, batch_size: 8, print_every: 4}
"""
NETWORK = "5 → 6 tanh (batch normalisation, dropout 0.25) → 4 relu (layer normalisation, frozen) → 1 sigmoid"


@pytest.fixture
def config(tmp_path):
    (tmp_path / "data.csv").write_text(csv_text(), encoding="utf-8")
    (tmp_path / "c.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path / "c.yaml"


def test_every_command_names_them(config, tmp_path):
    size = "79 parameters, 32 of them frozen"
    for command in (["check", config], ["train", config, "--runs", tmp_path], ["show", tmp_path / "c-1"]):
        result = mlp(*command)
        assert result.exit_code == 0, result.output
        assert f"network  {NETWORK}: {size}, float64" in result.output
    evaluated = mlp("evaluate", tmp_path / "c-1", tmp_path / "data.csv")
    assert evaluated.exit_code == 0


def test_the_graph_has_both_ways_and_what_a_step_moves(config):
    text = mlp("graph", config).output
    for word in ("prediction", "cost", "uniform(", "next hidden1.running_mean", "next dropout/steps"):
        assert word in text
    gradients = mlp("graph", config, "--gradients").output
    assert "gradient of hidden1.scale" in gradients
    assert "gradient of hidden2" not in gradients
    assert mlp("graph", config, "--dot").output.startswith("digraph")


def test_gradcheck_marks_what_is_frozen(config):
    result = mlp("gradcheck", config, "--fast")
    assert result.exit_code == 0, result.output
    assert "hidden1.shift" in result.output
    assert "hidden2.weights" not in result.output
    assert "frozen, so that no gradient is needed: hidden2" in result.output
    assert "relu, frozen" in result.output


def test_a_lost_cost_is_looked_for_in_the_step_that_lost_it(config, tmp_path):
    """With its mask, and normalised by its batch."""
    first = "{units: 6, activation: relu, dropout: 0.25, normalisation: batch}"
    hidden = f"network.hidden=[{first}, {{units: 6, activation: relu, dropout: 0.25}}]"
    rate = "optimiser={name: sgd, learning_rate: 1e200}"
    result = mlp("train", config, "--runs", tmp_path, "--set", hidden, "--set", rate)
    assert result.exit_code == 1
    assert "(in batch 2); it began in layer hidden2" in result.stderr


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("network.hidden[0].dropout=1", ("dropout", "at least 0 and below 1")),
        ("network.hidden[0].normalisation=bach", ("Did you mean 'batch'", "layer")),
        ("network.hidden[0].normalization={name: layer, momentum: 0.5}", ("'momentum' is not a known key",)),
        ("network.output.trainable=2", ("true or false",)),
        ("start_from=nowhere", ("start_from", "no file or folder")),
    ],
)
def test_mistakes_are_answered(config, change, words):
    result = mlp("check", config, "--set", change)
    assert result.exit_code == 2
    for word in words:
        assert word in result.output
