"""Stage 9: executors run plans."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec

from mlpcli.errors import Fault, MissingExtraError
from mlpcli.execute.executor import Executor
from mlpcli.execute.numpy_executor import NumpyExecutor


class _Executors(Mapping[str, type[Executor]]):
    """The executors that this installation can run, imported when asked for."""

    def __getitem__(self, name: str) -> type[Executor]:
        if name == "numpy":
            return NumpyExecutor
        if name == "native":
            if find_spec("llvmlite") is None:
                remedy = "Install it: pip install 'mlpcli[native]'; or use executor: numpy."
                raise MissingExtraError(Fault("", "The native executor needs llvmlite.", remedy, "executor"))
            executor: type[Executor] = import_module("mlpcli.execute.native_executor").NativeExecutor
            return executor
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        yield "numpy"
        if find_spec("llvmlite") is not None:
            yield "native"

    def __len__(self) -> int:
        return len(list(iter(self)))


EXECUTORS: Mapping[str, type[Executor]] = _Executors()


def choose_executor(name: str) -> Executor:
    """auto: native where it is installed, else NumPy. Raises MissingExtraError."""
    if name == "auto":
        name = "native" if "native" in list(EXECUTORS) else "numpy"
    return EXECUTORS[name]()


__all__ = ["EXECUTORS", "Executor", "NumpyExecutor", "choose_executor"]
