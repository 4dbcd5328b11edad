"""`compare`: what two runs differ in, and how they went."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlpcli.config.differences import Difference, differences
from mlpcli.config.load import load_config
from mlpcli.config.schema import Config
from mlpcli.experiments.cross_validate import folds_of
from mlpcli.experiments.repeat import seeds_done
from mlpcli.problem.build import CHOICES
from mlpcli.runs.folder import CONFIG, HISTORY, RunFolder, place_of
from mlpcli.runs.records import Ended
from mlpcli.runs.summary import read_summary
from mlpcli.training.provenance import DATA_FILES, data_differences
from mlpcli.training.provenance import differences as made_differences

Curve = dict[int, dict[str, float]]
"""The printed numbers of each epoch, by its number and by name."""


@dataclass(frozen=True)
class Side:
    """One of the runs. scores: how it ended, by name; those on the test rows too.

    model: sha256 of its arrays, "" where the training is not over.
    """

    path: Path
    curve: Curve
    scores: dict[str, Any]
    model: str


@dataclass(frozen=True)
class Comparison:
    """Two runs side by side. config: keys that differ. made: differing data, versions, executor, in words."""

    first: Side
    second: Side
    config: tuple[Difference, ...]
    made: tuple[str, ...]


def compare(first: str | Path, second: str | Path) -> Comparison:
    """Compare two runs by what they record. Raises ModelFileError where one of them is no run, or damaged."""
    folders = [RunFolder.find(place_of(each)) for each in (first, second)]
    summaries = [read_summary(folder) for folder in folders]
    configs = [load_config(f.path / CONFIG, (), CHOICES, check_files=False).config for f in folders]
    one, other = (summary["made"] for summary in summaries)
    made = [*data_differences(one, other), *made_differences(one, other)]
    if one["executor"] != other["executor"]:
        made.append(f"The executor: {one['executor']}, {other['executor']}.")
    sides = [_side(folder, summary["ended"]) for folder, summary in zip(folders, summaries, strict=True)]
    return Comparison(sides[0], sides[1], tuple(_config_differences(*configs)), tuple(made))


def _config_differences(first: Config, second: Config) -> Iterator[Difference]:
    places = {f"data.{key}" for key in DATA_FILES}
    for each in differences(first, second):
        # Two paths of data files are no difference: the files are compared by their content.
        if not (each.key in places and isinstance(each.first, str) and isinstance(each.second, str)):
            yield each


def _side(folder: RunFolder, ended: Ended | None) -> Side:
    curve: Curve = folder.table(HISTORY).by_epoch()
    scores: dict[str, Any] = {"epochs": max(curve)} if curve else {}
    if ended:
        scores = {name: ended[name] for name in ("stopped", "epochs", "kept_epoch")}
        # Earlier versions recorded no scores, and the cost of the last epoch instead of the kept one.
        which = "kept" if "scores" in ended else "last"
        scores[f"running cost, {which} epoch"] = ended["cost"]
        kept = ended.get("scores", {}).items()
        scores |= {f"{name.replace('_', ' ')}, kept epoch": value for name, value in kept}
    scores |= dict(_lowest_printed(curve))
    if ended:
        scores |= {**dict(_test_scores(ended)), "seconds": ended["seconds"]}
    scores |= dict(_seeds_and_folds(folder))
    return Side(folder.path, curve, scores, ended["model_sha256"] if ended else "")


def _lowest_printed(curve: Curve) -> Iterator[tuple[str, Any]]:
    for name in ("cost", "training_loss", "validation_loss", "validation_cost"):
        seen = [(row[name], epoch) for epoch, row in curve.items() if name in row]
        if seen:
            lowest = f"lowest {'running cost' if name == 'cost' else name.replace('_', ' ')} printed"
            yield lowest, min(seen)[0]
            yield f"{lowest}, epoch", min(seen)[1]


def _test_scores(ended: Ended) -> Iterator[tuple[str, Any]]:
    targets = ended["test"]["targets"] if ended["test"] else {}
    for target, scores in targets.items():
        of = f" of {target}" if len(targets) > 1 else ""
        yield from (
            (f"test {name}{of}", each) for name, each in scores.items() if isinstance(each, int | float)
        )


def _seeds_and_folds(folder: RunFolder) -> Iterator[tuple[str, Any]]:
    seeds, folds = seeds_done(folder), folds_of(folder)
    if seeds is not None:
        yield "seeds", seeds.count
        yield f"seeds, lowest {seeds.followed}", seeds.lowest
        yield f"seeds, highest {seeds.followed}", seeds.highest
        if seeds.reached is not None:
            yield "seeds below repeat.cost_below", seeds.reached
    if folds is not None:
        yield "folds", len(folds.folds)
        for name, (mean, spread) in folds.table.items():
            yield f"folds, mean {name}", mean
            yield f"folds, standard deviation of {name}", spread
