"""mlp gradcheck"""

from __future__ import annotations

import click

from mlpcli.cli.options import json_option, set_option


@click.command()
@click.argument("config", metavar="CONFIG|RUN", type=click.Path())
@set_option
@json_option
@click.pass_context
def gradcheck(ctx: click.Context, config: str, overrides: tuple[str, ...], as_json: bool) -> None:
    """Is the gradient right, and does it arrive?

    Of a CONFIG the initial weights are checked, of a RUN the trained ones. Exits 1 where there is a problem.

    \b
    mlp gradcheck configs/xor-hard-sigmoid.yaml
    mlp gradcheck runs/xor-hard-sigmoid-1
    """
    import json

    from mlpcli.cli.text import describe_gradients
    from mlpcli.pipeline.gradcheck import gradcheck as check

    report = check(config, overrides)
    click.echo(json.dumps(report.as_json(), indent=1) if as_json else describe_gradients(report))
    if not report.healthy:
        ctx.exit(1)
