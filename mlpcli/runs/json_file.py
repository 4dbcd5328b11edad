"""JSON as it is written: to files of a run, and numbers that JSON has no word for."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlpcli.runs.atomic import replacing


def write_json(path: Path, values: Any) -> None:
    """Write a file of plain data atomically, readable by people. Raises OutputError."""
    with replacing(path) as file:
        file.write((json.dumps(values, indent=1, ensure_ascii=False) + "\n").encode())


def finite(value: Any) -> Any:
    """Return the plain data with None for every non-finite number, which JSON has no word for."""
    if isinstance(value, Mapping):
        return {key: finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
