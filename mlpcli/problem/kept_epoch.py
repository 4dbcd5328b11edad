"""Whether the config's training.stop.metric and training.keep can be followed on this data."""

from __future__ import annotations

from mlpcli.config.schema import TrainingConfig
from mlpcli.data.dataset import Dataset
from mlpcli.data.part import Part
from mlpcli.data.targets import ClassTarget
from mlpcli.errors import SettingError
from mlpcli.scoring.metrics import varies

METRIC, KEEP = "training.stop.metric", "training.keep"
OF_NUMBERS = ("loss", "rmse", "mae", "r2")
OF_CLASSES = ("loss", "accuracy", "balanced_accuracy", "auc", "f1")
GIVE_ROWS = (
    "Add data.validation, a share such as 0.2 or a path; or leave it out: then the last epoch is kept."
)


def check_best_epoch(training: TrainingConfig, dataset: Dataset) -> None:
    """Raise SettingError where the metric or the part that decides the best epoch is missing or undefined."""
    metric, part = training.stop.metric, dataset.validation
    if part is None:
        if metric is not None:
            what = f"{metric} is taken of the validation rows, and there are none."
            raise SettingError(METRIC, what, GIVE_ROWS)
        if training.keep == "best":
            what = "Which epoch is the best is told by the validation rows, and there are none."
            raise SettingError(KEEP, what, GIVE_ROWS)
        return
    if metric is None:
        return
    known = OF_NUMBERS if dataset.task == "regression" else OF_CLASSES
    if metric not in known:
        what = f"{metric} is no score of this task, {dataset.task}."
        raise SettingError(METRIC, what, f"Take one of {', '.join(known)}.")
    names = dataset.preparation.target.names
    if metric in ("rmse", "mae") and len(names) > 1:
        what = f"The {len(names)} targets have units of their own, and their {metric} has no mean."
        raise SettingError(METRIC, what, "Take loss or r2.")
    needed = {"r2": _still, "auc": _without_both}.get(metric)
    lacking = needed(part, dataset) if needed else ""
    if lacking:
        what = f"{metric} is not defined on the validation rows: {lacking}."
        raise SettingError(METRIC, what, "Take another metric, or other validation rows.")


def _still(part: Part, dataset: Dataset) -> str:
    """Return a phrase naming a target that does not vary in the part; "" where all do."""
    columns = zip(dataset.preparation.target.names, part.targets.T, strict=True)
    still = [name for name, column in columns if not varies(column, part.weights)]
    return f"{still[0]!r} is the same in all of them" if still else ""


def _without_both(part: Part, dataset: Dataset) -> str:
    """Return a phrase naming a class that none or all rows of the part have; "" where there is no such."""
    target = dataset.preparation.target
    counted = part.targets if part.weights is None else part.targets[part.weights > 0]
    if isinstance(target, ClassTarget):
        named = {name: counted == at for at, name in enumerate(target.classes)}
    else:
        named = {name: column > 0 for name, column in zip(target.names, counted.T, strict=True)}
    for name, rows in named.items():
        if not rows.any() or rows.all():
            return f"{'none' if not rows.any() else 'every one'} of them is {name!r}"
    return ""
