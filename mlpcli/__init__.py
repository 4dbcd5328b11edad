"""mlp: train small feedforward networks from one YAML file.

    from mlpcli import load, train
    run = train("configs/iris.yaml")
    print(load(run).evaluate("datasets/iris.csv").as_json())

The symbolic engine (nodes, gradients, plans, executors) is in `mlpcli.engine`, for those who come to learn.
Nothing heavy is imported before it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlpcli.version import __version__ as __version__

if TYPE_CHECKING:
    from mlpcli.api import check as check
    from mlpcli.api import data_report as data_report
    from mlpcli.api import gradcheck as gradcheck
    from mlpcli.api import load as load
    from mlpcli.api import resume as resume
    from mlpcli.api import train as train
    from mlpcli.errors import MlpError as MlpError
    from mlpcli.predict.model import Model as Model
    from mlpcli.training.events import Run as Run

_OFFERED = {
    "MlpError": "mlpcli.errors",
    "Model": "mlpcli.predict.model",
    "Run": "mlpcli.training.events",
    "check": "mlpcli.api",
    "data_report": "mlpcli.api",
    "gradcheck": "mlpcli.api",
    "load": "mlpcli.api",
    "resume": "mlpcli.api",
    "train": "mlpcli.api",
}

__all__ = [
    *("MlpError", "Model", "Run", "__version__"),
    *("check", "data_report", "gradcheck", "load", "resume", "train"),
]


def __getattr__(name: str) -> Any:
    if name not in _OFFERED:
        raise AttributeError(f"module 'mlpcli' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_OFFERED[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
