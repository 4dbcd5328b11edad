"""A folder with a config, its data, a finished run and much that is none of these; and how to run `mlp`."""

from __future__ import annotations

import gzip
import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
from cli.loaded import Parted
from click.testing import CliRunner, Result

from mlpcli.cli.main import cli

MLP = [sys.executable, "-m", "mlpcli"]

CONFIG = """\
# Two flowers apart.
seed: 5
data:
  train: data.csv   # relative to this file
  target: kind
network:
  hidden:
    - {units: 4, activation: tanh}   # one layer
optimiser: {name: adam, learning_rate: 0.05}
training: {epochs: 6, batch_size: 8, print_every: 2}
"""


def rows(count: int = 24, seed: int = 0) -> list[tuple[float, float, str, str]]:
    """a, b, colour, kind; kind is `no` where a + b is negative."""
    rng = np.random.default_rng(seed)
    found = []
    for at in range(count):
        a, b = (round(float(each), 3) for each in rng.normal(size=2))
        found.append((a, b, ("red", "blue", "green")[at % 3], "yes" if a + b > 0 else "no"))
    return found


def csv_text(names: str = "a,b,colour,kind", count: int = 24, seed: int = 0) -> str:
    """Those columns of `rows`, in that order."""
    places = ["a,b,colour,kind".split(",").index(name) for name in names.split(",")]
    lines = [",".join(str(row[at]) for at in places) for row in rows(count, seed)]
    return "\n".join([names, *lines]) + "\n"


def mlp(*args: str | Path, stdin: str | bytes | None = None) -> Result:
    """Run a command in this process. An exception that is not an exit is raised: a user would see it."""
    result = CliRunner().invoke(cli, [str(arg) for arg in args], input=stdin, prog_name="mlp")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def start(*args: str | Path, **more: object) -> subprocess.Popen[str]:
    """Start a command in a new process; output and errors are pipes of text. Most tests use start_loaded."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **more}
    return subprocess.Popen([*MLP, *map(str, args)], **pipes)  # type: ignore[call-overload]


def ended(process: subprocess.Popen[str] | Parted, timeout: float = 60) -> tuple[str, str, int]:
    """Output, errors (stripped) and exit code; never a process left behind, nor a traceback."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    assert "Traceback" not in err, err
    return out, err.strip(), process.returncode


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file below a folder, and every folder, with a digest of what is in it."""
    found = {}
    for top, folders, files in os.walk(folder):
        found |= {os.path.join(top, name): "folder" for name in folders}
        for name in (each for each in files if not os.path.islink(os.path.join(top, each))):
            path = os.path.join(top, name)
            with open(path, "rb") as file:
                found[path] = hashlib.sha256(file.read()).hexdigest()
    return found


def make_world(folder: Path) -> None:
    """Fill a folder. `run` is a finished run; the rest is wrong in one place or another."""
    (folder / "good.yaml").write_text(CONFIG, encoding="utf-8")
    (folder / "data.csv").write_text(csv_text(), encoding="utf-8")
    result = mlp("train", folder / "good.yaml", "--runs", folder)
    assert result.exit_code == 0, result.stderr
    (folder / "good-1").rename(folder / "run")
    model = (folder / "run" / "model.npz").read_bytes()

    (folder / "empty").write_bytes(b"")
    (folder / "blank").write_text(" \n\n", encoding="utf-8")
    (folder / "binary").write_bytes(bytes(range(256)) * 8)
    (folder / "folder").mkdir()
    (folder / "loop").symlink_to("loop")
    (folder / "no-model").mkdir()
    (folder / "no-model" / "config.yaml").write_bytes((folder / "run" / "config.yaml").read_bytes())
    (folder / "cut.npz").write_bytes(model[: len(model) // 2])
    (folder / "mangled.npz").write_bytes(model[:900] + b"\0" * 64 + model[964:])
    with zipfile.ZipFile(folder / "other.zip", "w") as archive:
        archive.writestr("letter.txt", "Dear all")
    np.savez(folder / "numpy.npz", u=np.arange(4.0), v=np.arange(4.0))
    np.save(folder / "pickle.npy", np.array([{"a": 1}], object), allow_pickle=True)
    (folder / "cut.csv.gz").write_bytes(gzip.compress(csv_text().encode())[:-30])
    (folder / "other.csv").write_text("u,v\n1,2\n3,4\n", encoding="utf-8")
    (folder / "ragged.csv").write_text(csv_text() + "1,2\n", encoding="utf-8")
    (folder / "latin.csv").write_bytes(csv_text().encode() + "1,2,grün,yes\n".encode("latin-1"))
    (folder / "words.csv").write_text(csv_text() + "much,2,red,yes\nmore,2,red,no\n", encoding="utf-8")
    (folder / "header.csv").write_text("a,b,colour,kind\n", encoding="utf-8")
