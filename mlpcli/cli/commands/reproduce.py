"""The command `mlp reproduce`."""

from __future__ import annotations

import click

from mlpcli.cli.options import json_option, set_option


@click.command()
@click.argument("run", type=click.Path())
@set_option
@json_option
@click.pass_context
def reproduce(ctx: click.Context, run: str, overrides: tuple[str, ...], as_json: bool) -> None:
    """Train a run again from what it records, and compare the bits.

    Nothing is kept. Exits 1 where they differ, and says what is not as it was: data, versions, processor.
    --set may tell where the data files are now.

    \b
    mlp reproduce runs/iris-1
    mlp reproduce runs/iris-1 --set data.train=moved/iris.csv
    """
    from mlpcli.api import reproduce as train_again
    from mlpcli.cli.text.verification import describe_reproduction

    found = train_again(run, overrides)
    click.echo(describe_reproduction(found, as_json))
    ctx.exit(0 if found.same else 1)
