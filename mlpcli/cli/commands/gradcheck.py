"""The command `mlp gradcheck`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlpcli.cli.options import json_option, set_option

if TYPE_CHECKING:
    from mlpcli.diagnose.repair.candidates import Candidate


@click.command()
@click.argument("config", metavar="CONFIG|RUN", type=click.Path())
@set_option
@click.option("--rows", type=click.IntRange(min=1), default=64, show_default=True, help="Rows of part 1.")
@click.option("--fast", is_flag=True, help="Train nothing: the first pass, and exact rules only.")
@click.option("--full", is_flag=True, help="Check every entry, make every trial, however long it takes.")
@click.option("--repair", is_flag=True, help="Try the remedies; write a config that learns beside CONFIG.")
@click.option("--strict", is_flag=True, help="Exit 1 on warnings, too.")
@json_option
@click.pass_context
def gradcheck(
    ctx: click.Context,
    config: str,
    overrides: tuple[str, ...],
    rows: int,
    fast: bool,
    full: bool,
    repair: bool,
    strict: bool,
    as_json: bool,
) -> None:
    """Is the gradient right, does it arrive, and why does the network not learn?

    Of a CONFIG the initial weights are checked, of a RUN the trained ones; then a short training is made.
    Takes about as long as that training, or 3 s, unless --full says otherwise. Exits 1 where there is a
    problem, with --repair only where that was not repaired.

    \b
    mlp gradcheck configs/xor-hard-sigmoid.yaml
    mlp gradcheck configs/xor-hard-sigmoid.yaml --repair
    mlp gradcheck runs/xor-hard-sigmoid-1
    """
    import json
    from itertools import count

    from mlpcli.api import gradcheck as check
    from mlpcli.api import repair as repair_config
    from mlpcli.cli.interrupt import first_interrupt
    from mlpcli.cli.text.gradcheck import describe_gradcheck
    from mlpcli.cli.text.repair import describe_repair, describe_result

    number = count(1)

    def show_candidate(candidate: Candidate) -> None:
        click.echo(f"{next(number)}. {describe_result(candidate.result)}", err=True)

    if fast and (full or repair):
        other = "--full" if full else "--repair"
        raise click.UsageError(f"--fast trains nothing, {other} has to. Use one of them.")
    report = check(config, overrides, "fast" if fast else "full" if full else "usual", rows)
    plain = report.as_json()
    if not as_json:
        click.echo(describe_gradcheck(report))
    exit_code = 1 if not report.healthy or (strict and report.counted("warning")) else 0
    if repair and report.gradient.right:
        with first_interrupt() as interrupted:
            repaired = repair_config(config, overrides, show_candidate, interrupted, report.evidence)
        plain["repair"] = repaired.as_json()
        if not as_json:
            click.echo(f"\n{describe_repair(repaired)}")
        exit_code = 130 if repaired.interrupted else 0 if repaired.done else 1
    if as_json:
        click.echo(json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False))
    ctx.exit(exit_code)
