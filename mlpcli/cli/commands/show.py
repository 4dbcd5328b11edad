"""The command `mlp show`."""

from __future__ import annotations

import click

from mlpcli.cli.options import run_argument


@click.command()
@run_argument
def show(run: str) -> None:
    """Show what a run holds: columns, network, history.

    \b
    mlp show runs/iris-1
    """
    from shlex import quote

    from mlpcli.api import show as show_run
    from mlpcli.cli.streams import need_standard_output
    from mlpcli.cli.text.experiment import describe_folds, describe_seeds
    from mlpcli.cli.text.network_and_data import describe_columns, describe_network, describe_size
    from mlpcli.cli.text.table import table
    from mlpcli.wording import plural

    need_standard_output()
    shown = show_run(run)
    model = shown.model
    click.echo(f"{'model' if model else 'run':8} {shown.path}")
    if model is not None:
        network = model.graph()
        click.echo(f"task     {model.task}")
        for line in describe_columns(model.preparation):
            click.echo(line)
        size = describe_size(network)
        what = f"{describe_network(network)}: {size}, {model.precision}, loss {model.head.loss.shown}"
        click.echo(f"network  {what}")
        kept = f"weights of epoch {model.summary.get('kept_epoch')}"
        click.echo(
            f"training {model.summary.get('stopped')} after epoch {model.summary.get('epochs')}; {kept}"
        )
        if "learning_rate" in model.summary:
            click.echo(f"rate     {model.summary['learning_rate']} found by a range test: learning_rate.csv")
    if shown.stopped not in ("", "interrupted") and model is None:
        click.echo(f"over     {shown.stopped} after epoch {shown.epochs}; model.npz is gone: train again")
    elif model is None or shown.stopped == "interrupted":
        done = f"{plural(shown.epochs, 'epoch')} done; " if shown.epochs else ""
        click.echo(f"not over {done}go on: mlp train --resume {quote(str(shown.path))}")
    if shown.seeds is not None:
        click.echo(describe_seeds(shown.seeds))
    if shown.folds is not None:
        click.echo(describe_folds(shown.folds))
    if shown.history:
        filled = [key for key in shown.history[0] if any(row[key] for row in shown.history)]
        rows = [[_short(row[key]) for key in filled] for row in shown.history]
        click.echo("\n" + table(filled, rows, left=0))


def _short(text: str) -> str:
    try:
        return f"{float(text):.6g}"
    except ValueError:
        return text
