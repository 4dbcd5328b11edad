"""How much a column explains by itself: against group means by hand, and what chance alone explains."""

import numpy as np
import pytest

from mlpcli.data.column import Column, column_of_cells
from mlpcli.data.table import Table
from mlpcli.experiments.data_report import alone as module
from mlpcli.experiments.data_report.alone import PARTS, explained_alone, rows_looked_at

RNG = np.random.default_rng(5)
COUNT = 2000
CLASSES = RNG.integers(0, 3, COUNT)


def table(**columns):
    made = []
    for name, cells in columns.items():
        is_words = isinstance(cells[0], str)
        made.append(
            column_of_cells(name, cells) if is_words else Column(name=name, numbers=np.asarray(cells, float))
        )
    return Table(source="t.csv", columns=tuple(made), lines=range(1, 1 + made[0].rows))


def shares(targets, of_classes, **columns):
    made = table(**columns)
    return {each.column: each.share for each in explained_alone(made, made.names, targets, of_classes)}


def by_hand(groups, target):
    """Adjusted η²: 1 - (mean square within groups) / (mean square in all)."""
    values = target.reshape(len(target), -1).astype(float)
    there = sorted(set(groups))
    groups = np.array(groups)
    within = sum(((values[groups == g] - values[groups == g].mean(axis=0)) ** 2).sum() for g in there)
    total = ((values - values.mean(axis=0)) ** 2).sum()
    return 1 - within / (len(values) - len(there)) / (total / (len(values) - 1))


@pytest.mark.parametrize("of_classes", [True, False])
def test_levels_and_few_numbers_are_groups(of_classes):
    words = [
        "pqrs"[(each + noise) % 4] for each, noise in zip(CLASSES, RNG.integers(0, 2, COUNT), strict=True)
    ]
    numbers = np.array(["pqrs".index(each) for each in words], float)
    holes = np.where(RNG.random(COUNT) < 0.1, np.nan, numbers)
    target = CLASSES if of_classes else CLASSES**2 + RNG.normal(size=COUNT)
    found = shares(target, of_classes, words=words, numbers=numbers, holes=holes)
    one_hot = np.eye(3)[CLASSES] if of_classes else target
    assert found["words"] == pytest.approx(by_hand(words, one_hot))
    assert found["numbers"] == pytest.approx(by_hand(words, one_hot))
    groups = ["" if np.isnan(each) else each for each in holes.tolist()]
    assert found["holes"] == pytest.approx(by_hand([str(each) for each in groups], one_hot))


def test_many_numbers_are_cut_into_equal_parts():
    numbers = RNG.permutation(COUNT).astype(float)
    target = (numbers / COUNT) ** 2
    groups = (numbers * PARTS // COUNT).tolist()
    assert shares(target, False, x=numbers)["x"] == pytest.approx(by_hand(groups, target))


def test_what_gives_the_target_away_is_found_whatever_the_form():
    target = RNG.normal(size=COUNT)
    found = explained_alone(
        table(log=np.exp(target * 3), noise=RNG.normal(size=COUNT), rare=(np.arange(COUNT) < 5) * 1.0),
        ("log", "noise", "rare"),
        target,
        False,
    )
    assert [each.column for each in found if each.gives_away] == ["log"]
    assert found[0].column == "log"
    assert all(each.share < 0.02 for each in found[1:])
    rare = (np.arange(COUNT) < 5).astype(int)
    assert shares(rare, True, x=rare * 7.0, y=["ab"[at] for at in rare]) == {"x": 1.0, "y": 1.0}


def test_chance_explains_nothing():
    noise = {f"x{at}": RNG.normal(size=200) for at in range(50)}
    found = shares(RNG.integers(0, 2, 200), True, **noise)
    assert np.mean(list(found.values())) < 0.03
    ids = [f"u{at}" for at in range(200)]
    assert shares(RNG.normal(size=200), False, ids=ids, x=noise["x0"]).get("ids", 0.0) == 0.0


def test_stacks_of_any_size_say_the_same(monkeypatch):
    columns = {f"x{at}": RNG.normal(size=COUNT) + CLASSES * at for at in range(7)}
    whole = shares(CLASSES, True, **columns)
    monkeypatch.setattr(module, "AT_ONCE", 2 * COUNT)
    assert shares(CLASSES, True, **columns) == whole


def test_few_rows_say_nothing_and_a_target_of_one_value_neither():
    assert shares(np.arange(5.0), False, x=np.arange(5.0)) == {}
    assert shares(np.ones(50), False, x=np.arange(50.0)) == {"x": 0.0}


@pytest.mark.parametrize(("rows", "columns"), [(100, 10), (10**6, 20), (10**6, 10**5), (150, 10**6)])
def test_the_work_is_bounded(rows, columns):
    looked_at = rows_looked_at(rows, columns)
    assert looked_at <= rows
    assert looked_at == min(rows, 200) or looked_at * columns <= module.CELLS
