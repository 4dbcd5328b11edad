"""What is said aloud beside the results: on standard error, so that the output stays clean."""

from __future__ import annotations

from collections.abc import Iterable

import click

from mlpcli.data.counts import Counts


def tell(notes: Iterable[str]) -> None:
    """One line each."""
    for note in notes:
        click.echo(f"note: {note}", err=True)


def tell_counts(counts: Counts) -> None:
    """Unknown categories, filled cells, ignored columns."""
    tell(counts.describe())
