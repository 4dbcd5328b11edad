"""The command `mlp data`."""

from __future__ import annotations

import click

from mlpcli.cli.options import json_option, set_option


@click.command()
@click.argument("source", metavar="FILE|CONFIG", type=click.Path(allow_dash=True))
@click.option("--target", multiple=True, metavar="NAME", help="Column to be predicted. Repeatable.")
@set_option
@click.option("--all", "show_all", is_flag=True, help="Show every column, however many there are.")
@json_option
@click.pass_context
def data(
    ctx: click.Context,
    source: str,
    target: tuple[str, ...],
    overrides: tuple[str, ...],
    show_all: bool,
    as_json: bool,
) -> None:
    """Report what is in a table, and what a network has to beat.

    FILE is a data file, "-" for standard input; CONFIG a file named .yaml or .yml, or a run folder. Nothing
    is trained but a linear model, and nothing is written. Exits 1 where there is a problem.

    \b
    mlp data table.csv
    mlp data table.csv --target price
    mlp data configs/iris.yaml
    """
    import json

    from mlpcli.api import data_report
    from mlpcli.cli.streams import need_standard_output

    need_standard_output()
    report = data_report(source, target, overrides)
    if as_json:
        click.echo(json.dumps(report.as_json(), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        from mlpcli.cli.text.data_report import describe_data

        click.echo(describe_data(report, show_all))
    ctx.exit(0 if report.healthy else 1)
