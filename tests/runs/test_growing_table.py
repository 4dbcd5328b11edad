"""A table that grows: what a kill leaves of it, what it costs, and its order at the end."""

import random

import pytest

from mlpcli.errors import OutputError
from mlpcli.runs import growing_table
from mlpcli.runs.growing_table import growing, put_in_order

RECORDS = [{"seed": at, "cost": at / 7, "stopped": 'a "b", c' if at % 2 else None} for at in range(5)]
WHOLE = 'seed,cost,stopped\n0,0.0,\n1,0.14285714285714285,"a ""b"", c"\n2,0.2857142857142857,\n'


def written(path, records):
    with growing(path) as table:
        for record in records:
            table.add(record)
    return path.read_text(encoding="utf-8")


def test_rows_are_appended_below_one_header(tmp_path):
    path = tmp_path / "t.csv"
    assert (
        written(path, RECORDS[:2]) + written(path, RECORDS[2:3])[-len("2,0.2857142857142857,\n") :] == WHOLE
    )
    assert path.read_text(encoding="utf-8") == WHOLE


def test_a_row_that_a_kill_broke_off_is_written_again(tmp_path):
    """Cut at every byte of the last two rows: what is left is whole rows, and the next follow them."""
    path = tmp_path / "t.csv"
    for cut in range(WHOLE.index("1,0.14"), len(WHOLE)):
        path.write_text(WHOLE[:cut], encoding="utf-8")
        left = WHOLE[:cut].count("\n") - 1
        assert written(path, RECORDS[left:3]) == WHOLE


def test_a_row_longer_than_a_block_that_was_broken_off(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(f"seed,cost,stopped\n0,0.0,\n1,{'1' * 50_000}", encoding="utf-8")
    assert written(path, RECORDS[1:3]) == WHOLE


def test_every_row_is_in_the_file_at_once_and_fsync_is_asked_once_a_second(tmp_path, monkeypatch):
    synced, clock = [], [100.0]
    monkeypatch.setattr(growing_table.os, "fsync", synced.append)
    monkeypatch.setattr(growing_table.time, "monotonic", lambda: clock[0])
    path = tmp_path / "t.csv"
    with growing(path) as table:
        for at in range(400):
            table.add({"seed": at})
            assert path.stat().st_size == sum(len(f"{each}\n") for each in range(at + 1)) + len("seed\n")
            clock[0] += 0.01
    # The header's own file and folder, then one for each of the four seconds, and one at the end.
    assert len(synced) == 2 + 4 + 1


def test_a_table_that_was_deleted_is_an_error_within_a_second(tmp_path, monkeypatch):
    monkeypatch.setattr(growing_table, "SYNC_EVERY", 0.0)
    path = tmp_path / "t.csv"
    with growing(path) as table:
        table.add(RECORDS[0])
        path.unlink()
        with pytest.raises(OutputError):
            table.add(RECORDS[1])
        written(path, RECORDS)


def test_rows_of_any_order_are_put_in_the_order_of_their_numbers(tmp_path):
    path, rng = tmp_path / "t.csv", random.Random(0)
    records = [{"seed": at, "text": "é" * (at % 5)} for at in range(200)]
    straight = written(tmp_path / "straight.csv", records)
    put_in_order(tmp_path / "straight.csv")
    assert (tmp_path / "straight.csv").read_text(encoding="utf-8") == straight
    rng.shuffle(records)
    assert written(path, records) != straight
    put_in_order(path)
    assert path.read_text(encoding="utf-8") == straight
