"""What is fuzzed: for each kind, the files of case number n and the commands that read them."""

from __future__ import annotations

import gzip
import io
import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from cli.world import CONFIG, csv_text, mlp
from fuzz.mutate import mutated_bytes, mutated_text

CONFIGS = Path(__file__).parents[2] / "configs"
MANY_PARAMETERS = 20_000
"""Of a network that is trained for an epoch, where its config turned out to be a valid one."""


@dataclass(frozen=True)
class Case:
    """files: name -> contents, in a folder of its own. commands: their arguments, one after the other.

    goes_on: of the output of a command, whether the next one follows.
    """

    files: dict[str, bytes]
    commands: tuple[tuple[str, ...], ...]
    goes_on: Callable[[str], bool] = lambda output: True


def case(kind: str, seed: int, number: int) -> Case:
    """The same for the same arguments, on every machine."""
    return KINDS[kind](random.Random(f"{kind} {seed} {number}"))


@cache
def _config_texts() -> tuple[str, ...]:
    shipped = [path.read_text(encoding="utf-8") for path in sorted(CONFIGS.glob("*.yaml"))]
    return (CONFIG, *(text.replace("../datasets", str(CONFIGS.parent / "datasets")) for text in shipped))


def _small(output: str) -> bool:
    """Whether `mlp check` described a network that one epoch of costs little."""
    words = output.replace(",", "").split()
    sizes = [int(words[at - 1]) for at, word in enumerate(words) if word.startswith("parameter") and at]
    return "fine:" in output and bool(sizes) and max(sizes) <= MANY_PARAMETERS


def _configs(rng: random.Random) -> Case:
    text = rng.choice(_config_texts())
    files = {
        "c.yaml": mutated_text(text, rng).encode("utf-8", "surrogatepass"),
        "data.csv": csv_text().encode(),
    }
    if rng.random() < 0.05:
        files["c.yaml"] = mutated_bytes(files["c.yaml"], rng)
    quick = ("--set", "training.epochs=1", "--set", "executor=numpy", "--quiet", "--runs", "runs")
    return Case(files, (("check", "c.yaml"), ("train", "c.yaml", *quick)), _small)


@cache
def _data_files() -> tuple[tuple[str, bytes, str], ...]:
    """Name, contents, and the lines of the config's data section."""
    rng = np.random.default_rng(0)
    arrays = {"x": rng.normal(size=(12, 3)), "y": np.arange(12) % 2}
    npz, npy = io.BytesIO(), io.BytesIO()
    np.savez(npz, **arrays)
    np.save(npy, arrays["x"])
    images = struct.pack(">HBBIII", 0, 8, 3, 12, 2, 2) + bytes(range(48))
    labels = struct.pack(">HBBI", 0, 8, 1, 12) + bytes([0, 1, 2] * 4)
    text = csv_text().encode()
    quoted = b'a;"b, c";kind\n1;"x ""y""";yes\n2;?;no\n3,5;;yes\n4;NA;no\n'
    return (
        ("d.csv", text, "train: d.csv, target: kind"),
        ("d.csv", quoted, "train: d.csv, target: kind"),
        ("d.tsv", text.replace(b",", b"\t"), "train: d.tsv, target: kind"),
        ("d.csv", text.partition(b"\n")[2], "train: d.csv, target: x4, header: false"),
        ("d.csv.gz", gzip.compress(text, mtime=0), "train: d.csv.gz, target: kind"),
        ("d.npz", npz.getvalue(), "train: d.npz, target: y"),
        ("d.npy", npy.getvalue(), "train: d.npy, target: x3, task: regression"),
        ("d-images-idx3-ubyte", images, "train: d-images-idx3-ubyte, labels: l-idx1-ubyte"),
        ("l-idx1-ubyte", labels, "train: d-images-idx3-ubyte, labels: l-idx1-ubyte"),
        (
            "d-images-idx3-ubyte.gz",
            gzip.compress(images, mtime=0),
            "train: d-images-idx3-ubyte.gz, labels: l-idx1-ubyte",
        ),
    )


def _data(rng: random.Random) -> Case:
    name, contents, keys = rng.choice(_data_files())
    others = {each[0]: each[1] for each in _data_files() if each[0] != name and "idx" in each[0]}
    changed = mutated_bytes(contents, rng)
    if name.endswith((".csv", ".tsv")) and rng.random() < 0.5:
        changed = mutated_text(contents.decode(), rng).encode("utf-8", "surrogatepass")
    config = f"data: {{{keys}}}\nnetwork: {{hidden: [2]}}\ntraining: {{epochs: 1}}\n"
    return Case({**others, name: changed, "c.yaml": config.encode()}, (("check", "c.yaml"),))


@cache
def _run_files() -> tuple[dict[str, bytes], ...]:
    """The files of finished runs: a classification, and a regression with some of the rest."""
    import tempfile

    more = "network: {hidden: [3, {units: 2, activation: prelu}]}\ndata: {train: data.csv, target: b}\n"
    runs = []
    for config in (CONFIG, f"{more}training: {{epochs: 2}}\nexecutor: numpy\n"):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "c.yaml").write_text(config, encoding="utf-8")
            (folder / "data.csv").write_text(csv_text(), encoding="utf-8")
            assert mlp("train", folder / "c.yaml", "--runs", folder).exit_code == 0
            runs.append({path.name: path.read_bytes() for path in sorted((folder / "c-1").iterdir())})
    return tuple(runs)


def _models(rng: random.Random) -> Case:
    files = dict(rng.choice(_run_files()))
    name = rng.choice(
        [each for each in files if each != "config.yaml" and not each.startswith(".")] + ["model.npz"] * 6
    )
    files[name] = mutated_bytes(files[name], rng)
    run = {f"run/{each}": contents for each, contents in files.items()}
    commands = (
        ("show", "run"),
        ("predict", "run", "data.csv", "-o", "out.csv"),
        ("evaluate", "run", "data.csv"),
    )
    return Case({**run, "data.csv": csv_text().encode()}, commands)


KINDS: dict[str, Callable[[random.Random], Case]] = {"configs": _configs, "data": _data, "models": _models}


def cases(kind: str, seed: int, numbers: range) -> Iterator[tuple[int, Case]]:
    """By number."""
    for number in numbers:
        yield number, case(kind, seed, number)
