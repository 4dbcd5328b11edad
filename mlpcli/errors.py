"""Every exception of the package, its exit code and its three-line form.

Exit codes: 1 the run failed or a check found a problem; 2 the user's input is wrong;
130 interrupted. Anything that is not an MlpError is a bug of ours and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from mlpcli.wording import listed


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: where (file, line, key), what, and what to do about it."""

    where: str
    what: str
    remedy: str = ""
    key: str = ""
    """The config key at fault, where a later stage found it; config/ knows its line and puts that in."""

    def __str__(self) -> str:
        body = "\n".join(f"  {line}" for part in (self.what, self.remedy) for line in part.splitlines())
        where = ", ".join(filter(None, (self.where, self.key and f"key {self.key}")))
        return f"error: {where}\n{body}" if where else f"error:\n{body}"


class MlpError(Exception):
    """Base of every error a user can cause or meet. Carries one or more faults."""

    exit_code = 2

    def __init__(self, faults: Fault | Sequence[Fault]) -> None:
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception's own way calls the class with the text, which is no fault, nor what a subclass takes.
        return _restored, (type(self), self.faults), self.__dict__


def _restored(kind: type[MlpError], faults: tuple[Fault, ...]) -> MlpError:
    """Make the error that was pickled in another process; what else it has is put in afterwards."""
    error = kind.__new__(kind)
    MlpError.__init__(error, faults)
    return error


class ConfigError(MlpError):
    """The YAML file or a --set option is wrong."""


class SettingError(MlpError):
    """A setting does not fit what a later stage knows."""

    def __init__(self, key: str, what: str, remedy: str = "") -> None:
        super().__init__(Fault("", what, remedy, key))
        self.key = key


class DataError(MlpError):
    """A data file cannot be read, or does not fit the config or the model."""


class ModelFileError(MlpError):
    """A model file or run folder is missing, damaged, foreign or of a newer version."""


class OutputError(MlpError):
    """A file or folder cannot be written."""


class MissingExtraError(MlpError):
    """An optional dependency is needed and not installed."""


class GraphError(MlpError):
    """A symbolic graph is put together wrongly."""

    exit_code = 1


class ShapeError(GraphError):
    """Two shapes do not fit; names both operands and the op."""


class DisconnectedError(GraphError):
    """The cost does not depend on the named node, or only through ops without a derivative."""


class RunFailed(MlpError):
    """The training broke off: a cost that is not finite, for instance. Nothing good was overwritten."""

    exit_code = 1


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the nearest spelling among the known words, if one is near."""
    names = list(known)
    same = [name for name in names if name.lower() == word.lower()]
    return next(iter(get_close_matches(word, names, n=1, cutoff=0.6) or same), None)


def nearest(word: str, known: Iterable[str], limit: int = 24) -> str:
    """Return a remedy: the nearest spelling, if one is near, and the known words in the order given."""
    names = list(known)
    close = closest(word, names)
    shown = listed(names, limit)
    return (f"Did you mean {close!r}? " if close else "") + f"Known: {shown}."
