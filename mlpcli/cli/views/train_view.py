"""What `mlp train` shows: lines, with a progress bar on a terminal; or another view that was asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from math import isnan
from shlex import quote
from typing import TYPE_CHECKING

import click

from mlpcli.cli.text.best_weights import column_title, describe_kept
from mlpcli.cli.text.experiment import describe_folds, describe_seeds
from mlpcli.cli.text.network_and_data import (
    describe_evaluation,
    describe_prepared,
    duration,
    score_title,
)
from mlpcli.cli.text.table import stacked_headings, terminal_columns
from mlpcli.cli.views.json_view import JsonView
from mlpcli.cli.views.view import QuietView
from mlpcli.wording import plural

if TYPE_CHECKING:
    from rich.progress import Progress

    from mlpcli.training import events

LEAST_WIDTH = {"epoch": 9, "seconds": 12}
STOPPED = 17
"""Letters of why most trainings stop, and a gap."""
NARROW = {"epoch": 6, "epochs": 6, "seed": 6, "seconds": 11}


class LinesView(QuietView):
    """A view with one aligned line per printed epoch."""

    def __init__(self) -> None:
        self._header_done = False
        self._config = ""
        self._planned = False
        self._seeds = 0
        self._widths: dict[str, int] = {}

    def plan(self, event: events.Planned) -> None:
        self.line(describe_prepared(event.prepared))
        self.line(f"run      {event.folder}\n")
        self._planned = True

    def start(self, event: events.Started) -> None:
        found = event.prepared.found_rate
        if not self._planned:
            self.line(describe_prepared(event.prepared))
            self.line(f"run      {event.folder}")
        elif found is not None:
            self.line(f"rate     {found.chosen:g} found by a range test")
        for note in event.notes:
            self.line(f"note     {note}")
        if event.after or event.batches:
            within = f" and {plural(event.batches, 'batch')}" if event.batches else ""
            self.line(f"resumed  after epoch {event.after}{within}")
        if not self._planned:
            self.line("")
        file = event.prepared.file
        # With --set, what is trained is in the run folder only.
        changed = any(where.startswith("--set") for where in file.where.values())
        self._config = str(event.folder / "config.yaml" if changed else file.path)

    def epoch(self, event: events.EpochDone) -> None:
        if event.record is not None:
            shown = event.record
            if not self._header_done:
                self.line(self._header(list(shown)))
                self._header_done = True
            self.line(self._numbers(shown))

    def finding(self, event: events.ReportedFinding) -> None:
        if event.finding.rule == "cost_not_finite":  # the error message says it, after the end
            return
        when = f"epoch {event.epoch}" if event.epoch else "before the first epoch"
        cause = event.finding.cause.rstrip(".")
        self.line(f"{event.finding.severity:8} {when}: {cause}; see mlp gradcheck {quote(self._config)}")

    def halved(self, event: events.Halved) -> None:
        back = f"epoch {event.after}" if event.after else "the start"
        self.line(f"halved   epoch {event.epoch}: {event.cause}")
        self.line(f"         on from {back} with the learning rate times {event.factor:g}")

    def seed(self, event: events.SeedDone) -> None:
        result = event.result
        shown = {"seed": result.seed, "epochs": result.epochs, "cost": result.cost, **result.scores}
        if result.validation_loss is not None:
            shown["validation_loss"] = result.validation_loss
        if not self._seeds:
            self.line(self._header(list(shown), STOPPED) + "  stopped")
        self._seeds += 1
        numbers = self._numbers(shown)
        halved = f", the rate halved {plural(result.halvings, 'time')}" if result.halvings else ""
        self.line(f"{numbers}  {result.stopped}{halved}")

    def _header(self, keys: list[str], more: int = 0) -> str:
        """Return the headings; where they do not fit the terminal with `more` letters, with a word a line."""
        titles = [column_title(key) for key in keys]
        self._widths = {key: _width(key, title) for key, title in zip(keys, titles, strict=True)}
        lines = [titles]
        if sum(self._widths.values()) + more > terminal_columns():
            lines = stacked_headings(titles)
            columns = zip(keys, zip(*lines, strict=True), strict=True)
            self._widths = {key: max(_narrow(key), *map(len, words)) + 1 for key, words in columns}
        return "\n".join(
            "".join(word.rjust(self._widths[key]) for key, word in zip(keys, line, strict=True))
            for line in lines
        )

    def _numbers(self, shown: Mapping[str, float | None]) -> str:
        return "".join(
            f" {_number(key, value)}".rjust(self._widths.get(key, 0)) for key, value in shown.items()
        )

    def seeds(self, event: events.SeedsDone) -> None:
        self.line("\n" + describe_seeds(event))
        self.line(f"best     seed {event.best}, which is trained once more and kept\n")

    def fold(self, event: events.FoldDone) -> None:
        scores = ", ".join(f"{score_title(key)} {_number(key, value)}" for key, value in event.scores.items())
        kept = f", with the weights of epoch {event.kept_epoch}" if event.kept_epoch != event.epochs else ""
        kept += f", the rate halved {plural(event.halvings, 'time')}" if event.halvings else ""
        self.line(f"fold     {event.number} of {event.of}: {scores}, after epoch {event.epochs}{kept}")

    def folds(self, event: events.FoldsDone) -> None:
        self.line(describe_folds(event))
        self.line("         now all rows\n")

    def broken_off(self, event: events.RunInterrupted) -> None:
        self.line(f"go on: mlp train --resume {quote(str(event.folder))}")

    def over(self, run: events.Run) -> None:
        self.line(f"complete: {run.stopped} after epoch {run.epochs}; nothing is left to do")
        self.line(f"run: {run.path}")

    def end(self, run: events.Run) -> None:
        self.line(f"\nstopped: {run.stopped} after epoch {run.epochs}, {duration(run.seconds)}")
        for line in describe_kept(run):
            self.line(line)
        if run.test is not None:
            self.line("\ntest\n" + describe_evaluation(run.test))
        self.line(f"\nrun: {run.path}")
        path = quote(str(run.path))
        if run.interrupted:
            self.line(f"go on: mlp train --resume {path}")
        if not run.failed:
            self.line(f"next: mlp predict {path} DATA   (or: mlp evaluate {path} DATA)")

    def line(self, text: str) -> None:
        """Print a line and flush, so that a pipe sees it at once."""
        click.echo(text)
        sys.stdout.flush()


class TerminalView(LinesView):
    """A view with these lines above a progress bar."""

    def __init__(self) -> None:
        super().__init__()
        self._progress: Progress | None = None

    def __exit__(self, *error: object) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def epoch(self, event: events.EpochDone) -> None:
        super().epoch(event)
        if self._progress is None:
            self._progress = self._started(event.of)
        self._progress.update(self._progress.task_ids[0], completed=event.number)

    def end(self, run: events.Run) -> None:
        self.__exit__()
        super().end(run)

    def line(self, text: str) -> None:
        if self._progress is None:
            super().line(text)
        else:
            self._progress.console.print(text, markup=False, highlight=False)

    @staticmethod
    def _started(epochs: int) -> Progress:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        progress = Progress(
            TextColumn("epoch"), MofNCompleteColumn(), BarColumn(), TimeRemainingColumn(), transient=True
        )
        progress.add_task("epoch", total=epochs)
        progress.start()
        return progress


def make_view(quiet: bool, as_json: bool) -> QuietView:
    """Return the view that was asked for: JSON, quiet, or what suits the standard output."""
    if as_json:
        return JsonView()
    if quiet:
        return QuietView()
    is_terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    return TerminalView() if is_terminal else LinesView()


def _width(key: str, title: str) -> int:
    return max(LEAST_WIDTH.get(key, 12), len(title) + 2)


def _narrow(key: str) -> int:
    """Return how many letters the numbers of a column take, as a rule."""
    return NARROW.get(key, 7 if key.endswith(("accuracy", "r2")) else 11)


def _number(key: str, value: float | None) -> str:
    if value is None or isnan(value):
        return "–"
    if key == "epoch":
        return str(value)
    if key == "seconds":
        return duration(value)
    short = key.endswith(("accuracy", "r2")) and abs(value) < 1e4
    return f"{value:.4f}" if short else f"{value:.6g}"
