"""Which executor runs, and what is said where an extra is missing."""

from pathlib import Path

import pytest

import mlpcli.execute as execute
from mlpcli.errors import ConfigError, MissingExtraError
from mlpcli.execute import WORTH_COMPILING, choose_executor, hint
from mlpcli.pipeline import prepare

XOR = Path(__file__).parents[2] / "configs" / "xor-sigmoid.yaml"


@pytest.fixture
def without_llvmlite(monkeypatch):
    monkeypatch.setattr(execute, "find_spec", lambda name: None)


def test_auto_compiles_where_it_pays():
    assert choose_executor("auto", WORTH_COMPILING).name == "native"
    assert choose_executor("auto", WORTH_COMPILING - 1).name == "numpy"
    assert choose_executor("numpy", 10**9).name == "numpy"
    assert choose_executor("native", 1).name == "native"
    assert hint("auto", 10**9) == ""


def test_without_llvmlite_numpy_runs_and_says_what_would_be_faster(without_llvmlite):
    assert choose_executor("auto", 10**9).name == "numpy"
    assert "mlpcli[native]" in hint("auto", WORTH_COMPILING)
    assert hint("auto", WORTH_COMPILING - 1) == ""
    assert hint("numpy", 10**9) == ""
    assert prepare(XOR).hints


def test_native_without_llvmlite_names_the_remedy_and_the_option(without_llvmlite):
    with pytest.raises(MissingExtraError, match=r"pip install \'mlpcli\[native\]\'"):
        choose_executor("native", 1)
    with pytest.raises(ConfigError, match=r"--set executor=native, key executor(.|\n)*llvmlite"):
        prepare(XOR, ["executor=native"])
