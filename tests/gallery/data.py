"""Tables for the gallery, made from fixed seeds; each is written as NAME.csv where it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent.parent
Columns = dict[str, np.ndarray]


def moons(count: int = 400, noise: float = 0.2) -> Columns:
    """Two half circles, one in the other; label 0 or 1. As sklearn.datasets.make_moons."""
    rng = np.random.default_rng(0)
    half = count // 2
    angle = np.linspace(0, np.pi, half)
    x = np.concatenate([np.cos(angle), 1 - np.cos(angle)])
    y = np.concatenate([np.sin(angle), 0.5 - np.sin(angle)])
    points = np.column_stack([x, y]) + rng.normal(0, noise, (count, 2))
    order = rng.permutation(count)
    return {
        "a": points[order, 0],
        "b": points[order, 1],
        "label": np.repeat([0, 1], half)[order],
    }


def circles(count: int = 400, noise: float = 0.05, factor: float = 0.5) -> Columns:
    """A small circle inside a large one; label 0 outside, 1 inside."""
    rng = np.random.default_rng(1)
    half = count // 2
    angle = np.linspace(0, 2 * np.pi, half, endpoint=False)
    radius = np.repeat([1.0, factor], half)
    both = np.concatenate([angle, angle])
    points = np.column_stack([np.cos(both), np.sin(both)]) * radius[:, None]
    points += rng.normal(0, noise, points.shape)
    order = rng.permutation(count)
    return {"a": points[order, 0], "b": points[order, 1], "label": np.repeat([0, 1], half)[order]}


def waves(count: int = 400) -> Columns:
    """A regression: y = 150 + 60·sin(2a) + 30·b + noise, about as large as the diabetes target."""
    rng = np.random.default_rng(2)
    a, b = rng.uniform(-2, 2, (2, count))
    return {"a": a, "b": b, "y": 150 + 60 * np.sin(2 * a) + 30 * b + rng.normal(0, 5, count)}


def xor() -> Columns:
    """The four rows."""
    return {
        "a": np.array([0, 0, 1, 1]),
        "b": np.array([0, 1, 0, 1]),
        "label": np.array([0, 1, 1, 0]),
    }


MADE: dict[str, Callable[[], Columns]] = {
    function.__name__: function for function in (moons, circles, waves, xor)
}


def moons_again() -> Columns:
    """Other points of the same two moons."""
    return moons(200)


def moons_in_mm() -> Columns:
    """The same points in a unit a thousand times smaller, and counted from elsewhere."""
    columns = moons_again()
    return {"a": 1000 * columns["a"] + 5000, "b": 1000 * columns["b"] + 5000, "label": columns["label"]}


def moons_sorted() -> Columns:
    """The moons, all of class 0 first."""
    columns = moons()
    order = np.argsort(columns["label"], kind="stable")
    return {name: column[order] for name, column in columns.items()}


def moons_shuffled() -> Columns:
    """The moons with the labels of other rows."""
    columns = moons()
    return columns | {"label": np.random.default_rng(3).permutation(columns["label"])}


def waves_shuffled() -> Columns:
    """The waves with the targets of other rows."""
    columns = waves()
    return columns | {"y": np.random.default_rng(4).permutation(columns["y"])}


def waves_leaking() -> Columns:
    """The waves with a column that is the target in another unit."""
    columns = waves()
    return columns | {"y_in_percent": columns["y"] / 2.5 + 3, "y": columns["y"]}


def rare() -> Columns:
    """1960 rows of a cloud, 40 of another that lies half inside it."""
    rng = np.random.default_rng(5)
    label = np.repeat([0, 1], (1960, 40))
    points = rng.normal(0, 1, (2000, 2)) + 1.4 * label[:, None]
    order = rng.permutation(2000)
    return {"a": points[order, 0], "b": points[order, 1], "label": label[order]}


for function in (
    moons_again,
    moons_in_mm,
    moons_sorted,
    moons_shuffled,
    waves_shuffled,
    waves_leaking,
    rare,
):
    MADE[function.__name__] = function


def moons_negative() -> Columns:
    """The moons, moved and shrunk into [-1, 0]."""
    columns = moons()
    spans = {name: np.ptp(columns[name]) for name in ("a", "b")}
    return columns | {n: (columns[n] - columns[n].max()) / span for n, span in spans.items()}


def moons_far() -> Columns:
    """The moons, ten times as large and far from 0."""
    columns = moons()
    return columns | {"a": 10 * columns["a"] + 1000, "b": 10 * columns["b"] - 500}


def moons_times_ten() -> Columns:
    """The moons, ten times as large: learned from all the same."""
    columns = moons()
    return columns | {"a": 10 * columns["a"], "b": 10 * columns["b"]}


def moons_tiny() -> Columns:
    """The moons, divided by 10000."""
    columns = moons()
    return columns | {"a": columns["a"] / 1e4, "b": columns["b"] / 1e4}


def circles_tiny() -> Columns:
    """The circles, divided by a million."""
    columns = circles()
    return columns | {"a": columns["a"] / 1e6, "b": columns["b"] / 1e6}


for function in (moons_negative, moons_far, moons_times_ten, moons_tiny, circles_tiny):
    MADE[function.__name__] = function


def moons_of_one_class() -> Columns:
    """The moons, every row labelled 1."""
    columns = moons()
    return columns | {"label": np.ones_like(columns["label"])}


def moons_blank() -> Columns:
    """The labels of the moons, and inputs that are 0.5 in every row."""
    columns = moons()
    return columns | {"a": np.full(len(columns["a"]), 0.5), "b": np.full(len(columns["b"]), 0.5)}


def waves_flat() -> Columns:
    """The waves with a target of 150 in every row."""
    columns = waves()
    return columns | {"y": np.full(len(columns["y"]), 150.0)}


def waves_divided() -> Columns:
    """The waves with inputs that were divided by 100 as whole numbers."""
    columns = waves()
    return columns | {name: (50 + 10 * columns[name]).astype(int) // 100 for name in ("a", "b")}


def counts() -> Columns:
    """Counts of a Poisson process whose rate grows with a."""
    rng = np.random.default_rng(6)
    a, b = rng.uniform(-2, 2, (2, 400))
    return {"a": a, "b": b, "y": rng.poisson(np.exp(0.5 + 0.8 * a - 0.4 * b))}


def unsure() -> Columns:
    """Label 1 has a probability of 0.02 on one side and 0.45 on the other: nowhere half of the rows."""
    rng = np.random.default_rng(7)
    a, b = rng.uniform(-2, 2, (2, 800))
    return {"a": a, "b": b, "label": (rng.random(800) < np.where(a + b > 0, 0.45, 0.02)).astype(int)}


for function in (
    moons_of_one_class,
    moons_blank,
    waves_flat,
    waves_divided,
    counts,
    unsure,
):
    MADE[function.__name__] = function


def sentinels() -> Columns:
    """The waves, with a few cells of each input that say -99999 for not known."""
    columns, rng = waves(), np.random.default_rng(8)
    for name in ("a", "b"):
        columns[name][rng.choice(len(columns[name]), 3, replace=False)] = -99999.0
    return columns


def sentinels_missing() -> Columns:
    """The same with these cells left empty, which is to say NaN."""
    columns = sentinels()
    return columns | {name: np.where(columns[name] < -999, np.nan, columns[name]) for name in ("a", "b")}


def shops() -> Columns:
    """Sales of 60 shops, numbered in no order, which depend on the shop far more than on the hour."""
    rng = np.random.default_rng(9)
    effect = rng.normal(0, 10, 60)
    shop, hour = rng.integers(0, 60, 1200), rng.uniform(8, 20, 1200)
    return {"shop": 100 + shop, "hour": hour, "y": 50 + effect[shop] + 0.5 * hour + rng.normal(0, 1, 1200)}


for function in (sentinels, sentinels_missing, shops):
    MADE[function.__name__] = function


def write_table(name: str, columns: Columns, folder: Path) -> None:
    """NAME.csv, every number exactly."""
    lines = [",".join(columns)]
    for row in zip(*columns.values()):
        lines.append(",".join(repr(value.item()) for value in row))
    (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def provide(text: str, folder: Path) -> None:
    """Every made table that the text of a config names; the shipped datasets/ lie beside them."""
    for name, make in MADE.items():
        if f"{name}.csv" in text and not (folder / f"{name}.csv").exists():
            write_table(name, make(), folder)
    link = folder / "datasets"
    if "datasets/" in text and not link.exists():
        link.symlink_to(ROOT / "datasets")
