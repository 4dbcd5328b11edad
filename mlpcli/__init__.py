"""mlp: train small feedforward networks from one YAML file.

    from mlpcli import load, train
    run = train("configs/iris.yaml")
    print(load(run).evaluate("datasets/iris.csv").as_json())

The symbolic engine (nodes, gradients, plans, executors) is in `mlpcli.engine`, for those who come to learn.
Nothing heavy is imported before it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from mlpcli.errors import MlpError as MlpError
    from mlpcli.pipeline import Model as Model
    from mlpcli.pipeline import Run as Run
    from mlpcli.pipeline import load as load
    from mlpcli.pipeline import resume as resume
    from mlpcli.pipeline import train as train
    from mlpcli.pipeline.gradcheck import gradcheck as gradcheck
    from mlpcli.pipeline.inspect import check as check

_OFFERED = {
    "MlpError": "mlpcli.errors",
    "Model": "mlpcli.pipeline",
    "Run": "mlpcli.pipeline",
    "check": "mlpcli.pipeline.inspect",
    "gradcheck": "mlpcli.pipeline.gradcheck",
    "load": "mlpcli.pipeline",
    "resume": "mlpcli.pipeline",
    "train": "mlpcli.pipeline",
}

__all__ = ["MlpError", "Model", "Run", "__version__", "check", "gradcheck", "load", "resume", "train"]


def __getattr__(name: str) -> Any:
    if name not in _OFFERED:
        raise AttributeError(f"module 'mlpcli' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_OFFERED[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
