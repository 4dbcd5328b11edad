"""What tests of real commands stand on: a folder of files, and a place of the test's own to work in."""

import pytest
from cli.loaded import end_loaded
from cli.world import make_world


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder with a config, its data, a finished run and much that is none of these: see make_world."""
    folder = tmp_path_factory.mktemp("world")
    make_world(folder)
    return folder


@pytest.fixture
def here(world, tmp_path, monkeypatch):
    """Have the test work in a folder of its own, to which its runs go."""
    monkeypatch.chdir(tmp_path)


def pytest_sessionfinish():
    end_loaded()
