"""The command `mlp train`."""

from __future__ import annotations

import click

from mlpcli.cli.options import set_option


@click.command()
@click.argument("config", type=click.Path(), required=False)
@set_option
@click.option("--runs", default="runs", show_default=True, help="Folder for the run folders.")
@click.option("--resume", "run", metavar="RUN", type=click.Path(), help="Go on with a run that broke off.")
@click.option("--verify-resume", is_flag=True, help="Break the training off, go on, and compare the bits.")
@click.option("--executor", help="auto, numpy or native; short for --set executor=…")
@click.option("--quiet", is_flag=True, help="Print the last line only.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line; the last has event: end.")
@click.pass_context
def train(
    ctx: click.Context,
    config: str | None,
    overrides: tuple[str, ...],
    runs: str,
    run: str | None,
    verify_resume: bool,
    executor: str | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Train the network that CONFIG describes.

    Everything goes to a new folder, runs/<config name>-<number>. Ctrl-C finishes the batch at hand and
    saves; a second Ctrl-C quits. --resume goes on with a run to the bits it would have ended with, by its
    own config; --set may then change training.epochs and the like, see docs/resume.md.

    \b
    mlp train configs/iris.yaml
    mlp train configs/iris.yaml --set optimiser.learning_rate=0.01 --set seed=3
    mlp train --resume runs/iris-1
    mlp train --verify-resume configs/iris.yaml
    """
    if (config is None) == (run is None):
        raise click.UsageError("Give a CONFIG, or --resume RUN.")
    if run is not None and (verify_resume or runs != "runs"):
        raise click.UsageError("--runs and --verify-resume need a CONFIG: a resumed run stays in its folder.")
    from mlpcli.api import resume
    from mlpcli.api import train as train_network
    from mlpcli.cli.interrupt import first_interrupt
    from mlpcli.cli.views.progress_view import ProgressView
    from mlpcli.cli.views.train_view import make_view

    if executor:
        overrides = (*overrides, f"executor={executor}")
    if verify_resume:
        from mlpcli.api import verify_resume as verify
        from mlpcli.cli.text.verification import describe_verification

        verification = verify(str(config), overrides)
        click.echo(describe_verification(verification, as_json))
        ctx.exit(0 if verification.same else 1)
    with make_view(quiet, as_json) as view, first_interrupt() as interrupted:
        if run is not None:
            ended = resume(run, overrides, view.show, interrupted)
        else:
            with ProgressView("reading") as reading:
                ended = train_network(str(config), overrides, runs, view.show, interrupted, progress=reading)
    if ended.interrupted:
        ctx.exit(130)
