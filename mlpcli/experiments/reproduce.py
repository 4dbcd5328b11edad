"""`reproduce`: a run is trained again from what it records, and the bits are compared."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlpcli.config.edit import as_options
from mlpcli.errors import Fault, ModelFileError, RunFailed
from mlpcli.experiments.digests import DigestComparison, compare_digests, printed_epochs
from mlpcli.experiments.repeat import seeds_of
from mlpcli.experiments.train import check_places, train
from mlpcli.problem.build import read_config
from mlpcli.runs.checkpoint import Checkpoint
from mlpcli.runs.folder import CHECKPOINT, CONFIG, RunFolder, place_of
from mlpcli.runs.summary import read_summary
from mlpcli.training.provenance import data_differences, differences
from mlpcli.training.stop_reasons import ALL_DONE, INTERRUPTED


@dataclass(frozen=True, kw_only=True)
class Reproduction(DigestComparison):
    """The outcome of reproduce. differences: what is not as it was when the run was made, in words."""

    run: Path
    differences: tuple[str, ...]


def reproduce(run: str | Path, overrides: str | Sequence[str] = ()) -> Reproduction:
    """Train a run again in a temporary place and compare the bits.

    overrides: the places of data files, and nothing else. Raises as train does; ModelFileError for a run that
    is not over, or that the clock ended where no other training can be made to end.
    """
    overrides, folder = as_options(overrides), RunFolder.find(place_of(run))
    recorded = read_summary(folder)
    ended, made = recorded["ended"], recorded["made"]
    if not ended or ended["stopped"] == INTERRUPTED:
        remedy = f"Go on with it first: mlp train --resume {folder.path}"
        raise ModelFileError(Fault(str(folder.path), "The run is not over.", remedy))
    checkpoint = Checkpoint.read(folder.path / CHECKPOINT)
    checkpoint.check_version(folder.path / CHECKPOINT)
    file = read_config(folder.path / CONFIG, overrides)
    if file.config.training.folds and file.config.training.stop.max_time is not None:
        what = "The clock ended the folds of this run: that cannot be done again."
        raise ModelFileError(Fault(str(folder.path), what, "Train with a number of epochs instead."))
    check_places(file, folder, overrides)
    first_seed = min((each.seed for each in seeds_of(folder)), default=None)
    changes = [*overrides, f"executor={made['executor']}", *_instead_of_time(folder, checkpoint)]
    changes += [] if first_seed is None else [f"seed={first_seed}"]  # config.yaml has that of the best
    with tempfile.TemporaryDirectory(prefix="mlp-reproduce-") as place:
        try:
            train(folder.path / CONFIG, changes, place)
        except RunFailed:  # as the first one did: the weights before that are compared
            if ended["stopped"] == ALL_DONE:
                raise
        [again] = Path(place).iterdir()
        now = read_summary(RunFolder(again))["made"]
        # A run that was resumed to more epochs printed the first ones more often.
        both = printed_epochs(folder.path) & printed_epochs(again)
        compared = compare_digests(folder.path, again, both)
    found = [*data_differences(made, now), *differences(made, now)]
    if made["graph"] != now["graph"]:
        found.append("The steps are others: config.yaml was changed, or another mlp computes it otherwise.")
    return Reproduction(run=folder.path, differences=tuple(found), compared=compared)


def _instead_of_time(folder: RunFolder, checkpoint: Checkpoint) -> list[str]:
    """Return the overrides that make a run that the clock ended end where it did. Raises ModelFileError."""
    values = checkpoint.values
    if not values["stopped"].endswith("seconds are over"):
        return []
    if values["part"] is not None:
        what = "The run was ended by the clock, within an epoch: that cannot be done again."
        remedy = "Go on with it to the end of an epoch: mlp train --resume RUN --set training.stop.max_time=…"
        raise ModelFileError(Fault(str(folder.path), what, remedy))
    return ["training.stop.max_time=null", f"training.epochs={values['epoch']}"]
