"""The command `mlp check`."""

from __future__ import annotations

import click

from mlpcli.cli.options import config_argument, set_option


@click.command()
@config_argument
@set_option
def check(config: str, overrides: tuple[str, ...]) -> None:
    """Do everything but the training.

    Reads CONFIG and the data and builds the network.

    \b
    mlp check configs/iris.yaml
    """
    from mlpcli.api import check as check_config
    from mlpcli.cli.text.network_and_data import describe_prepared

    click.echo(describe_prepared(check_config(config, overrides)))
    click.echo("fine: nothing was trained.")
