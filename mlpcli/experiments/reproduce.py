"""`reproduce`: a run is trained again from what it records, and the bits are compared."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlpcli.errors import Fault, ModelFileError, RunFailed
from mlpcli.experiments.repeat import seeds_of
from mlpcli.experiments.train import check_places, train
from mlpcli.experiments.verify_resume import Compared, compare_runs, printed
from mlpcli.problem.build import read_config
from mlpcli.runs.checkpoint import Checkpoint
from mlpcli.runs.folder import CHECKPOINT, CONFIG, RunFolder
from mlpcli.training.loop import ALL_DONE, INTERRUPTED
from mlpcli.training.provenance import data_differences, differences


@dataclass(frozen=True)
class Reproduction:
    """differences: what is not as it was when the run was made, in words."""

    run: Path
    differences: tuple[str, ...]
    compared: tuple[Compared, ...]

    @property
    def same(self) -> bool:
        """Whether it gave the same bits."""
        return all(each.same for each in self.compared)


def reproduce(run: str | Path, overrides: Sequence[str] = ()) -> Reproduction:
    """Train in a temporary place and compare.

    overrides: of where the data files are. Raises as train does; ModelFileError for a run not over.
    """
    folder = RunFolder.find(Path(run))
    recorded = folder.read_summary()
    ended, made = recorded["ended"], recorded["made"]
    if not ended or ended["stopped"] == INTERRUPTED:
        remedy = f"Go on with it first: mlp train --resume {folder.path}"
        raise ModelFileError(Fault(str(folder.path), "The run is not over.", remedy))
    Checkpoint.read(folder.path / CHECKPOINT).check_version(folder.path / CHECKPOINT)
    file = read_config(folder.path / CONFIG, overrides)
    if file.config.training.folds and file.config.training.stop.max_time is not None:
        what = "The clock ended the folds of this run: that cannot be done again."
        raise ModelFileError(Fault(str(folder.path), what, "Train with a number of epochs instead."))
    check_places(file, folder, overrides)
    overrides = [*overrides, f"executor={made['executor']}", *_instead_of_time(folder, ended["stopped"])]
    with tempfile.TemporaryDirectory(prefix="mlp-reproduce-") as place:
        try:
            train(folder.path / CONFIG, [*overrides, *_first_seed(folder)], place)
        except RunFailed:  # as the first one did: the weights before that are compared
            if ended["stopped"] == ALL_DONE:
                raise
        [again] = Path(place).iterdir()
        now = RunFolder(again).read_summary()["made"]
        # A run that was gone on with to more epochs printed the first ones more often.
        both = printed(folder.path) & printed(again)
        compared = compare_runs(folder.path, again, both)
    said = [*data_differences(made, now), *differences(made, now)]
    if made["graph"] != now["graph"]:
        said.append("The steps are others: config.yaml was changed, or another mlp computes it otherwise.")
    return Reproduction(folder.path, tuple(said), compared)


def _first_seed(folder: RunFolder) -> list[str]:
    """Of a run that tried several; its config has that of the best."""
    first = min((each.seed for each in seeds_of(folder)), default=None)
    return [] if first is None else [f"seed={first}"]


def _instead_of_time(folder: RunFolder, stopped: str) -> list[str]:
    """What makes a run that ended by the clock end where it did."""
    if not stopped.endswith("seconds are over"):
        return []
    values = Checkpoint.read(folder.path / CHECKPOINT).values
    if values["part"] is not None:
        what = "The run was ended by the clock, within an epoch: that cannot be done again."
        remedy = "Go on with it to the end of an epoch: mlp train --resume RUN --set training.stop.max_time=…"
        raise ModelFileError(Fault(str(folder.path), what, remedy))
    return ["training.stop.max_time=null", f"training.epochs={values['epoch']}"]
