"""Notes beside the results: on standard error, so that the output stays clean."""

from __future__ import annotations

from collections.abc import Iterable

import click


def tell(notes: Iterable[str]) -> None:
    """Print notes, one line each."""
    for note in notes:
        click.echo(note if note.startswith("warning: ") else f"note: {note}", err=True)
