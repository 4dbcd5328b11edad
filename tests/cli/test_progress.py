"""The bar of a long reading: on a terminal only, after a second, on standard error."""

from __future__ import annotations

import io

import pytest

from mlpcli.cli.views import progress_view
from mlpcli.cli.views.progress_view import ProgressView


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress_view, "now", lambda: now[0])
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    return now


def shown(stderr, clock, monkeypatch, *steps):
    monkeypatch.setattr("sys.stderr", stderr)
    with ProgressView("predicting") as progress:
        for step in steps:
            clock[0] += 1
            progress(*step)
    return stderr.getvalue()


STEPS = (1000, 10, 100), (1000, 20, 100), (1000, 30, 100)


def test_a_long_reading_is_shown_on_a_terminal(clock, monkeypatch):
    text = shown(Terminal(), clock, monkeypatch, *STEPS)
    assert "predicting" in text
    assert "3,000 rows, 1,000 a second" in text


def test_a_file_of_unknown_size_has_rows_too(clock, monkeypatch):
    text = shown(Terminal(), clock, monkeypatch, (100, None, None), (400, None, None))
    assert "500 rows, 250 a second" in text


def test_a_short_reading_is_not_shown(clock, monkeypatch):
    monkeypatch.setattr(progress_view, "PATIENCE", 5)
    assert shown(Terminal(), clock, monkeypatch, *STEPS) == ""


@pytest.mark.parametrize("stderr", [io.StringIO, Terminal])
def test_in_a_pipe_or_on_a_dumb_terminal_nothing_is_shown(clock, monkeypatch, stderr):
    monkeypatch.setenv("TERM", "dumb" if stderr is Terminal else "xterm")
    assert shown(stderr(), clock, monkeypatch, *STEPS) == ""
