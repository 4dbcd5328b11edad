"""What `mlp train --json` prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from mlpcli.cli.text.network_and_data import describe_network
from mlpcli.cli.views.view import QuietView
from mlpcli.runs.json_file import finite

if TYPE_CHECKING:
    from mlpcli.training import events


class JsonView(QuietView):
    """A view that prints one JSON object a line."""

    def start(self, event: events.Started) -> None:
        network, start = event.prepared.network, event.prepared.start
        self._print(
            event="start",
            run=str(event.folder),
            network=describe_network(network),
            parameters=network.size,
            rows=len(event.prepared.dataset.training.inputs),
            notes=[*event.prepared.dataset.notes, *(start.notes if start else ()), *event.notes],
            **({"learning_rate": event.prepared.optimizer.rate} if event.prepared.found_rate else {}),
            after=event.after,
        )

    def epoch(self, event: events.EpochDone) -> None:
        if event.record is not None:
            self._print(event="epoch", **event.record)

    def finding(self, event: events.ReportedFinding) -> None:
        self._print(event="finding", **event.as_json())

    def halved(self, event: events.Halved) -> None:
        self._print(event="halved", epoch=event.epoch, after=event.after, rate_factor=event.factor)

    def seed(self, event: events.SeedDone) -> None:
        self._print(event="seed", **event.result.as_record() | {"reached": event.result.reached})

    def seeds(self, event: events.SeedsDone) -> None:
        self._print(event="seeds", best=event.best, reached=event.reached, of=event.count)

    def fold(self, event: events.FoldDone) -> None:
        self._print(
            event="fold",
            fold=event.number,
            of=event.of,
            epochs=event.epochs,
            kept_epoch=event.kept_epoch,
            halvings=event.halvings,
            **event.scores,
        )

    def folds(self, event: events.FoldsDone) -> None:
        scores = {name: {"mean": mean, "spread": spread} for name, (mean, spread) in event.table.items()}
        self._print(event="folds", scores=scores, predictions=str(event.predictions))

    def broken_off(self, event: events.RunInterrupted) -> None:
        self._print(event="end", run=str(event.folder), stopped="interrupted")

    def end(self, run: events.Run) -> None:
        more = {"test": run.test.as_json()} if run.test else {}
        self._print(
            event="end",
            run=str(run.path),
            stopped=run.stopped,
            epochs=run.epochs,
            kept_epoch=run.kept_epoch,
            cost=run.cost,
            loss=run.loss,
            **run.scores,
            seconds=round(run.seconds, 3),
            **more,
        )

    def _print(self, **values: Any) -> None:
        click.echo(json.dumps(finite(values), ensure_ascii=False))
