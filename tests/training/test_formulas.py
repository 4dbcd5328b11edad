"""Formulas from YAML to the model file: faults with their lines, training as what is built in, and back."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mlpcli import load, train
from mlpcli.cli.text.network_and_data import describe_network
from mlpcli.config.load import load_config_text
from mlpcli.diagnose.ranking import findings_of
from mlpcli.errors import ConfigError, ModelFileError
from mlpcli.problem.build import CHOICES
from mlpcli.runs.array_file import HEADER
from mlpcli.runs.folder import MODEL
from mlpcli.runs.model_file import ModelFile

ROOT = Path(__file__).parents[2]
CONFIG = """\
data: {train: %s/datasets/wine.csv, target: cultivar}
network:
  hidden:
    - units: 4
      activation:
        formula: "max(0, x) +
          leak * min(0, x)"
        parameters: {leak: 0.25}
loss: {formula: -target * log(prediction)}
training: {epochs: 3}
"""


def faults(activation, loss="squared_error"):
    text = "data: {train: a.csv}\nnetwork:\n  hidden:\n    - units: 4\n"
    text += f"      activation: {activation}\nloss: {loss}\n"
    with pytest.raises(ConfigError) as caught:
        load_config_text(text, "a.yaml", (), CHOICES, check_files=False)
    return [str(fault) for fault in caught.value.faults]


KEY = "error: a.yaml line 5, key network.hidden[0].activation"


def test_faults_have_file_line_and_key():
    found = faults('{formula: "x^2"}', "{formula: prediction - targt}")
    assert found == [
        f"{KEY}.formula\n  Column 2 of the formula: the sign '^' is not allowed.\n"
        "  Write ** for powers: x**2.",
        "error: a.yaml line 6, key loss.formula\n  Column 14 of the formula: 'targt' is not known here.\n"
        + found[1].splitlines()[2],
    ]
    assert (
        found[1].splitlines()[2].startswith("  Did you mean 'target'? Known: prediction, target, pi, e, abs,")
    )


@pytest.mark.parametrize(
    ("activation", "words"),
    [
        ("formula", f"{KEY}.formula\n  formula is missing."),
        ("{formula: max(0, x)}", f"{KEY}.formula\n  Column 4 of the formula: this bracket is not closed."),
        ("{formula: x, leak: 1}", f"{KEY}.leak\n  'leak' is not a known key of formula."),
        ("{name: tanh, formula: x}", f"{KEY}.formula\n  'formula' is not a known key of tanh."),
        ("{formula: a * x, parameters: {a: b}}", f"{KEY}.parameters.a\n  Expected a number, got 'b'."),
        ("{formula: x, parameters: {tanh: 1}}", f"{KEY}.parameters.tanh\n  tanh means something else"),
        ("{formula: x, parameters: 2}", f"{KEY}.parameters\n  Expected a section with keys, got '2'."),
        ("{formula: [x]}", f"{KEY}.formula\n  Expected a text, got a list."),
    ],
)
def test_faults_of_the_keys(activation, words):
    assert any(fault.startswith(words) for fault in faults(activation)), faults(activation)


def test_overrides_reach_into_a_formula_and_replace_it():
    text = CONFIG % ROOT

    def hidden(*options):
        return load_config_text(text, "a.yaml", options, CHOICES).config.network.hidden[0].activation

    key = "network.hidden[0].activation"
    assert hidden(f"{key}.parameters.leak=0.5").parameters == {"leak": 0.5}
    assert hidden(f"{key}=tanh") == CHOICES["activation"]["tanh"]()
    assert hidden(f"{key}={{formula: x / 2}}").formula == "x / 2"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("formulas")
    (folder / "c.yaml").write_text(CONFIG % ROOT, encoding="utf-8")
    return train(folder / "c.yaml", runs=folder / "runs")


def test_a_formula_survives_the_model_file_and_trains_as_what_is_built_in(run, tmp_path):
    model = load(run)
    text = CONFIG % ROOT
    start = text.index("      activation:")
    built_in = (
        text[:start]
        + "      activation: prelu\nloss: cross_entropy\ntraining: {epochs: 3}\nexecutor: numpy\n"
    )
    (tmp_path / "c.yaml").write_text(built_in, encoding="utf-8")
    other = load(train(tmp_path / "c.yaml", runs=tmp_path / "runs"))
    for name, array in other.file.parameters.items():
        np.testing.assert_allclose(model.file.parameters[name], array, rtol=1e-9, atol=1e-12, err_msg=name)
    assert set(model.file.parameters["hidden1.leak"]) - {0.25}
    model.file.write(tmp_path / "again.npz")
    written = run.path / MODEL
    assert (tmp_path / "again.npz").read_bytes() == written.read_bytes()
    assert describe_network(model.file.graph()) == "13 → 4 (max(0, x) + leak * min(0, x)) → 3 softmax"


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("formula", "__import__('os').system('true')"),
        ("formula", "x +" * 100_000 + "x"),
        ("formula", "9**9**9**9**9 * x * leak"),
        ("formula", ["x"]),
        ("formula", "x"),
        ("parameters", {"leak": 0.25, "weights": 1.0}),
        ("parameters", {"leak": [0.25] * 1000}),
        ("parameters", "leak"),
        ("parameters", {}),
        ("shared", True),
        ("more", 1),
    ],
)
def test_a_hostile_model_file_is_refused(run, tmp_path, where, value):
    source = run.path / MODEL
    with zipfile.ZipFile(source) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    header = json.loads(members.pop(HEADER))
    header["network"]["hidden"][0]["activation"][where] = value
    with zipfile.ZipFile(tmp_path / MODEL, "w") as archive:
        archive.writestr(HEADER, json.dumps(header))
        for name, data in members.items():
            archive.writestr(name, data)
    with pytest.raises(ModelFileError):
        ModelFile.read(tmp_path / MODEL)


@pytest.mark.parametrize("name", ["relu-abs-form", "leaky-relu-abs-form"])
def test_no_problem_is_found_with_the_textbooks_forms(name):
    assert not findings_of(ROOT / "configs" / f"{name}.yaml", ["executor=numpy"])


@pytest.mark.parametrize(
    ("name", "built_in"), [("relu-abs-form", "relu"), ("leaky-relu-abs-form", "leaky_relu")]
)
def test_the_textbooks_forms_train_as_what_is_built_in(name, built_in, tmp_path):
    config = ROOT / "configs" / f"{name}.yaml"
    ours, theirs = (
        train(config, ["executor=numpy", *changes], runs=tmp_path)
        for changes in ([], [f"network.hidden[0].activation={built_in}"])
    )
    assert ours.cost == pytest.approx(theirs.cost, rel=1e-6)
