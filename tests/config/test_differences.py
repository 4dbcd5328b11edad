"""Which keys differ, and values as one would write them."""

from __future__ import annotations

from config.tables import IRIS, load

from mlpcli.config.differences import differences, said


def test_keys_and_values() -> None:
    first = load(IRIS).config
    assert list(differences(first, load(IRIS).config)) == []
    changes = ("seed=9", "training.stop.patience=3", "network.hidden[0].units=5", "optimizer.l2=0.5")
    found = list(differences(first, load(IRIS, *changes).config))
    assert [each.key for each in found] == [
        "network.hidden[0].units",
        "seed",
        "optimiser.l2",
        "training.stop.patience",
    ]
    assert [said(each.second) for each in found] == ["5", "9", "0.5", "3"]
    assert str(found[-1]) == "training.stop.patience: 20 → 3"


def test_what_only_one_has_is_told_as_a_whole_without_what_is_usual() -> None:
    first = load(IRIS).config
    layers = "network.hidden=[{units: 4, normalisation: null, dropout: 0.5, trainable: false}]"
    (hidden,) = (
        each for each in differences(first, load(IRIS, layers).config) if each.key == "network.hidden"
    )
    assert said(hidden.second) == "[{units: 4, dropout: 0.5, trainable: false}]"
    assert [said(each) for each in (None, True, 0.5, ("a", "b"))] == ["not given", "true", "0.5", "[a, b]"]
