"""`compare`: what two runs differ in, and how they went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlpcli.config.differences import Difference, differences
from mlpcli.config.load import load_config
from mlpcli.experiments.cross_validate import folds_of
from mlpcli.experiments.repeat import seeds_done
from mlpcli.problem.build import CHOICES
from mlpcli.runs.folder import CONFIG, RunFolder
from mlpcli.training.provenance import DATA_FILES, data_differences
from mlpcli.training.provenance import differences as made_differences

Curve = dict[int, dict[str, float]]
"""Epoch -> what was printed of it."""


@dataclass(frozen=True)
class Side:
    """One of the runs. scores: how it ended, by name; those on the test rows too."""

    path: Path
    curve: Curve
    scores: dict[str, Any]
    model: str
    """sha256 of the arrays; "" where it is not over."""


@dataclass(frozen=True)
class Comparison:
    """config: keys that differ. made: data, versions, executor that differ, in words."""

    first: Side
    second: Side
    config: tuple[Difference, ...]
    made: tuple[str, ...]


def compare(first: str | Path, second: str | Path) -> Comparison:
    """Raises ModelFileError where one of them is no run."""
    folders = [RunFolder.find(Path(each)) for each in (first, second)]
    summaries = [folder.read_summary() for folder in folders]
    configs = [load_config(f.path / CONFIG, (), CHOICES, check_files=False).config for f in folders]
    # The files are compared by what is in them.
    places = {f"data.{key}" for key in DATA_FILES}
    found = [
        each for each in differences(configs[0], configs[1]) if not (each.key in places and _both_texts(each))
    ]
    one, other = (summary["made"] for summary in summaries)
    said = [*data_differences(one, other), *made_differences(one, other)]
    if one["executor"] != other["executor"]:
        said.append(f"The executor: {one['executor']}, {other['executor']}.")
    sides = [_side(folder, summary["ended"]) for folder, summary in zip(folders, summaries, strict=True)]
    return Comparison(sides[0], sides[1], tuple(found), tuple(said))


def _both_texts(difference: Difference) -> bool:
    return isinstance(difference.first, str) and isinstance(difference.second, str)


def _side(folder: RunFolder, ended: Mapping[str, Any] | None) -> Side:
    curve: Curve = folder.numbers()
    scores = dict(_scores(curve, ended)) | dict(_beside(folder))
    return Side(folder.path, curve, scores, ended["model_sha256"] if ended else "")


def _beside(folder: RunFolder) -> Iterator[tuple[str, Any]]:
    """What seeds and folds came to."""
    over = seeds_done(folder)
    if over is not None:
        yield "seeds", over.count
        yield f"seeds, lowest {over.followed}", over.lowest
        yield f"seeds, highest {over.followed}", over.highest
        if over.reached is not None:
            yield "seeds below repeat.cost_below", over.reached
    folds = folds_of(folder)
    if folds is not None:
        yield "folds", len(folds.folds)
        for name, (mean, spread) in folds.table.items():
            yield f"folds, mean {name}", mean
            yield f"folds, standard deviation of {name}", spread


def _scores(curve: Curve, ended: Mapping[str, Any] | None) -> Iterator[tuple[str, Any]]:
    if ended:
        for name in ("stopped", "epochs", "kept_epoch"):
            yield name, ended[name]
        yield ("running cost, kept epoch" if "scores" in ended else "running cost, last epoch"), ended["cost"]
        for name, value in ended.get("scores", {}).items():
            yield f"{name.replace('_', ' ')}, kept epoch", value
    elif curve:
        yield "epochs", max(curve)
    for name in ("cost", "training_loss", "validation_loss", "validation_cost"):
        seen = [(row[name], epoch) for epoch, row in curve.items() if name in row]
        if seen:
            lowest = f"lowest {'running cost' if name == 'cost' else name.replace('_', ' ')} printed"
            yield lowest, min(seen)[0]
            yield f"{lowest}, epoch", min(seen)[1]
    if ended and ended["test"]:
        for target, values in ended["test"]["targets"].items():
            for name, value in values.items():
                if isinstance(value, int | float):
                    yield (
                        f"test {name}" + (f" of {target}" if len(ended["test"]["targets"]) > 1 else ""),
                        value,
                    )
    if ended:
        yield "seconds", ended["seconds"]
