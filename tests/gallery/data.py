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
