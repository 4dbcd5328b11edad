"""Compare this build with another one: do all shipped configs train, predict and diagnose to the same bits?

    python benchmarks/same_as.py ../before             # a checkout of the other build
    python benchmarks/same_as.py ../before iris wine    # these configs only

Each command runs in a process of its own, with the same Python, once with either build on PYTHONPATH. Data
sets that are not shipped are taken from MLP_SHARED_DATA or ../shared/data; configs without their data are
named and left out. Compared are how the run ended (digests of model and state among it), the history without
its seconds, the findings, the CSV that `mlp predict` writes, and what `mlp gradcheck --json` says.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("MLP_SHARED_DATA") or ROOT.parent / "shared" / "data")
MNIST = {
    "train": "mnist/train-images-idx3-ubyte.gz",
    "labels": "mnist/train-labels-idx1-ubyte.gz",
    "test": "mnist/t10k-images-idx3-ubyte.gz",
    "test_labels": "mnist/t10k-labels-idx1-ubyte.gz",
}
ELSEWHERE = {
    "adult": {"train": "adult/adult-train.csv.gz", "test": "adult/adult-test.csv.gz"},
    "auto-mpg": {"train": "auto-mpg/mpg.csv"},
    "california-housing": {"train": "california-housing/housing.csv"},
    "california-housing-dropout": {"train": "california-housing/housing.csv"},
    "concrete": {"train": "concrete/concrete.csv"},
    "mnist-fast": MNIST,
    "mnist-tanh": MNIST,
    "titanic": {"train": "titanic/train.csv"},
    "wine-quality": {"train": "wine-quality/winequality-red.csv"},
}
EPOCHS = {
    "adult": 5,
    "california-housing": 5,
    "california-housing-dropout": 5,
    "mnist-fast": 2,
    "mnist-tanh": 2,
}
"""Epochs of configs that take long; the others are trained in full."""
WITHOUT_DIAGNOSIS = ("mnist-fast", "mnist-tanh")
"""Configs whose gradcheck takes minutes."""


def run(build: Path, *args: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(build)}
    command = [sys.executable, "-m", "mlpcli", *args]
    return subprocess.run(command, env=env, capture_output=True, text=True, cwd=tempfile.gettempdir())


def results(build: Path, name: str, folder: Path) -> dict[str, Any]:
    """What a build makes of a config. folder: an empty one for its run."""
    config, places = str(ROOT / "configs" / f"{name}.yaml"), ELSEWHERE.get(name, {})
    data = [f"data.{key}={DATA / file}" for key, file in places.items()]
    sets = [word for each in data for word in ("--set", each)]
    epochs = ["--set", f"training.epochs={EPOCHS[name]}"] if name in EPOCHS else []
    trained = run(build, "train", config, *sets, *epochs, "--runs", str(folder), "--quiet")
    found: dict[str, Any] = {"exit code of train": trained.returncode}
    (own,) = folder.iterdir()
    summary = json.loads((own / "run.json").read_text(encoding="utf-8"))
    found["run"] = {key: value for key, value in summary["ended"].items() if "seconds" not in key}
    rows = (own / "history.csv").read_text(encoding="utf-8").splitlines()
    seconds = rows[0].split(",").index("seconds")
    found["history"] = [[*cells[:seconds], *cells[seconds + 1 :]] for cells in (r.split(",") for r in rows)]
    findings = own / "findings.json"
    found["findings"] = findings.exists() and json.loads(findings.read_text(encoding="utf-8"))
    rows_of = data[0].partition("=")[2] if data else str(next(_data(config)))
    found["predictions"] = run(build, "predict", str(own), rows_of).stdout
    if name not in WITHOUT_DIAGNOSIS:
        checked = run(build, "gradcheck", config, *sets, "--json")
        found["exit code of gradcheck"] = checked.returncode
        found["gradcheck"] = json.loads(checked.stdout)
    return found


def _data(config: str) -> Any:
    from mlpcli import check

    yield check(config).config.data.train


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """The places at which two results differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted({*one, *other})
        return [
            text
            for key in keys
            for text in differences(one.get(key), other.get(key), f"{where}.{key}" if where else key)
        ]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [t for i, (a, b) in enumerate(zip(one, other)) for t in differences(a, b, f"{where}[{i}]")]
    return [] if one == other else [f"{where}: {str(one)[:60]} | {str(other)[:60]}"]


def main() -> None:
    other, *chosen = sys.argv[1:]
    names = chosen or sorted(path.stem for path in (ROOT / "configs").glob("*.yaml"))
    same = 0
    for name in names:
        missing = [file for file in ELSEWHERE.get(name, {}).values() if not (DATA / file).exists()]
        if missing:
            print(f"{name:28} left out: no {missing[0]}")
            continue
        with tempfile.TemporaryDirectory() as place:
            folders = [Path(place) / "this", Path(place) / "other"]
            for folder in folders:
                folder.mkdir()
            builds = (ROOT, Path(other).resolve())
            one, two = (results(build, name, folder) for build, folder in zip(builds, folders))
        found = differences(one, two)
        same += not found
        print(f"{name:28} {'the same' if not found else f'{len(found)} differences'}", flush=True)
        for text in found[:10]:
            print(f"    {text}")
    print(f"{same} of {len(names)} configs are the same")


if __name__ == "__main__":
    main()
