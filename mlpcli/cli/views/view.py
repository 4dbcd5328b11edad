"""What every view of a training is: it is handed the events, and has a method for each kind."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

import click

from mlpcli.cli.text.best_weights import describe_losses
from mlpcli.wording import plural

if TYPE_CHECKING:
    from mlpcli.training import events

METHODS = {
    "Planned": "plan",
    "SeedDone": "seed",
    "SeedsDone": "seeds",
    "FoldDone": "fold",
    "FoldsDone": "folds",
    "Started": "start",
    "EpochDone": "epoch",
    "ReportedFinding": "finding",
    "Halved": "halved",
    "RunInterrupted": "broken_off",
    "RunEnded": "ended",
}
"""Class of an event -> the method of a view that shows it. By name: a view imports nothing of the engine."""


class QuietView:
    """A view that shows the end of a training only."""

    def __enter__(self) -> QuietView:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def show(self, event: events.Event) -> None:
        """Show an event by the method for its class."""
        getattr(self, METHODS[type(event).__name__])(event)

    def plan(self, event: events.Planned) -> None:
        """Show what the seeds or folds that come first are trainings of."""

    def seed(self, event: events.SeedDone) -> None:
        """Show the end of one of the repeated trainings."""

    def seeds(self, event: events.SeedsDone) -> None:
        """Show what all repeated trainings came to."""

    def fold(self, event: events.FoldDone) -> None:
        """Show the end of one training of a cross-validation."""

    def folds(self, event: events.FoldsDone) -> None:
        """Show what all trainings of a cross-validation came to."""

    def start(self, event: events.Started) -> None:
        """Show what is about to be trained."""

    def epoch(self, event: events.EpochDone) -> None:
        """Show that an epoch is done."""

    def finding(self, event: events.ReportedFinding) -> None:
        """Show what goes wrong."""

    def halved(self, event: events.Halved) -> None:
        """Show that training goes back to before a non-finite cost, and continues at half the rate."""

    def broken_off(self, event: events.RunInterrupted) -> None:
        """Show how the run that was interrupted is resumed."""
        click.echo(f"{event.folder}  interrupted; go on: mlp train --resume {quote(str(event.folder))}")

    def ended(self, event: events.RunEnded) -> None:
        """Show how the training ended, or that nothing was left of it to do."""
        if event.anew:
            self.end(event.run)
        else:
            self.over(event.run)

    def over(self, run: events.Run) -> None:
        """Show that nothing was left to do."""
        self.end(run)

    def end(self, run: events.Run) -> None:
        """Show the last words."""
        losses = describe_losses(run) or f"running cost {run.cost:.6g}"
        click.echo(f"{run.path}  {losses}  ({run.stopped}, {plural(run.epochs, 'epoch')})")
