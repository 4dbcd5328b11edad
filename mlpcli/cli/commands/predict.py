"""The command `mlp predict`."""

from __future__ import annotations

import click

from mlpcli.cli.options import executor_option, run_argument


@click.command()
@run_argument
@click.argument("data", type=click.Path())
@click.option("-o", "--output", type=click.Path(), help="CSV file to write; standard output without it.")
@click.option(
    "--digits",
    type=click.IntRange(1, 17),
    metavar="N",
    help="Significant digits of a number at most; all that tell it from others without it.",
)
@executor_option
def predict(run: str, data: str, output: str | None, digits: int | None, executor: str) -> None:
    """Predict for the rows of DATA.

    DATA is a file of rows; - reads standard input. Columns are matched by name. Writes CSV with a header: the
    label and the probability p_<class> of each class, or the value of each target in its units. Outputs for
    classes that are no probabilities (linear ones, say) are called score_<class>.

    \b
    mlp predict runs/iris-1 new.csv
    cat new.csv | mlp predict runs/iris-1 - -o labels.csv
    """
    from mlpcli.api import predict as write_predictions
    from mlpcli.cli.streams import need_standard_output
    from mlpcli.cli.text.warnings import tell
    from mlpcli.cli.views.progress_view import ProgressView

    if output is None:
        need_standard_output()
    with ProgressView("predicting") as progress:
        notes, counts = write_predictions(run, data, output, executor, digits, progress)
    tell((*notes, *counts.describe()))
