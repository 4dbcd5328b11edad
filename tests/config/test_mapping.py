"""Configs in memory: the text that a mapping becomes, and what cannot stand in one."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from mlpcli.config.load import load_config
from mlpcli.config.mapping import write_mapping
from mlpcli.errors import ConfigError
from mlpcli.problem.build import CHOICES, with_overrides

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))
DATA: dict[str, Any] = {"train": "d.csv", "target": "y"}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.csv").write_text("x,y\n1,a\n2,b\n", encoding="utf-8")


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_config_says_the_same_as_a_mapping(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    file = load_config(path, (), CHOICES, check_files=False)
    found = load_config(values, (), CHOICES, check_files=False)
    assert found.config == file.config
    assert found.relative_paths == file.relative_paths
    if Path(file.config.data.train).exists():  # as folds and seeds do
        assert with_overrides(found, ["seed=77"]).config.seed == 77


@pytest.mark.parametrize(
    ("settings", "key", "value"),
    [
        ({"optimiser": {"name": "adam", "learning_rate": 1e-05}}, "optimizer.learning_rate", 1e-05),
        ({"optimizer": {"learning_rate": np.float32(0.25)}}, "optimizer.learning_rate", 0.25),
        ({"seed": np.int64(7)}, "seed", 7),
        ({"seed": 12_345_678_901}, "seed", 12_345_678_901),
        ({"network": {"hidden": (np.int64(3), {"units": 4})}}, "network.hidden.1.units", 4),
        ({"network": {"hidden": np.array([5, 6])}}, "network.hidden.1.units", 6),
        ({"data": {**DATA, "train": Path("d.csv")}}, "data.target", "y"),
        ({"data": {**DATA, "target": "1"}}, "data.target", "1"),
        ({"data": {**DATA, "target": ' a: "b" # c\\'}}, "data.target", ' a: "b" # c\\'),
        ({"data": {**DATA, "target": "null"}}, "data.target", "null"),
        ({"data": {**DATA, "ignore": ["é\n\t", "no", ""]}}, "data.ignore.0", "é\n\t"),
        ({"data": {**DATA, "header": np.bool_(True)}}, "data.header", True),
        ({"data": {**DATA, "target": ""}}, "data.target", ""),
        (
            {"seed": "7", "optimiser": {"name": "adam", "learning_rate": "1e-4"}},
            "optimizer.learning_rate",
            1e-4,
        ),
        ({"training": {"monitors": False, "print_every": None}}, "training.monitors", False),
    ],
    ids=str,
)
def test_values_keep_what_they_are(settings: dict[str, Any], key: str, value: Any) -> None:
    file = load_config({"data": DATA, **settings}, (), CHOICES)
    assert file.config.data.train == str(Path("d.csv").absolute())
    found: Any = file.config
    for part in key.split("."):
        found = found[int(part)] if part.isdecimal() else getattr(found, part)
    assert found == value
    assert type(found) is type(value)
    Path("copy.yaml").write_text(file.text_for(Path()), encoding="utf-8")
    assert load_config("copy.yaml", (), CHOICES).config == file.config


@pytest.mark.parametrize(
    ("config", "where", "what"),
    [
        ({}, "config", "It is empty"),
        ({"data": DATA, "seed": math.nan}, "config, key seed", "nan"),
        ({"data": {**DATA, "train": object()}}, "config, key data.train", "A object cannot stand"),
        ({"data": DATA, 3: 4}, "config", "The key 3 is no text"),
        ({"data": DATA, "sede": 4}, "config, key sede", "sede"),
        ({"data": DATA, "seed": 10**5000}, "config, key seed", "digits"),
        ({"data": DATA, "network": {"hidden": [{"units": 0}]}}, "config, key network.hidden[0].units", "0"),
        ({"data": DATA, "optimizer": "adam", "optimiser": "sgd"}, "config, key optimiser", "given already."),
        ({"data": {**DATA, "train": "nowhere.csv"}}, "config, key data.train", "There is no file"),
        ({"data": {**DATA, "target": "\ud800"}}, "config, key data.target", "no Unicode"),
        ([DATA], "config", "A list is no config"),
        (None, "config", "A NoneType is no config"),
        (b"c.yaml", "config", "A bytes is no config"),
    ],
)
def test_what_is_wrong_is_told_by_key_and_without_lines(config: Any, where: str, what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(config, (), CHOICES)
    assert caught.value.faults[0].where.startswith(where)
    assert what in caught.value.faults[0].what
    assert " line " not in str(caught.value)


def test_a_mapping_that_holds_itself_is_refused() -> None:
    config: dict[str, Any] = {"data": DATA}
    config["network"] = config
    with pytest.raises(ConfigError, match="levels deep"):
        write_mapping(config)


def test_one_override_may_stand_by_itself() -> None:
    for overrides in ("seed=3", ["seed=3"], ("seed=3",), iter(["seed=3"])):
        assert load_config({"data": DATA}, overrides, CHOICES).config.seed == 3  # type: ignore[arg-type]
    wrong: tuple[Any, ...] = (3, None, [3], {"seed": 3}, b"seed=3", [("seed", 3)])
    for each in wrong:
        with pytest.raises(ConfigError, match="Give a list of texts such as 'seed=3'"):
            load_config({"data": DATA}, each, CHOICES)
