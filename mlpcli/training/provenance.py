"""What a training was made of: data, versions, processor, and the graph of its step."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mlpcli.config.schema import Config, DataConfig
from mlpcli.errors import DataError, Fault, ModelFileError
from mlpcli.graph.fingerprint import fingerprint
from mlpcli.optim.step import TrainingStep
from mlpcli.problem.problem import Problem
from mlpcli.runs.array_file import fingerprint as array_fingerprint
from mlpcli.runs.records import DataFile, Provenance
from mlpcli.version import __version__

DATA_FILES = ("train", "labels", "validation", "validation_labels", "test", "test_labels")


def provenance(prepared: Problem, step: TrainingStep) -> Provenance:
    """Return the provenance of a training that is about to begin; hashes data files that are not hashed yet.

    Raises DataError where a data file cannot be read.
    """
    config = prepared.config
    made: Provenance = {
        "mlp_version": __version__,
        "python": ".".join(map(str, sys.version_info[:3])),
        "platform": sys.platform,
        "executor": prepared.executor.name,
        "libraries": dict(prepared.executor.identity),
        "seed": config.seed,
        "precision": config.precision,
        "graph": fingerprint([step.cost, *step.updates, *step.updates.values()]),
        "data": dict(_data_files(prepared)),
        "schema": prepared.dataset.preparation.schema.to_json(),
    }
    if prepared.start is not None:
        made["start_from"] = array_fingerprint(prepared.start.contents)
    return made


def _data_files(problem: Problem) -> Iterator[tuple[str, DataFile]]:
    for key in DATA_FILES:
        path = getattr(problem.config.data, key)
        if isinstance(path, (str, tuple)):
            name = ", ".join(map(os.path.basename, (path,) if isinstance(path, str) else path))
            yield key, {"file": name, "sha256": problem.files.sha256(path)}


def changed_data(then: Provenance, now: Provenance) -> list[str]:
    """Return the keys of the data files whose content differs, or is unknown."""
    keys = {*then["data"], *now["data"]}
    digests = {key: (_digest_of(then, key), _digest_of(now, key)) for key in keys}
    return sorted(key for key, (old, new) in digests.items() if old is None or old != new)


def _digest_of(made: Provenance, key: str) -> str | None:
    file = made["data"].get(key)
    return file["sha256"] if file else None


def data_differences(then: Provenance, now: Provenance) -> Iterator[str]:
    """Yield a sentence for each data file whose content has changed, and for other initial weights."""
    for key in changed_data(then, now):
        old, new = (_describe_file(each["data"].get(key)) for each in (then, now))
        yield f"data.{key}: {old}, {new}."
    if then.get("start_from") != now.get("start_from"):
        yield "start_from: the first weights that were taken over are not the same."


def _describe_file(file: Mapping[str, Any] | None) -> str:
    return f"{file['file']} (sha256 {(file['sha256'] or 'unknown')[:16]})" if file else "none"


def check_start(then: Provenance, now: Provenance, config: Config) -> None:
    """Check a run that has no checkpoint yet. Raises DataError for changed data or initial weights."""
    check_data(then, now, config.data)
    if then.get("start_from") != now.get("start_from"):
        what = "start_from: the weights are not those that the run began with."
        remedy = "Bring back that model as it was, or train anew with mlp train."
        raise DataError(Fault(config.start_from or "start_from", what, remedy))


def check_data(then: Provenance, now: Provenance, config: DataConfig) -> None:
    """Check the data files. Raises DataError naming each one whose content has changed."""
    faults = []
    for key in changed_data(then, now):
        path = getattr(config, key)
        what = f"data.{key}: the file is not the one that the run was trained on (sha256 differs)."
        if _digest_of(now, key) is None:
            what = f"data.{key}: nothing tells whether it is what the run was trained on."
        where = path if isinstance(path, str) else f"data.{key}"
        faults.append(Fault(where, what, "Bring back the file as it was, or train anew with mlp train."))
    if faults:
        raise DataError(faults)


def check_executor(then: Provenance, now: Provenance, path: Path) -> None:
    """Check that the executor is the one of the run. Raises ModelFileError where it is another one."""
    if then["executor"] != now["executor"]:
        what = f"The run was trained by the executor {then['executor']}; here it would be {now['executor']}."
        remedy = "Install it: pip install llvmlite." if then["executor"] == "native" else ""
        remedy = remedy or f"Add --executor {then['executor']}."
        raise ModelFileError(Fault(str(path), what + " The bits would differ.", remedy))


def check_computation(then: Provenance, now: Provenance, path: Path) -> tuple[str, ...]:
    """Return notes on what may change the last bits. Raises ModelFileError where the step is another one."""
    old, new = then["mlp_version"], now["mlp_version"]
    check_executor(then, now, path)
    if then["graph"] != now["graph"]:
        what = "The steps of the training would not be the ones that were done so far."
        remedy = "Leave out --set, or train anew with mlp train."
        if old != new:
            what += f" They were mlp {old}'s; this is {new}."
            remedy = f"Resume with mlp {old}, which made it; or train anew."
        raise ModelFileError(Fault(str(path), what, remedy))
    return tuple(differences(then, now))


def differences(then: Provenance, now: Provenance) -> Iterator[str]:
    """Yield a sentence for each version that may change the last bits."""
    pairs: list[tuple[str, str | None, str | None]] = [("mlp", then["mlp_version"], now["mlp_version"])]
    names = sorted({*then["libraries"], *now["libraries"]})
    pairs += [(name, then["libraries"].get(name), now["libraries"].get(name)) for name in names]
    for name, old, new in pairs:
        if old != new:
            yield f"{name} was {old}, now it is {new}: the last bits may differ."
