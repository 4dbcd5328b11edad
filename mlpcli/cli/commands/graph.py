"""The command `mlp graph`."""

from __future__ import annotations

import click

from mlpcli.cli.options import config_argument, set_option


@click.command()
@config_argument
@set_option
@click.option("--gradients", is_flag=True, help="The gradients too.")
@click.option("--dot", is_flag=True, help="Graphviz's DOT language instead of text.")
def graph(config: str, overrides: tuple[str, ...], gradients: bool, dot: bool) -> None:
    """Print the symbolic graph of the cost, one line a node.

    \b
    mlp graph configs/xor-sigmoid.yaml
    mlp graph configs/xor-sigmoid.yaml --gradients --dot | dot -Tsvg > graph.svg
    """
    from mlpcli.api import graph_text
    from mlpcli.cli.streams import need_standard_output

    need_standard_output()
    click.echo(graph_text(config, overrides, gradients, dot))
