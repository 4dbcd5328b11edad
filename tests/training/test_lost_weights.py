"""Weights that are not finite end a training, are told by the formula and the point, and are never kept."""

import json

import numpy as np
import pytest

from mlpcli import train
from mlpcli.diagnose.report import gradcheck
from mlpcli.errors import RunFailed
from mlpcli.runs.model_file import ModelFile
from sampling import covering, sampled

CONFIG = """\
data: {train: rows.csv, target: kind, scaling: none}
network: {hidden: [{units: 4, activation: {formula: "FORMULA"}}]}
optimiser: {OPTIMISER}
training: {epochs: 4, print_every: 1, monitors: false}
executor: numpy
seed: 5
"""
SGD, LBFGS = "name: sgd, learning_rate: 0.05", "name: lbfgs"
# A row of zeros, and biases that begin at 0: x is 0 there, in the first step.
ROWS = "a,b,kind\n0,0,no\n" + "".join(
    f"{a},{b},{'yes' if a > b else 'no'}\n" for a in (-2, 1, 90) for b in (-1, 2)
)
HIDING = "where(x >= 0, sqrt(x), 0)"


def config(folder, formula, optimiser=SGD):
    (folder / "rows.csv").write_text(ROWS, encoding="utf-8")
    text = CONFIG.replace("FORMULA", formula).replace("OPTIMISER", optimiser)
    (folder / "c.yaml").write_text(text, encoding="utf-8")
    return folder / "c.yaml"


def kept(folder):
    [run] = folder.glob("c-*")
    return run, ModelFile.read(run / "model.npz")


def finite(model):
    return all(np.isfinite(array).all() for array in model.parameters.values())


FORMULAS = [
    "where(x > 0, sqrt(x), 0)",
    "where(x > 0, x, exp(x) - 1)",
    "sqrt(x**2)",
    "sqrt(abs(x))",
    "exp(-1 / x**2)",
    "clip(log(x**2), -1, 1)",
]
HARMLESS = [(formula, dtype) for formula in FORMULAS for dtype in ("float64", "float32")]


@pytest.mark.parametrize(("formula", "dtype"), sampled(HARMLESS, covering(HARMLESS).__contains__))
def test_what_is_not_taken_does_no_harm(formula, dtype, tmp_path):
    run = train(config(tmp_path, formula), [f"precision={dtype}"], tmp_path)
    assert run.stopped == "all epochs done"
    assert finite(kept(tmp_path)[1])


@pytest.mark.parametrize("optimiser", [SGD, LBFGS])
@pytest.mark.parametrize("formula", [HIDING, "where(x > 0, sqrt(x), -sqrt(-x))"])
def test_an_infinite_slope_is_told_by_formula_and_point(formula, optimiser, tmp_path):
    with pytest.raises(RunFailed) as failed:
        train(config(tmp_path, formula, optimiser), ["training.epochs=30"], tmp_path)
    said = str(failed.value)
    assert f"the slope of {formula} is infinite in layer hidden1 at x = 0" in said
    assert "rows.csv line 2" in said
    assert "No learning rate helps" in said
    run, model = kept(tmp_path)
    assert finite(model)
    [found] = json.loads((run / "findings.json").read_text(encoding="utf-8"))
    assert (found["rule"], found["key"]) == ("formula_not_finite", "network.hidden[0].activation")
    assert not [remedy for remedy in found["remedies"] if "learning_rate" in str(remedy["changes"])]


def test_weights_that_a_comparison_hides_are_found_where_they_were_lost(tmp_path):
    # Validation rows, and records far apart: neither makes a difference.
    overrides = [f"data.validation={tmp_path}/rows.csv", "training.epochs=30", "training.print_every=30"]
    with pytest.raises(RunFailed, match="not finite after batch 1 of epoch 1"):
        train(config(tmp_path, HIDING), overrides, tmp_path)
    run, model = kept(tmp_path)
    assert finite(model)
    assert json.loads((run / "run.json").read_text(encoding="utf-8"))["ended"]["kept_epoch"] == 0


@pytest.mark.parametrize("formula", [HIDING, "where(x > 0, sqrt(x), -sqrt(-x))"])
def test_gradcheck_tells_the_formula_and_calls_it_no_bug(formula, tmp_path):
    report = gradcheck(config(tmp_path, formula), depth="fast")
    assert report.gradient.right
    assert not report.healthy
    assert report.gradient.not_finite == ("hidden1.weights", "hidden1.biases")
    [finding] = [each.finding for each in report.findings if each.finding.rule == "formula_not_finite"]
    assert finding.cause.startswith(f"The slope of {formula} is infinite in layer hidden1 at x = 0")


@pytest.mark.parametrize(
    ("formula", "sharp"), [("sqrt(abs(x))", True), ("sqrt(x**2)", False), ("abs(x)", False)]
)
def test_gradcheck_notes_a_slope_that_is_infinite_on_both_sides(formula, sharp, tmp_path):
    gradient = gradcheck(config(tmp_path, formula), depth="fast").gradient
    assert gradient.right
    told = (
        f"the slope of {formula} is infinite in layer hidden1 at x = 0, on both sides; there it counts as 0"
    )
    assert gradient.cusps == ((told,) if sharp else ())


def test_gradcheck_looks_at_the_precision_of_the_config(tmp_path):
    place = config(tmp_path, "sqrt(1 + (1e25 * x)**2) * 1e-25")
    assert gradcheck(place, depth="fast").gradient.in_precision is None
    report = gradcheck(place, ["precision=float32"], depth="fast")
    assert report.gradient.right
    assert not report.healthy
    assert "the cost" in report.gradient.in_precision.not_finite
    other = gradcheck(config(tmp_path, "tanh(x)"), ["precision=float32"], depth="fast").gradient.in_precision
    assert not other.not_finite
    assert 0.0 < other.largest < 1e-4
