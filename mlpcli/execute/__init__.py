"""Executors run plans."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec

from mlpcli.errors import Fault, MissingExtraError, SettingError, nearest
from mlpcli.execute.executor import Executor
from mlpcli.execute.numpy.executor import NumpyExecutor


class _Executors(Mapping[str, type[Executor]]):
    """The executors that this installation can run, imported when asked for."""

    def __getitem__(self, name: str) -> type[Executor]:
        if name == "numpy":
            return NumpyExecutor
        if name == "native":
            if find_spec("llvmlite") is None:
                remedy = "Install it: pip install llvmlite; or use executor: numpy."
                raise MissingExtraError(Fault("", "The native executor needs llvmlite.", remedy, "executor"))
            executor: type[Executor] = import_module("mlpcli.execute.native.executor").NativeExecutor
            return executor
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        yield "numpy"
        if find_spec("llvmlite") is not None:
            yield "native"

    def __len__(self) -> int:
        return len(list(iter(self)))


EXECUTORS: Mapping[str, type[Executor]] = _Executors()
NAMES = ("auto", "numpy", "native")
"""What a config or a call may ask for."""


MANY_STEPS = 5_000
"""Training steps from which on machine code is felt: a step of a small network takes NumPy 30 to 100 µs."""


def choose_executor(name: str) -> Executor:
    """Return the executor of that name; auto: native where it is installed, else NumPy.

    Raises SettingError for another name, MissingExtraError where native is asked for and not installed.
    """
    if name not in NAMES:
        raise SettingError("executor", f"{name!r} is no executor.", nearest(str(name), NAMES))
    if name == "auto":
        name = "native" if "native" in list(EXECUTORS) else "numpy"
    return EXECUTORS[name]()


def hint(name: str, steps: int) -> str:
    """Return what to install for a faster training of a small network; "" where nothing is missed."""
    if name == "auto" and steps >= MANY_STEPS and "native" not in list(EXECUTORS):
        return "pip install llvmlite makes many small steps like these far quicker."
    return ""


__all__ = ["EXECUTORS", "Executor", "NumpyExecutor", "choose_executor", "hint"]
