"""Extras: libraries for formats, asked for when a file of theirs is opened."""

from __future__ import annotations

from importlib.util import find_spec

from mlpcli.errors import Fault, MissingExtraError


def require(module: str, install: str, where: str, what: str) -> None:
    """See that a module is installed, before it is imported.

    install: the command that installs it. what: what a file is. Raises MissingExtraError.
    """
    if find_spec(module) is None:
        remedy = f"Install it: {install}; or write the table as CSV."
        raise MissingExtraError(
            Fault(where, f"{what} is read with {module}, which is not installed.", remedy)
        )
