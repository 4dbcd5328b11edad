"""Calendar columns against the datetime module."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.config.schema import DataConfig
from mlpcli.data.calendar import PARTS, Calendar, fit_calendar
from mlpcli.data.dataset import read_dataset
from mlpcli.data.frames import table_from
from mlpcli.data.prepare import Preparation
from mlpcli.errors import DataError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1850, 1, 1), datetime(2200, 12, 31)).map(
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)


def oracle(moment: datetime) -> dict[str, float]:
    turns = {
        "month": (moment.month - 1) / 12,
        "weekday": moment.weekday() / 7,
        "yearday": (moment.timetuple().tm_yday - 1) / 365.2425,
        "hour": (moment.hour * 3600 + moment.minute * 60 + moment.second) / 86400,
    }
    found = {"year": float(moment.year)}
    for name, turn in turns.items():
        found[f"{name} sin"] = math.sin(2 * math.pi * turn)
        found[f"{name} cos"] = math.cos(2 * math.pi * turn)
    return found


def seconds(moments: list[datetime]) -> list[float]:
    return [(moment - EPOCH).total_seconds() for moment in moments]


@given(st.lists(MOMENTS, min_size=1, max_size=12))
def test_parts_are_those_of_the_date(moments: list[datetime]) -> None:
    table = table_from({"when": seconds(moments)})
    column = fit_calendar(table, "when", "none", "mean")
    out = np.empty((len(moments), column.width))
    assert not column.apply(table, out).filled
    expected = [oracle(moment) for moment in moments]
    for at, name in enumerate(column.numbers.names):
        part = name.removeprefix("when ")
        np.testing.assert_allclose(out[:, at], [each[part] for each in expected], atol=1e-9)
    varied = {part for part in PARTS if np.ptp([each[part] for each in expected]) > 1e-6}
    assert varied <= {name.removeprefix("when ") for name in column.numbers.names}
    assert not column.fault()


def days(count: int) -> list[datetime]:
    return [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=at) for at in range(count)]


def test_what_never_varies_is_no_input() -> None:
    def parts(moments: list[datetime]) -> set[str]:
        column = fit_calendar(table_from({"d": seconds(moments)}), "d", "standard", "mean")
        return {name.removeprefix("d ") for name in column.numbers.names}

    year = days(366)
    assert parts(year) == {part for part in PARTS if part != "year" and not part.startswith("hour")}
    assert parts(days(800)) == {part for part in PARTS if not part.startswith("hour")}
    noons = [day + timedelta(hours=at % 24) for at, day in enumerate(days(800))]
    assert parts(noons) == set(PARTS)


def test_december_is_beside_january() -> None:
    moments = [datetime(2023, month, 15, tzinfo=UTC) for month in range(1, 13)]
    table = table_from({"d": seconds(moments)})
    column = fit_calendar(table, "d", "none", "mean")
    out = np.empty((12, column.width))
    column.apply(table, out)
    places = [column.numbers.names.index(f"d month {turn}") for turn in ("sin", "cos")]
    ring = out[:, places]
    steps = np.linalg.norm(ring - np.roll(ring, 1, axis=0), axis=1)
    np.testing.assert_allclose(steps, 2 * math.sin(math.pi / 12))


@pytest.mark.parametrize("missing", ["mean", "median", "zero"])
def test_missing_dates_are_filled_and_counted_once(missing: str) -> None:
    values = seconds(days(400))
    values[3] = values[7] = math.nan
    table = table_from({"d": values})
    column = fit_calendar(table, "d", "standard", missing)
    assert column.missing == 2
    out = np.empty((400, column.width))
    assert column.apply(table, out).filled == {"d": 2}
    assert np.isfinite(out).all()
    if missing == "mean":
        np.testing.assert_allclose(out[3], 0, atol=1e-9)
    strict = fit_calendar(table, "d", "standard", "error")
    with pytest.raises(DataError, match="row 4"):
        strict.apply(table, out)


def test_no_date_at_all_is_always_zero() -> None:
    table = table_from({"d": [math.nan] * 3})
    column = fit_calendar(table, "d", "standard", "mean")
    assert column.empty == ("d",)
    out = np.ones((3, column.width))
    column.apply(table, out)
    assert not out.any()


def test_from_a_file_to_later_files_and_back_from_json(tmp_path: Path) -> None:
    lines = ["day,y"] + [f"{day:%d.%m.%Y},{at % 5}.5" for at, day in enumerate(days(500))]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    config = DataConfig(train=str(tmp_path / "t.csv"), target="y")
    dataset = read_dataset(config, np.random.default_rng(0))
    [column] = dataset.preparation.columns
    assert isinstance(column, Calendar)
    assert dataset.width == 7
    again = Preparation.from_json(dataset.preparation.to_json())
    assert again == dataset.preparation
    later, _ = again.inputs(table_from({"day": ["24.12.2031", "05.01.2024"]}))
    expected = [oracle(datetime(2031, 12, 24)), oracle(datetime(2024, 1, 5))]
    numbers = column.numbers
    for at, name in enumerate(numbers.names):
        raw = [each[name.removeprefix("day ")] for each in expected]
        np.testing.assert_allclose(
            later[:, at], (np.array(raw) - numbers.mean[at]) / numbers.std[at], atol=1e-9
        )
    with pytest.raises(DataError, match="2031-12-24"):
        again.inputs(table_from({"day": ["2031-12-24", "05.01.2024"]}))
