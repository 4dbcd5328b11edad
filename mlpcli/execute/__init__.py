"""Stage 9: executors run plans."""

from collections.abc import Mapping

from mlpcli.execute.executor import Executor
from mlpcli.execute.numpy_executor import NumpyExecutor

EXECUTORS: Mapping[str, type[Executor]] = {"numpy": NumpyExecutor}

__all__ = ["EXECUTORS", "Executor", "NumpyExecutor"]
