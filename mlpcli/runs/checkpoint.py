"""The checkpoint file: everything that decides the next bits of a training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlpcli.errors import Fault, ModelFileError
from mlpcli.runs.array_file import read_arrays, write_arrays
from mlpcli.runs.records import Values, check

if TYPE_CHECKING:
    from numpy.typing import NDArray

KIND = "mlp-checkpoint"
VERSION, READABLE = 3, 2
"""1 had no more than the state and one random stream: nothing could be gone on with. 2 chose the best epoch
by the validation cost, penalty included, and lacks what was printed of it: read, but not gone on with."""
REMEDY = "Train again from the config, or use another copy of the run."


@dataclass(frozen=True)
class Checkpoint:
    """groups: arrays by name, in groups by name (state, kept, …)."""

    values: Values
    groups: Mapping[str, Mapping[str, NDArray[Any]]]
    version: int = VERSION

    def write(self, path: Path) -> None:
        """Atomically. Raises OutputError."""
        kind = {"format": KIND, "format_version": VERSION, "groups": list(self.groups)}
        arrays = {f"{g}/{name}": array for g, group in self.groups.items() for name, array in group.items()}
        write_arrays(path, {**kind, "values": self.values}, arrays)

    @classmethod
    def read(cls, path: Path) -> Checkpoint:
        """Raises ModelFileError where the file is missing, damaged, foreign, or of a version of no use."""
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
            check(header["values"], Values)
            return cls(header["values"], groups, old)

    def check_version(self, path: Path) -> None:
        """Raise ModelFileError where a training that goes on from it would not be the one that it is of."""
        if self.version < VERSION:
            what = (
                f"It has format version {self.version}, of an earlier mlp, which chose the epoch by the "
                "validation cost, penalty included, and not by the validation loss."
            )
            remedy = "Train again from the config; the run can still be shown, compared and predicted with."
            raise ModelFileError(Fault(str(path), what, remedy))


def _best(values: Any) -> Any:
    """What a checkpoint of version 2 says of the epoch it kept: its cost is that of the last one."""
    kept, last = values["kept"], values["epoch"]
    known = kept["cost"] is not None and kept["epoch"] == last
    record = {"epoch": last, "cost": kept["cost"]} if known else {}
    return {"epoch": kept["epoch"], "record": record, "scores": {}, "seconds": values["seconds"]}


@contextmanager
def understood(path: Path) -> Iterator[None]:
    """Raises ModelFileError for a whole file that has something else in it than a training left."""
    try:
        yield
    except (LookupError, TypeError, ValueError, OverflowError, AttributeError) as error:
        what = f"It does not describe a training ({type(error).__name__}: {error})."
        raise ModelFileError(Fault(str(path), what, REMEDY)) from error
