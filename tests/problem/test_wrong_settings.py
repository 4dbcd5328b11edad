"""Any one setting of any choice that is wrong is a message with its key, whatever stands beside it."""

import dataclasses
from pathlib import Path

import pytest

from mlpcli.config.setting import yaml_name
from mlpcli.errors import ConfigError
from mlpcli.problem.build import CHOICES, read_config

XOR = Path(__file__).parents[2] / "configs" / "xor-tanh.yaml"
PLACES = {
    "activation": "network.hidden[0].activation",
    "initialisation": "network.hidden[0].initialisation",
    "loss": "loss",
    "normalisation": "network.hidden[0].normalisation",
    "optimiser": "optimiser",
    "schedule": "optimiser.schedule",
}
CASES = [
    (table, name, yaml_name(each))
    for table, kinds in CHOICES.items()
    for name in kinds
    for each in dataclasses.fields(kinds[name])
    if each.init
]


@pytest.mark.parametrize(("table", "name", "setting"), CASES)
def test_it_is_told_at_its_key(table, name, setting):
    for wrong in ("[[]]", "{a: {b: c}}"):
        with pytest.raises(ConfigError) as caught:
            read_config(XOR, [f"{PLACES[table]}={{name: {name}, {setting}: {wrong}}}"])
        assert f"{PLACES[table]}.{setting}" in str(caught.value)


def test_every_table_has_choices_with_settings():
    assert {table for table, _, _ in CASES} == set(CHOICES) == set(PLACES)
