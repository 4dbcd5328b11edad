"""What is fuzzed: for each kind, the files of case number n and the commands that read them."""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import lzma
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from cli.world import CONFIG, csv_text
from fuzz.mutate import mutated_arrays, mutated_bytes, mutated_text

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
        ("d.csv.bz2", bz2.compress(text), "train: d.csv.bz2, target: kind"),
        ("d.csv.xz", lzma.compress(text), "train: d.csv.xz, target: kind"),
        ("d.zip", _zipped("d.csv", text), "train: d.zip, target: kind"),
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


def _zipped(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), content)
    return packed.getvalue()


def _data(rng: random.Random) -> Case:
    name, contents, keys = rng.choice(_data_files())
    others = {each[0]: each[1] for each in _data_files() if each[0] != name and "idx" in each[0]}
    changed = mutated_bytes(contents, rng)
    if name.endswith((".csv", ".tsv")) and rng.random() < 0.5:
        changed = mutated_text(contents.decode(), rng).encode("utf-8", "surrogatepass")
    config = f"data: {{{keys}}}\nnetwork: {{hidden: [2]}}\ntraining: {{epochs: 1}}\n"
    return Case({**others, name: changed, "c.yaml": config.encode()}, (("check", "c.yaml"),))


MORE = "data: {train: data.csv, target: b, validation: 0.3}\n"
MIXED = f"{MORE}network: {{hidden: [3, {{units: 2, activation: prelu, dropout: 0.2}}]}}\n"
REGRESSION = f"{MIXED}training: {{epochs: 2, on_divergence: halve}}\nexecutor: numpy\n"
REPEATED = f"{MORE}network: {{hidden: [2]}}\ntraining: {{epochs: 2}}\nrepeat: {{seeds: 3, cost_below: 9}}\n"


def _trained(config: str, stop_after: int | None = None) -> dict[str, bytes]:
    """The files of a run. stop_after: so many looks at whether it was interrupted."""
    import tempfile

    from mlpcli.experiments.train import train

    looks = itertools.count(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "c.yaml").write_text(config, encoding="utf-8")
        (folder / "data.csv").write_text(csv_text(), encoding="utf-8")
        with suppress(KeyboardInterrupt):  # where not all seeds are done
            train(folder / "c.yaml", (), folder, interrupted=lambda: next(looks) == stop_after)
        return {path.name: path.read_bytes() for path in sorted((folder / "c-1").iterdir())}


@cache
def _run_files() -> tuple[dict[str, bytes], ...]:
    """Finished runs: a classification, and a regression with some of the rest."""
    return _trained(f"{CONFIG}executor: numpy\n"), _trained(REGRESSION)


@cache
def _broken_off_files() -> tuple[dict[str, bytes], ...]:
    """Runs that stopped after an epoch, within one, and between two seeds."""
    numpy = f"{CONFIG}executor: numpy\n"
    return _trained(numpy, 5), _trained(numpy, 7), _trained(REGRESSION, 1), _trained(REPEATED, 4)


def _damaged(files: dict[str, bytes], often: str, rng: random.Random) -> dict[str, bytes]:
    """One of the files was changed, in most cases the one named; they lie in the folder `run`."""
    names = [each for each in files if each != "config.yaml" and not each.startswith(".")]
    name = rng.choice(names + [often] * 6 if often in files else names)
    change = mutated_arrays if name.endswith(".npz") and rng.random() < 0.5 else mutated_bytes
    files = {**files, name: change(files[name], rng)}
    return {f"run/{each}": contents for each, contents in files.items()} | {"data.csv": csv_text().encode()}


def _models(rng: random.Random) -> Case:
    commands = (
        ("show", "run"),
        ("predict", "run", "data.csv", "-o", "out.csv"),
        ("evaluate", "run", "data.csv"),
    )
    return Case(_damaged(rng.choice(_run_files()), "model.npz", rng), commands)


def _checkpoints(rng: random.Random) -> Case:
    commands = (("show", "run"), ("compare", "run", "run"), ("train", "--resume", "run", "--quiet"))
    return Case(_damaged(rng.choice(_broken_off_files()), "checkpoint.npz", rng), commands)


KINDS: dict[str, Callable[[random.Random], Case]] = {
    "configs": _configs,
    "data": _data,
    "models": _models,
    "checkpoints": _checkpoints,
}


def cases(kind: str, seed: int, numbers: range) -> Iterator[tuple[int, Case]]:
    """By number."""
    for number in numbers:
        yield number, case(kind, seed, number)
