"""The group: finds the commands, turns an MlpError into its text and exit code, once."""

from __future__ import annotations

import errno
import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from os.path import dirname, join
from typing import Any

try:
    import click
except KeyboardInterrupt:  # loading it is half of starting up: Ctrl-C then is no bug to be traced
    sys.exit(130)

from mlpcli.cli.interrupt import ignore_further_signals, interrupt_on_signals, mark_interrupt_handled
from mlpcli.cli.streams import drop_output, mend_streams
from mlpcli.version import __version__

COMMANDS = join(dirname(__file__), "commands")  # pathlib would cost as much as half of click


FOREIGN = {
    "fit": "train",
    "learn": "train",
    "score": "evaluate",
    "test": "evaluate",
    "eval": "evaluate",
    "infer": "predict",
    "transform": "predict",
    "validate": "check",
    "lint": "check",
    "debug": "gradcheck",
    "diagnose": "gradcheck",
    "describe": "data",
    "profile": "data",
    "plot": "graph",
    "diff": "compare",
    "inspect": "show",
    "info": "show",
}
"""What other tools call a command -> the command here, for the advice beside a word that is not known."""


class Commands(click.Group):
    """`commands/<name>.py` offers the command `<name>`. Nothing else is imported before it runs."""

    def main(self, *args: Any, **settings: Any) -> Any:
        try:
            return super().main(*args, **settings)
        except SystemExit as end:
            mark_interrupt_handled()
            from mlpcli.cli.leave import leave_at_once

            leave_at_once(end)
            raise

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(n[:-3] for n in os.listdir(COMMANDS) if n.endswith(".py") and not n.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = getattr(import_module(f"mlpcli.cli.commands.{cmd_name}"), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            from mlpcli.errors import nearest

            word = FOREIGN.get(args[0].lower(), args[0])
            ctx.fail(f"No such command {args[0]!r}. {nearest(word, known)}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.NoSuchOption as error:
            raise with_key(error) from None
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(130)
        except MemoryError as error:
            click.echo(f"error:\n  Out of memory: {error}\n  Use fewer rows, units or pieces.", err=True)
            ctx.exit(1)
        except Exception as error:
            # The class is looked up only now: importing it earlier would slow `mlp --help` down.
            from mlpcli.errors import MlpError

            if not isinstance(error, MlpError):
                raise
            click.echo(str(error), err=True)
            ctx.exit(error.exit_code)


def with_key(error: click.NoSuchOption) -> click.NoSuchOption:
    """Add to the error the --set that says it, where the option is named like a key of the config."""
    if error.ctx is None or all(each.name != "overrides" for each in error.ctx.command.params):
        return error
    from mlpcli.api import keys_for

    keys = keys_for(error.option_name.lstrip("-"))
    if not keys:
        return error
    message = f"{error.message} A key of the config is given so: --set {keys[0]}=…"
    return click.NoSuchOption(error.option_name, message, ctx=error.ctx)


def terminal_width() -> int:
    """Return the columns for help texts. click would ask shutil: a tenth of `mlp --help` for its import."""
    try:
        return max(50, min(os.get_terminal_size().columns, 80) - 2)
    except OSError:
        return 78


SETTINGS = {"help_option_names": ["-h", "--help"], "terminal_width": terminal_width()}


@click.group(cls=Commands, context_settings=SETTINGS)
@click.version_option(__version__, prog_name="mlp")
def cli() -> None:
    """Train small feedforward networks from one YAML file.

    \b
    mlp data table.csv --target price      what is in it, what is to beat
    mlp train configs/iris.yaml            train; the run goes to runs/iris-1
    mlp predict runs/iris-1 new.csv        predict with it
    mlp evaluate runs/iris-1 test.csv      score it
    mlp gradcheck configs/iris.yaml        is the gradient right, does it arrive?
    """


def has_working_directory() -> bool:
    """Tell whether the folder that relative paths start from is still there."""
    try:
        os.getcwd()
    except OSError:
        return False
    return True


FIRST_COLLECTION = 100_000
"""Objects that are made before the garbage collector looks through them for the first time."""


def ease_start() -> None:
    """Spare a process that may take half a second what pays off only in a long one."""
    # The start makes 60,000 objects, and all of them stay. By default every 700 new ones make the collector
    # look for garbage among them, which takes a tenth of the start. From its first time on, it does so again.
    usual = gc.get_threshold()

    def collect_as_usual(phase: str, info: dict[str, int]) -> None:
        gc.set_threshold(*usual)
        gc.callbacks.remove(collect_as_usual)

    gc.set_threshold(FIRST_COLLECTION)
    gc.callbacks.append(collect_as_usual)
    # Threads of the OpenBLAS in NumPy keep a core busy for 0.1 s before they sleep, and so from the start on.
    # 2**20 ticks, half a millisecond, still span the time from one product to the next.
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "20")


def main() -> None:
    """Run the `mlp` command and end the process with its exit code."""
    try:
        ease_start()
        mend_streams()
        interrupt_on_signals()
        try:
            cli()
        finally:
            sys.stdout.flush()  # here, not when Python ends, so that a full disk is an error as any other
    except KeyboardInterrupt:
        mark_interrupt_handled()
        ignore_further_signals()
        sys.exit(130)
    except SystemExit as end:
        if end.code == 130:
            ignore_further_signals()
        raise
    except OSError as error:  # a full disk, say
        if error.errno != errno.EPIPE:  # whoever reads no further wants no message
            where = error.filename or "standard output"
            remedy, code = "Check the place, its permissions and the space left.", 1
            if error.filename is None and not has_working_directory():
                where, code = "working directory", 2
                remedy = "It was removed: change to a folder that exists, and try again."
            with suppress(OSError):  # a terminal that is closed takes no message either
                click.echo(f"error: {where}\n  {error.strerror or error}.\n  {remedy}", err=True)
            sys.exit(code)
        sys.exit(1)
    finally:
        drop_output()
        # What is left is taken apart by the end of the process; the collector need not look at it first.
        gc.freeze()
