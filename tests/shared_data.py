"""Where the real data sets are, for the tests that want them; they are no part of the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).resolve().parents[1]


def shared_data() -> Path | None:
    """The folder of data sets: MLP_SHARED_DATA, or ../shared/data. None: there is none."""
    folder = Path(os.environ.get("MLP_SHARED_DATA") or _REPOSITORY.parent / "shared" / "data")
    return folder if folder.is_dir() else None


def shared_file(name: str) -> str:
    """The path of one file in that folder. Skips the test when it is not there."""
    folder = shared_data()
    if folder is None or not (folder / name).exists():
        pytest.skip(f"no {name} (set MLP_SHARED_DATA to the folder of data sets)")
    return str(folder / name)
