"""Trainings of rows from the cache: the models, to the bit, of those of rows that were read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlpcli.api import train
from mlpcli.data import table_size

CONFIGS: dict[str, dict[str, Any]] = {
    "parts": {"data": {"validation": 0.2, "test": 0.2}},
    "weights in float32": {"precision": "float32", "data": {"weight": "w", "validation": 0.2}},
    "seeds": {"repeat": 3, "data": {"validation": 0.2}},
    "folds": {"training": {"epochs": 3, "folds": 3}},
    "a rate that is found": {"optimiser": {"name": "sgd", "learning_rate": "auto"}},
    "all rows at once": {"optimiser": "lbfgs"},
    "numpy": {"executor": "numpy"},
}
DATA = {"train": "train.csv", "target": "answer"}
BASE = {"network": {"hidden": [4]}, "training": {"epochs": 3}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(200):
        (size, heavy), kind = rng.normal(size=2), int(rng.integers(0, 3))
        answer = "yes" if size + kind > 1 else "no"
        rows.append(f"{size:.3f},{heavy:.3f},{'abc'[kind]},{rng.integers(1, 4)},{answer}")
    (tmp_path / "train.csv").write_text("\n".join(["size,heavy,kind,w,answer", *rows]) + "\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def trained(config: dict[str, Any], cache: bool) -> dict[str, bytes]:
    given = BASE | config | {"data": DATA | config.get("data", {}) | {"cache": cache}}
    run = train(given)
    paths = sorted(Path(run.path).rglob("model.npz"))
    assert paths
    return {
        f"{path.name}/{name}": array.tobytes()
        for path in paths
        for name, array in np.load(path, allow_pickle=False).items()
        if isinstance(array, np.ndarray) and array.dtype.kind == "f"
    }


@pytest.mark.parametrize("name", CONFIGS)
def test_models_have_the_same_bits(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = trained(CONFIGS[name], cache=False)
    assert not (folder / "cache" / "mlp" / "data").exists()
    first = trained(CONFIGS[name], cache=True)
    assert list((folder / "cache" / "mlp" / "data").iterdir())
    assert first == trained(CONFIGS[name], cache=True) == wanted
    monkeypatch.setattr(table_size, "available_memory", lambda: 0)
    assert trained(CONFIGS[name], cache=False) == wanted
