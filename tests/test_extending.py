"""The recipes of docs/extending.md, followed to the letter in a copy of the package."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from recipes import recipes

ROOT = Path(__file__).parent.parent
RECIPES = recipes(ROOT / "docs/extending.md")
LAWS = {
    "An activation": [
        "tests/nn/activations",
        "tests/nn/test_activations.py::test_values_from_the_source",
        "tests/nn/test_activations.py::test_derivative_equals_central_difference",
        "tests/nn/test_activations.py::test_finite_for_every_finite_input",
        "tests/diagnose/rules/test_graph_rules.py::test_the_range_of_an_activation",
        "tests/diagnose/layers/test_health.py::test_a_curve_is_not_straight",
        "tests/nn/test_gradcheck_law.py::test_any_activation_as_output_with_any_loss",
    ],
    "An optimiser": [
        "tests/optim/optimizers",
        "tests/optim/test_optimizers.py::test_every_optimizer_is_compared",
        "tests/optim/test_optimizers.py::test_twenty_steps_equal_those_written_by_hand",
        "tests/optim/test_law.py::test_it_trains",
        "tests/optim/test_law.py::test_every_pair_occurs",
    ],
    "A data format": [
        "tests/data/formats/test_matrix_market.py",
        "tests/data/formats/test_array_formats.py::test_every_format_tells_its_own_files_from_the_others",
    ],
    "A rule": ["tests/diagnose/rules/graph"],
}
"""Tests of the copy that are run each time; `make test-all` runs the commands of the page."""
COPIED = {"mlpcli", "tests", "docs"}
LEFT_OUT = {".git", ".venv", ".cache", ".hypothesis", ".ruff_cache", ".mypy_cache", "runs"}
"""What the copy has no use for. All else of the repository is linked."""
DOCS = ["documented", "make_docs", "page_in_the_index"]
NEW = ("celu", "lion", "matrix_market", "clipping_too_tight")
ALL_AT_ONCE = "from_the_source or central or every_finite or every_format or every_optimizer or every_pair"
"""Laws that are one test for a whole table; of the activations the plugin below leaves only ours."""
PLUGIN = """
def pytest_collection_modifyitems(items):
    for item in items:
        if hasattr(item.module, "ELEMENTWISE"):
            item.module.ELEMENTWISE[:] = ["celu"]
"""
IN_A_CONFIG = '''
"""A config names what was added, and the model file gives it back."""

from pathlib import Path

import mlpcli
import numpy as np
import pytest
from mlpcli.data.read import format_of


def test_matrix_market_celu_and_lion_in_a_config(tmp_path):
    assert Path(mlpcli.__file__).is_relative_to(Path(__file__).parent.parent)  # the copy
    rows = tmp_path / "rows"
    cells = [(a, b, a ^ b) for a in (0, 1) for b in (0, 1)] * 5
    numbers = "".join(f"{row[at]}\\n" for at in range(3) for row in cells)
    rows.write_text(f"%%MatrixMarket matrix array real general\\n20 3\\n{numbers}")
    config = {
        "data": {"train": str(rows), "target": "x3"},
        "network": {
            "hidden": [{"units": 3, "activation": {"name": "celu", "alpha": 2.0}}]
        },
        "optimiser": {"name": "lion", "learning_rate": 0.01, "beta1": 0.8},
        "training": {"epochs": 3},
    }
    run = mlpcli.train(config, (), tmp_path / "runs")
    model = mlpcli.load(run)
    first, again = (model.predict(str(rows)).values for _ in range(2))
    assert first.shape == (20, 2)
    np.testing.assert_array_equal(first, again)
    mlpcli.check(config, "network.hidden[0].activation={formula: 2 * celu(x)}")
    with pytest.raises(mlpcli.MlpError, match="alpha"):
        mlpcli.check(config, "network.hidden[0].activation.alpha=0")


def test_a_matrix_is_known_by_its_first_bytes(tmp_path):
    (tmp_path / "data").write_bytes(b"%%MatrixMarket matrix array real general\\n1 1\\n3\\n")
    assert format_of(str(tmp_path / "data")) == "matrix_market"
'''


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The package, its tests and pages with the files of all recipes, and an environment to run them in."""
    folder = tmp_path_factory.mktemp("copy")
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name)
    for name in sorted({path.name for path in ROOT.iterdir()} - COPIED - LEFT_OUT):
        (folder / name).symlink_to(ROOT / name)
    for recipe in RECIPES:
        for path, text in recipe.files.items():
            assert not (folder / path).exists(), f"{path}: a recipe adds files, it changes none"
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    (folder / "only_ours.py").write_text(PLUGIN, encoding="utf-8")
    (folder / "tests/test_in_a_config.py").write_text(IN_A_CONFIG, encoding="utf-8")
    return folder


def run(copy, command):
    """Run a command of the page in the copy; it has to end well."""
    program, *arguments = shlex.split(command)
    assert program == "python"
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=copy, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def test_there_are_four_recipes_and_each_has_its_test():
    assert [recipe.title for recipe in RECIPES] == list(LAWS)
    for recipe in RECIPES:
        assert [path for path in recipe.files if path.startswith("mlpcli/")]
        assert [path for path in recipe.files if Path(path).name.startswith("test_")]
        assert any(command.startswith("python -m pytest ") for command in recipe.commands)


def test_what_the_recipes_add_is_under_the_laws(copy):
    for command in sorted({each for recipe in RECIPES for each in recipe.commands if " docs/" in each}):
        run(copy, command)
    laws = [test for tests in LAWS.values() for test in tests]
    chosen = " or ".join((*NEW, *DOCS, ALL_AT_ONCE))
    tests = shlex.join([*laws, "tests/test_docs.py", "tests/test_in_a_config.py", "-k", chosen])
    said = run(copy, f"python -m pytest -q -p only_ours {tests}")
    assert " failed" not in said
    written = shlex.join(path for recipe in RECIPES for path in recipe.files if path.endswith(".py"))
    run(copy, f"python -m ruff check --no-cache {written}")
    run(copy, f"python -m ruff format --no-cache --check {written}")


@pytest.mark.full
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.title)
def test_the_commands_of_the_page(recipe, copy):
    for command in recipe.commands:
        run(copy, command)
