"""Parquet: what pandas and old programs write, and a file larger than what is held of it."""

from __future__ import annotations

import datetime
import gzip
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from format_tables import cells, open_as, whole
from mlpcli.data.formats.parquet import Parquet
from mlpcli.errors import MissingExtraError


def parquet(table: Any, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


EXAMPLE = parquet(pa.table({"a": [1]}))


def test_what_pandas_writes(tmp_path: Path) -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(
        {
            "n": pd.array([1, None], "Int64"),
            "s": pd.array(["x", None], "string"),
            "c": pd.Categorical([None, "b"], ["a", "b"]),
            "d": pd.to_datetime(["2024-03-01", None]),
            "f": [True, False],
        },
        index=[5, 3],
    )
    frame.to_parquet(tmp_path / "t")
    assert cells(whole(open_as(Parquet, tmp_path / "t"))) == {
        "n": ["1", ""],
        "s": ["x", ""],
        "c": ["", "b"],
        "d": ["2024-03-01T00:00:00", ""],
        "f": ["1", "0"],
    }


def test_old_timestamps_of_96_bits_do_not_wrap_round(tmp_path: Path) -> None:
    far = pa.table({"v": pa.array([datetime.datetime(9999, 12, 31)], pa.timestamp("us"))})
    content = parquet(far, use_deprecated_int96_timestamps=True)
    assert cells(whole(open_as(Parquet, tmp_path / "t", content))) == {"v": ["9999-12-31T00:00:00"]}


def test_a_compressed_file_is_read_from_its_bytes(tmp_path: Path) -> None:
    assert cells(whole(open_as(Parquet, tmp_path / "t.gz", gzip.compress(EXAMPLE)))) == {"a": ["1"]}


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlpcli.data.extras.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="pip install pyarrow"):
        open_as(Parquet, tmp_path / "t", EXAMPLE)


MEMORY = """
import resource, sys
from mlpcli.data.formats.parquet import Parquet
from mlpcli.data.source import open_source
import pyarrow.parquet
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rows = sum(part.rows for part in Parquet(open_source(sys.argv[1])).chunks(10_000))
print(rows, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_one_large_row_group_is_streamed(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).random((20, 500_000))
    pq.write_table(
        pa.table({f"c{at}": one for at, one in enumerate(numbers)}), tmp_path / "t", row_group_size=10**6
    )
    command = [sys.executable, "-c", MEMORY, str(tmp_path / "t")]
    rows, grown = map(int, subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    assert rows == 500_000
    assert grown < 60  # MiB, of a table of 80 MB
