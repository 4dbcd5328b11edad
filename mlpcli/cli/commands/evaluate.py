"""The command `mlp evaluate`."""

from __future__ import annotations

import click

from mlpcli.cli.options import executor_option, json_option, run_argument


@click.command()
@run_argument
@click.argument("data", type=click.Path())
@click.option("--labels", type=click.Path(), help="Label file beside an IDX or NPY file.")
@click.option(
    "--part",
    type=click.Choice(["test", "validation", "training", "all"]),
    help="Rows of a file that the run was trained on; without it test, else validation, else all.",
)
@click.option("--unweighted", is_flag=True, help="Count all rows alike, though training weighted them.")
@executor_option
@json_option
def evaluate(
    run: str,
    data: str,
    labels: str | None,
    part: str | None,
    unweighted: bool,
    executor: str,
    as_json: bool,
) -> None:
    """Score a run on rows that have the target.

    DATA is a file of rows; - reads standard input. The run knows its own data files (by sha256) and their
    parts: of a file that was split the test rows are scored. How many rows of each part is always said.

    \b
    mlp evaluate runs/iris-1 test.csv
    mlp evaluate runs/iris-1 iris.csv --part all
    """
    import json

    from mlpcli.api import load
    from mlpcli.cli.streams import need_standard_output
    from mlpcli.cli.text.network_and_data import describe_evaluation
    from mlpcli.cli.text.warnings import tell

    need_standard_output()
    notes, evaluation = load(run, executor).evaluate_file(data, labels, not unweighted, part)
    tell((*notes, *evaluation.counts.describe()))
    if as_json:
        click.echo(json.dumps(evaluation.as_json(), indent=1, ensure_ascii=False))
    else:
        click.echo(describe_evaluation(evaluation))
