"""benchmarks/kills.py with a small budget: real kills at random moments, and the same bits after all."""

import importlib.util
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from cli.loaded import start_loaded

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL")


def kills():
    path = Path(__file__).parents[1] / "benchmarks" / "kills.py"
    spec = importlib.util.spec_from_file_location("kills", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["kills"] = module
    spec.loader.exec_module(module)
    return module


def test_killed_trainings_end_with_the_same_bits(tmp_path, monkeypatch):
    module = kills()
    often = module.MLP[2].partition("from mlpcli.cli.main")[0]  # checkpoints twenty times a second
    monkeypatch.setattr(module, "started", lambda *args: start_loaded(*args, first=often, text=False))
    changes = ("executor=numpy", "training.epochs=150", "data.validation=0.3", "training.print_every=10")
    case = module.Case("iris", "iris.yaml", changes)
    module.prepare(case, tmp_path)
    rng = np.random.default_rng(1)
    for _ in range(2):
        module.kill(case, tmp_path, rng)
    assert (case.equal, case.wrong) == (2, [])
