"""What several tests of native code need."""

import dataclasses

import pytest

from mlpcli.execute.native import team
from mlpcli.execute.native.machine import machine


@pytest.fixture
def crowd(monkeypatch):
    """Three threads share large products, however few processors there are."""
    several = dataclasses.replace(machine(), threads=3)
    for module in ("function", "runner"):
        monkeypatch.setattr(f"mlpcli.execute.native.{module}.machine", lambda: several)
    monkeypatch.setattr(team, "threads", lambda: 3)
    team._helpers.cache_clear()
    yield several
    team._helpers.cache_clear()
