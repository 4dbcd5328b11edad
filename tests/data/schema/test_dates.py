"""Dates in every format that is known, against Python's own datetime."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_tables import config, inferred, later, typed, values

from mlpcli.data.schema.dates import read_dates
from mlpcli.data.schema.find_dates import FORMATS, find_dates
from mlpcli.errors import DataError

TIMES = [
    "",
    " %H:%M",
    " %H:%M:%S",
    "T%H:%M",
    "T%H:%M:%S",
    "T%H:%M:%SZ",
    " %H:%M:%S.%f",
    " %I:%M %p",
    " %I:%M:%S%p",
]
DAYS = st.datetimes(datetime(1969, 1, 1), datetime(2068, 12, 31, 23, 59, 59))


def written(moments, date_format):
    return [moment.strftime(date_format) for moment in moments]


def right(words, date_format):
    """The seconds that strptime makes of the words, UTC."""
    moments = [datetime.strptime(word, date_format).replace(tzinfo=UTC) for word in words]
    return [(moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(seconds=1) for moment in moments]


def found_in(words):
    return find_dates(words, np.ones(len(words), np.int64))


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("date", FORMATS)
def test_a_format_is_found_and_its_dates_are_those_of_strptime(date, time):
    moments = [datetime(1999, 12, 31, 23, 59, 58, 250_000) + timedelta(days=1.37 * i) for i in range(200)]
    words = written(moments, date + time)
    found = found_in(words)
    assert found is not None
    assert found.seconds.tolist() == pytest.approx(right(words, date + time), abs=1e-3)
    assert read_dates(words, found.date_format).tolist() == found.seconds.tolist()


@given(
    moments=st.lists(DAYS, min_size=1, max_size=20),
    date=st.sampled_from(FORMATS),
    time=st.sampled_from(TIMES),
)
def test_dates_of_a_given_format_are_those_of_strptime(moments, date, time):
    words = written(moments, date + time)
    read = read_dates(words, date + time)
    assert read.tolist() == pytest.approx(right(words, date + time), abs=1e-3)


@given(
    words=st.lists(
        st.text(max_size=30) | st.from_regex(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}( \d\d:\d\d)?", fullmatch=True)
    )
)
def test_nothing_but_dates_is_read_as_dates(words):
    for date in ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%y", "%Y%m%d", "%b %d, %Y", "%Y-%m"):
        for word, seconds in zip(words, read_dates(words, date).tolist(), strict=True):
            if seconds == seconds:
                assert any(_parses(word, date + time) for time in ["", " %H:%M"])


def _parses(word, date_format):
    try:
        datetime.strptime(word, date_format)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("offset", ["Z", "+00:00", "+02:00", "-0530", "+05", " UTC", " +0100"])
def test_offsets_are_taken_off(offset):
    words = [f"2024-03-01T19:0{i}:30.5{offset}" for i in range(5)]
    found = found_in(words)
    hours = {"+02:00": 2, "-0530": -5.5, "+05": 5, " +0100": 1}.get(offset, 0)
    first = datetime(2024, 3, 1, 19, 0, 30, 500_000, tzinfo=UTC).timestamp() - hours * 3600
    assert found.seconds.tolist() == [first + 60 * i for i in range(5)]


@pytest.mark.parametrize(
    "word",
    [
        "2024-02-30",
        "2023-02-29",
        "31.04.2024",
        "2024-13-01",
        "00/10/2024",
        "2024-03-01 25:00",
        "1.2.3.4",
        "10.12",
        "2024-03-01x",
        "12:30",
        "a/b/2024",
        "3 Foo 2024",
    ],
)
def test_what_no_calendar_has_is_no_date(word):
    assert found_in([word] * 3) is None


KINDS = ["%Y-%m-%d", "%d.%m.%Y", "%-m/%-d/%y", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%MZ"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_of_days_is_a_date_and_later_days_are_no_problem(kind):
    moments = [datetime(2022, 3, 1, 19) + timedelta(days=i) for i in range(730)]
    cells = written(moments, kind)
    found = inferred(("y",), date=cells, y=[str(i % 9) for i in range(730)])
    assert found.schema.column("date").kind == "date"
    assert any("column 'date': dates as" in note for note in found.notes)
    day = datetime(2031, 12, 24, 19)
    midnight = day if "H" in kind else day.replace(hour=0)
    read = later(found, date=[day.strftime(kind), "", "NaT"])["date"]
    assert values(read) == [midnight.replace(tzinfo=UTC).timestamp(), None, None]


def test_programs_drop_the_time_of_midnight_and_add_it():
    cells = [f"2024-03-{1 + i:02} 0{i % 3}:00:00" for i in range(30)] + ["2024-04-01"]
    found, columns = typed(("y",), date=cells, y=[str(i % 9) for i in range(31)])
    assert values(columns["date"])[-1] == datetime(2024, 4, 1, tzinfo=UTC).timestamp()
    found = inferred(
        ("y",), date=[f"2024-03-{1 + i:02}" for i in range(30)], y=[str(i % 9) for i in range(30)]
    )
    read = later(found, date=["2024-03-01 00:00:00", "2024-03-01"])["date"]
    assert len(set(values(read))) == 1


def test_day_and_month_are_told_apart_where_the_cells_tell_and_else_said():
    y = [str(i % 9) for i in range(12)]
    first = inferred(("y",), d=[f"{1 + i:02}/03/2024" for i in range(11)] + ["13/03/2024"], y=y)
    assert first.schema.column("d").date_format == "%d/%m/%Y"
    assert "other way round" not in " ".join(first.notes)
    doubtful = [f"0{1 + i % 9}/0{1 + i * 7 % 9}/2024" for i in range(12)]
    second = inferred(("y",), d=doubtful, y=y)
    assert second.schema.column("d").date_format == "%m/%d/%Y"
    assert "{columns: {d: {format: '%d/%m/%Y'}}}" in " ".join(second.notes)
    given = inferred(("y",), settings=config(columns={"d": {"format": "%d/%m/%Y"}}), d=doubtful, y=y)
    assert given.schema.column("d").date_format == "%d/%m/%Y"


def test_whole_numbers_that_are_days_are_dates():
    days = [datetime(2024, 2, 20) + timedelta(days=i) for i in range(40)]
    found, columns = typed(
        ("y",), day=[day.strftime("%Y%m%d") for day in days], y=[str(i % 9) for i in range(40)]
    )
    assert found.schema.column("day").kind == "date"
    assert values(columns["day"]) == [day.replace(tzinfo=UTC).timestamp() for day in days]


def test_a_slip_among_dates_is_named():
    cells = [f"2024-03-{1 + i:02}" for i in range(28)] + ["2024-03-32", "soon"]
    with pytest.raises(DataError, match=r"line 30, column 'd'\n.*'2024-03-32' is not a date"):
        inferred(("y",), d=cells, y=[str(i % 9) for i in range(30)])
    found = inferred(("y",), d=[*cells[:28], "soon", "soon"], y=[str(i % 9) for i in range(30)])
    assert found.schema.column("d").missing == ("soon",)
