"""mlp train"""

from __future__ import annotations

import click

from mlpcli.cli.options import config_argument, set_option


@click.command()
@config_argument
@set_option
@click.option("--runs", default="runs", show_default=True, help="Folder for the run folders.")
@click.option("--executor", help="auto, numpy or native; short for --set executor=…")
@click.option("--quiet", is_flag=True, help="Print the last line only.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line; the last has event: end.")
@click.pass_context
def train(
    ctx: click.Context,
    config: str,
    overrides: tuple[str, ...],
    runs: str,
    executor: str | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Train the network that CONFIG describes.

    Everything goes to a new folder, runs/<config name>-<number>. Ctrl-C finishes the batch at hand and
    saves; a second Ctrl-C quits.

    \b
    mlp train configs/iris.yaml
    mlp train configs/iris.yaml --set optimiser.learning_rate=0.01 --set seed=3
    """
    from mlpcli.cli.interrupt import first_interrupt
    from mlpcli.cli.train_view import make_view
    from mlpcli.pipeline import train as train_network

    if executor:
        overrides = (*overrides, f"executor={executor}")
    with make_view(quiet, as_json) as view, first_interrupt() as interrupted:
        run = train_network(config, overrides, runs, view.show, interrupted)
    if run.stopped == "interrupted":
        ctx.exit(130)
