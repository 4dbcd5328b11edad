"""Which executor runs, and what is said where an extra is missing."""

from pathlib import Path

import pytest

import mlpcli.execute as execute
from mlpcli.errors import ConfigError, MissingExtraError
from mlpcli.execute import MANY_STEPS, choose_executor, hint
from mlpcli.problem.build import prepare

XOR = Path(__file__).parents[2] / "configs" / "xor-sigmoid.yaml"


@pytest.fixture
def without_llvmlite(monkeypatch):
    monkeypatch.setattr(execute, "find_spec", lambda name: None)


def test_auto_is_native_where_it_is_installed():
    assert choose_executor("auto").name == "native"
    assert choose_executor("numpy").name == "numpy"
    assert choose_executor("native").name == "native"
    assert hint("auto", 10**9) == ""


def test_without_llvmlite_numpy_runs_and_says_what_would_be_faster(without_llvmlite):
    assert choose_executor("auto").name == "numpy"
    assert "pip install llvmlite" in hint("auto", MANY_STEPS)
    assert hint("auto", MANY_STEPS - 1) == ""
    assert hint("numpy", 10**9) == ""
    assert prepare(XOR).hints


def test_native_without_llvmlite_names_the_remedy_and_the_option(without_llvmlite):
    with pytest.raises(MissingExtraError, match=r"pip install llvmlite"):
        choose_executor("native")
    with pytest.raises(ConfigError, match=r"--set executor=native, key executor(.|\n)*llvmlite"):
        prepare(XOR, ["executor=native"])
