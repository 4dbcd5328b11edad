"""Options that several commands share."""

from __future__ import annotations

from typing import Any

import click

config_argument = click.argument("config", type=click.Path())
run_argument = click.argument("run", metavar="RUN|MODEL", type=click.Path())
executor_option = click.option(
    "--executor",
    type=click.Choice(["auto", "numpy", "native"]),
    default="auto",
    help="What computes: native is machine code, auto takes it where it is installed.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")


def set_option(command: Any) -> Any:
    """Add --set KEY=VALUE to a command: it may be repeated, and overrides the config file."""
    return click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar="KEY=VALUE",
        help="Override a key of the config, such as optimiser.learning_rate=0.01. Repeatable.",
    )(command)
