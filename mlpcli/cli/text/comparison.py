"""What two runs differ in, as text or JSON."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from mlpcli.cli.text.best_weights import column_title
from mlpcli.cli.text.table import table

if TYPE_CHECKING:
    from mlpcli.experiments.compare import Comparison, Side

ROWS = 12
"""Epochs shown of the curves."""
CURVES = ("cost", "training_loss", "validation_loss", "validation_cost")
"""The last is of runs of earlier versions, with the penalty in it."""
BAR = 20


def describe_comparison(found: Comparison, as_json: bool) -> str:
    """Say what two runs differ in: keys, data, curves and scores."""
    if as_json:
        return json.dumps(_plain(found), indent=1, ensure_ascii=False)
    names = [str(side.path) for side in (found.first, found.second)]
    keys = [(each.key, *each.words) for each in found.config]
    blocks = [table(("config", *names), keys, left=3) if keys else "config: the same"]
    blocks.append("\n".join(found.made) if found.made else "data, versions and executor: the same")
    if found.first.model and found.first.model == found.second.model:
        blocks.append("model: the same bits")
    blocks += [text for name in CURVES if (text := _curves(found, name, names))]
    both = list(dict.fromkeys([*found.first.scores, *found.second.scores]))
    rows = [(name, found.first.scores.get(name), found.second.scores.get(name)) for name in both]
    blocks.append(table(("end", *names), rows))
    return "\n\n".join(blocks)


def _curves(found: Comparison, name: str, names: list[str]) -> str:
    """Draw a curve epoch by epoch, with a bar for each cost, as long as its share of the largest."""
    sides = (found.first, found.second)
    epochs = sorted({epoch for side in sides for epoch, row in side.curve.items() if name in row})
    if not epochs:
        return ""
    if len(epochs) > ROWS:
        last = len(epochs) - 1
        epochs = [epochs[round(at * last / (ROWS - 1))] for at in range(ROWS)]
    shown = [[side.curve.get(epoch, {}).get(name) for side in sides] for epoch in epochs]
    finite = [abs(value) for row in shown for value in row if value is not None and math.isfinite(value)]
    largest = max(finite, default=0.0) or 1.0
    rows = [
        (epoch, *(cell for value in row for cell in (value, _bar(value, largest))))
        for epoch, row in zip(epochs, shown, strict=True)
    ]
    header = (column_title(name), names[0], "".ljust(BAR), names[1], "".ljust(BAR))
    return table(header, rows)


def _bar(value: float | None, largest: float) -> str:
    """Draw a bar, filled up on the right, where numbers are aligned; none for a non-finite value."""
    finite = value if value is not None and math.isfinite(value) else 0.0
    return ("#" * round(BAR * abs(finite) / largest)).ljust(BAR)


def _plain(found: Comparison) -> dict[str, Any]:
    def side(each: Side) -> dict[str, Any]:
        return {"run": str(each.path), "model_sha256": each.model, "scores": each.scores, "curve": each.curve}

    return {
        "config": {each.key: list(each.words) for each in found.config},
        "made": list(found.made),
        "runs": [side(found.first), side(found.second)],
    }
