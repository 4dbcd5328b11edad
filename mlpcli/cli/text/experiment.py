"""What seeds and folds came to, in words; `train` and `show` say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.cli.text.network_and_data import score_title
from mlpcli.wording import plural

if TYPE_CHECKING:
    from mlpcli.training.events import FoldsDone, SeedsDone


def describe_seeds(seeds: SeedsDone) -> str:
    """Say what the seeds came to: costs, and the share that came to what was asked for."""
    count = seeds.count
    name = "running cost" if seeds.followed == "cost" else seeds.followed
    lines = [
        f"seeds    {plural(count, 'seed')} done: {name} least {seeds.lowest:.6g}, median {seeds.median:.6g}, "
        f"most {seeds.highest:.6g}"
    ]
    if seeds.reached is not None:
        below = seeds.cost_below
        what = "repeat.cost_below" if below is None else f"a {name} below {below:g}"
        lines.append(f"reached  {what}: {seeds.reached} of {count} seeds ({seeds.reached / count:.0%})")
    return "\n".join(lines)


def describe_folds(folds: FoldsDone) -> str:
    """Say mean and spread of each score of the folds, and where the predictions are."""
    lines = [
        f"folds    {score_title(name)} {mean:.6g} ± {spread:.2g} "
        f"(mean and standard deviation of {len(folds.folds)})"
        for name, (mean, spread) in folds.table.items()
    ]
    return "\n".join([*lines, f"         every row as predicted by the fold without it: {folds.predictions}"])
