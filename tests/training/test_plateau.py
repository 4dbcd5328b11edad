"""When the rate is lowered, against PyTorch's ReduceLROnPlateau; what a checkpoint holds of it."""

import json
from pathlib import Path

import pytest

from mlpcli.optim.optimizers import OPTIMIZERS
from mlpcli.optim.schedules import SCHEDULES
from mlpcli.training.plateau import PlateauCounter

CASES = json.loads((Path(__file__).parent.parent / "oracles/torch_optimizers.json").read_text())["plateau"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["settings"]))
def test_factors_equal_pytorchs_and_survive_a_checkpoint(case):
    settings = SCHEDULES["plateau"](**case["settings"])
    plateau, factor = PlateauCounter(settings), 1.0
    for cost, expected in zip(case["costs"], case["factors"]):
        factor = plateau.after(cost, factor)
        assert factor == pytest.approx(expected, rel=1e-12)
        kept, plateau = json.loads(json.dumps(plateau.as_json())), PlateauCounter(settings)
        plateau.restore(kept)
    assert factor < 1.0


def test_a_factor_below_the_minimum_is_not_raised_to_it():
    plateau = PlateauCounter(SCHEDULES["plateau"](patience=1, minimum=0.5))
    assert [plateau.after(cost, 0.2) for cost in (1.0, 1.0)] == [0.2, 0.2]


def test_only_where_the_schedule_is_one():
    assert PlateauCounter.of(OPTIMIZERS["adam"]()) is None
    assert PlateauCounter.of(OPTIMIZERS["lbfgs"]()) is None
    assert PlateauCounter.of(OPTIMIZERS["adam"](schedule=SCHEDULES["plateau"]())) is not None
