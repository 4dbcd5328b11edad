"""What several tests of native code need."""

import pytest

from mlpcli.execute.native.products import worker_pool as team


@pytest.fixture
def crowd(monkeypatch):
    """Three threads share large products, however few processors there are."""
    monkeypatch.setattr(team, "threads", lambda: 3)
    team._workers.cache_clear()
    yield
    team._workers.cache_clear()


@pytest.fixture
def alone(monkeypatch):
    """One thread computes everything, however many processors there are."""
    monkeypatch.setattr(team, "threads", lambda: 1)
    team._workers.cache_clear()
    yield
    team._workers.cache_clear()
