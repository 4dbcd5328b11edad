"""The command `mlp compare`."""

from __future__ import annotations

import click

from mlpcli.cli.options import json_option


@click.command()
@click.argument("first", metavar="RUN", type=click.Path())
@click.argument("second", metavar="RUN", type=click.Path())
@json_option
def compare(first: str, second: str, as_json: bool) -> None:
    """Show what two runs differ in: config, data, curves, scores.

    \b
    mlp compare runs/iris-1 runs/iris-2
    """
    from mlpcli.api import compare as compare_runs
    from mlpcli.cli.streams import need_standard_output
    from mlpcli.cli.text.comparison import describe_comparison

    need_standard_output()
    click.echo(describe_comparison(compare_runs(first, second), as_json))
