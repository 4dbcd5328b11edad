"""The checkpoint file: everything that decides the next bits of a training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlpcli.data.json_records import read_record
from mlpcli.errors import Fault, ModelFileError
from mlpcli.runs.array_file import read_arrays, write_arrays
from mlpcli.runs.records import CheckpointHeader

if TYPE_CHECKING:
    from numpy.typing import NDArray

KIND = "mlp-checkpoint"
VERSION, READABLE = 3, 2
"""Version 1 had only the state and one random stream, and could not be resumed. Version 2 chose the best
epoch by the validation cost, penalty included, and lacks what was printed of it: it is read, not resumed."""
REMEDY = "Train again from the config, or use another copy of the run."


@dataclass(frozen=True)
class Checkpoint:
    """A training under way. groups: arrays by name, in groups by name (state, kept, …)."""

    values: CheckpointHeader
    groups: Mapping[str, Mapping[str, NDArray[Any]]]
    version: int = VERSION

    def write(self, path: Path) -> None:
        """Write the file atomically. Raises OutputError."""
        kind = {"format": KIND, "format_version": VERSION, "groups": list(self.groups)}
        arrays = {f"{g}/{name}": array for g, group in self.groups.items() for name, array in group.items()}
        write_arrays(path, {**kind, "values": self.values}, arrays)

    @classmethod
    def read(cls, path: Path) -> Checkpoint:
        """Read a checkpoint. Raises ModelFileError where it is missing, damaged, foreign, or of version 1."""
        header, arrays = read_arrays(path, KIND, VERSION, REMEDY)
        old = header["format_version"]
        if old < READABLE:
            what = f"It has format version {old}, which did not keep all that is needed to go on."
            raise ModelFileError(Fault(str(path), what, REMEDY))
        with understood(path):
            if old < VERSION:
                header["values"]["kept"] = _best(header["values"])
            groups: dict[str, dict[str, NDArray[Any]]] = {name: {} for name in header["groups"]}
            for name, array in arrays.items():
                group, _, rest = name.partition("/")
                groups[group][rest] = array
            return cls(read_record(CheckpointHeader, header["values"]), groups, old)

    def check_version(self, path: Path) -> None:
        """Raise ModelFileError where a training resumed from it would not be the one that it belongs to."""
        if self.version < VERSION:
            what = (
                f"It has format version {self.version}, of an earlier mlp, which chose the epoch by the "
                "validation cost, penalty included, and not by the validation loss."
            )
            remedy = "Train again from the config; the run can still be shown, compared and predicted with."
            raise ModelFileError(Fault(str(path), what, remedy))


def _best(values: Any) -> Any:
    """Return the kept epoch of a checkpoint of version 2, which has the cost of the last epoch alone."""
    kept, last = values["kept"], values["epoch"]
    known = kept["cost"] is not None and kept["epoch"] == last
    record = {"epoch": last, "cost": kept["cost"]} if known else {}
    return {"epoch": kept["epoch"], "record": record, "scores": {}, "seconds": values["seconds"]}


@contextmanager
def understood(path: Path) -> Iterator[None]:
    """Raise ModelFileError in place of what Python raises for a whole file with unexpected content."""
    try:
        yield
    except (LookupError, TypeError, ValueError, OverflowError, AttributeError) as error:
        what = f"It does not describe a training ({type(error).__name__}: {error})."
        raise ModelFileError(Fault(str(path), what, REMEDY)) from error
