from pathlib import Path

import pytest

from mlpcli import train
from mlpcli.pipeline.gradcheck import gradcheck

CONFIGS = Path(__file__).parents[2] / "configs"
SHIPPED = [
    "xor-sigmoid",
    "xor-hard-sigmoid",
    "xor-softmax-momentum",
    "xor-tanh",
    "iris",
    "wine",
    "breast-cancer",
]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_gradient_of_shipped_configs_is_right(name):
    report = gradcheck(CONFIGS / f"{name}.yaml")
    assert report.weights == "initial"
    assert all(check.right for check in report.checks)
    assert sum(check.checked for check in report.checks) > 0
    assert report.healthy


def test_zero_output_weights_cut_the_hidden_layer_off_at_first():
    report = gradcheck(CONFIGS / "xor-tanh.yaml")
    assert [layer.cut_off for layer in report.layers] == [True, False]
    assert report.delayed == ("hidden1",)  # after one step it does arrive
    assert report.healthy


def test_a_run_is_checked_with_its_trained_weights(tmp_path):
    run = train(CONFIGS / "xor-sigmoid.yaml", ["training.epochs=50"], tmp_path)
    report, initial = gradcheck(run.path), gradcheck(CONFIGS / "xor-sigmoid.yaml")
    assert report.weights == "trained"
    assert report.healthy
    assert report.cost != initial.cost
    # the trained cost is that of the run's last epoch, up to the updates within it
    assert report.cost == pytest.approx(run.cost, rel=0.05)


def test_float32_configs_are_checked_in_float64():
    report = gradcheck(CONFIGS / "iris.yaml", ["precision=float32"])
    assert all(check.right for check in report.checks)
    assert max(c.worst.relative_error for c in report.checks if c.worst) < 1e-5


def test_unscaled_inputs_kill_a_relu_layer_and_it_is_said():
    overrides = [
        "data.scaling=none",
        "network.hidden[0].activation=relu",
        "network.hidden[0].bias_initialisation={name: constant, value: -1e6}",
    ]
    report = gradcheck(CONFIGS / "wine.yaml", overrides)
    assert report.layers[0].cut_off
    assert report.layers[0].dead == report.layers[0].units
    assert not report.healthy
