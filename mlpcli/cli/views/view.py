"""What every view of a training is: it is told the events, one method for each kind."""

from __future__ import annotations

from shlex import quote

import click

from mlpcli.cli.text.best_weights import describe_losses
from mlpcli.training.events import (
    EpochDone,
    Event,
    FoldDone,
    FoldsDone,
    Halved,
    Planned,
    ReportedFinding,
    Run,
    RunInterrupted,
    SeedDone,
    SeedsDone,
    Started,
)
from mlpcli.wording import plural


class QuietView:
    """Only the end."""

    def __enter__(self) -> QuietView:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def show(self, event: Event) -> None:
        """Tell what happens, as the methods below do."""
        if isinstance(event, Started):
            self.start(event)
        elif isinstance(event, EpochDone):
            self.epoch(event)
        elif isinstance(event, ReportedFinding):
            self.finding(event)
        elif isinstance(event, Halved):
            self.halved(event)
        elif isinstance(event, Planned):
            self.plan(event)
        elif isinstance(event, SeedDone):
            self.seed(event)
        elif isinstance(event, SeedsDone):
            self.seeds(event)
        elif isinstance(event, FoldDone):
            self.fold(event)
        elif isinstance(event, FoldsDone):
            self.folds(event)
        elif isinstance(event, RunInterrupted):
            self.broken_off(event)
        elif event.anew:
            self.end(event.run)
        else:
            self.over(event.run)

    def start(self, event: Started) -> None:
        """The first words."""

    def epoch(self, event: EpochDone) -> None:
        """One more epoch is done."""

    def finding(self, event: ReportedFinding) -> None:
        """Something goes wrong."""

    def halved(self, event: Halved) -> None:
        """The cost was lost; training goes on from before that at half the rate."""

    def plan(self, event: Planned) -> None:
        """Seeds or folds come first."""

    def seed(self, event: SeedDone) -> None:
        """One of the repeated trainings is over."""

    def seeds(self, event: SeedsDone) -> None:
        """All of them are."""

    def fold(self, event: FoldDone) -> None:
        """One training of a cross-validation is over."""

    def folds(self, event: FoldsDone) -> None:
        """All of them are."""

    def broken_off(self, event: RunInterrupted) -> None:
        """The run was interrupted, and can be gone on with."""
        click.echo(f"{event.folder}  interrupted; go on: mlp train --resume {quote(str(event.folder))}")

    def over(self, run: Run) -> None:
        """There was nothing left to do."""
        self.end(run)

    def end(self, run: Run) -> None:
        """The last words."""
        losses = describe_losses(run) or f"running cost {run.cost:.6g}"
        click.echo(f"{run.path}  {losses}  ({run.stopped}, {plural(run.epochs, 'epoch')})")
