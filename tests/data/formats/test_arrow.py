"""Feather, which is an Arrow file."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pytest

from format_tables import cells, open_as, whole
from mlpcli.data.formats.arrow import Arrow
from mlpcli.errors import DataError


def feather() -> bytes:
    sink = io.BytesIO()
    pa.feather.write_feather(pa.table({"a": [1, 2]}), sink)
    return sink.getvalue()


EXAMPLE = feather()


def test_feather_in_both_versions(tmp_path: Path) -> None:
    assert Arrow.claims("t", EXAMPLE) == 3
    assert cells(whole(open_as(Arrow, tmp_path / "t", EXAMPLE))) == {"a": ["1", "2"]}
    assert Arrow.claims("t", b"FEA1....") == 3
    with pytest.raises(DataError, match=r"Feather version 1"):
        open_as(Arrow, tmp_path / "t", b"FEA1....")
