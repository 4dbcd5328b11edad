"""The report of `mlp data`: what is in a table, what is wrong with it, and what a network has to beat."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mlpcli.config.edit import as_options
from mlpcli.config.load import ConfigFile, ConfigSource
from mlpcli.data.files import DataFiles
from mlpcli.data.part import usable_rows
from mlpcli.data.profile.columns import TableProfile, profile_table
from mlpcli.data.profile.repeats import RepeatedRows, equal_columns, repeated_rows
from mlpcli.data.read import format_of
from mlpcli.data.reader import LABEL
from mlpcli.data.several import files_of
from mlpcli.data.typed import TypedTable
from mlpcli.diagnose.ranking import diagnose
from mlpcli.diagnose.repair.proposal import Diagnosed, Proposal, propose
from mlpcli.diagnose.report import config_of
from mlpcli.diagnose.trials.facts import Facts
from mlpcli.diagnose.trials.untrained import Untrained
from mlpcli.experiments.data_report.alone import Alone, explained_alone, rows_looked_at
from mlpcli.experiments.data_report.parts import PartReport, part_reports
from mlpcli.experiments.data_report.to_beat import ToBeat, to_beat
from mlpcli.problem.build import data_for, known_by_start, locate_faults, prepare_file, read_config
from mlpcli.problem.problem import Problem, random_stream
from mlpcli.runs.finding import Finding
from mlpcli.training.auto_rate import resolve_auto_rate

CONFIG_ENDINGS = (".yaml", ".yml")
"""Names that end so are configs; anything else is a data file."""


@dataclass(frozen=True, kw_only=True)
class TableFile:
    """The files with the training rows, which are one table.

    paths: "-" is standard input. format: of the first, a name of data/formats; bytes: of all of them, as they
    lie on the disk. Both are None for what can be read only once, as standard input.
    """

    paths: tuple[str, ...]
    format: str | None
    bytes: int | None


@dataclass(frozen=True, kw_only=True)
class TargetReport:
    """What is known of a table with a target.

    alone: how much of the target each input column explains by itself, most first; looked_at: by how many
    rows.
    """

    task: str
    parts: tuple[PartReport, ...]
    alone: tuple[Alone, ...]
    looked_at: int
    beat: ToBeat
    findings: tuple[Diagnosed, ...]

    @property
    def healthy(self) -> bool:
        """Whether no finding is a problem."""
        return all(each.finding.severity != "problem" for each in self.findings)


@dataclass(frozen=True, kw_only=True)
class DataReport:
    """The answers of `mlp data`.

    config: the path of the config; "" where a data file was given. notes: on how it was read. equal: groups
    of columns that are the same in all rows. repeated: rows like an earlier one in all columns that are
    used. targets: the columns to be predicted. target: None where none was named.
    """

    config: str
    file: TableFile
    table: TableProfile
    notes: tuple[str, ...]
    equal: tuple[tuple[str, ...], ...]
    repeated: RepeatedRows
    targets: tuple[str, ...]
    target: TargetReport | None

    @property
    def healthy(self) -> bool:
        """Whether nothing was found that is a problem."""
        return self.target is None or self.target.healthy

    def as_json(self) -> dict[str, Any]:
        """Return plain data with everything that is printed; null for what is not known or not finite."""
        from mlpcli.experiments.data_report.as_json import report_json

        return report_json(self)


def data_report(
    source: ConfigSource, targets: Sequence[str] = (), overrides: str | Sequence[str] = ()
) -> DataReport:
    """Look at a data file, or at the data of a config, before anything is trained on it.

    source: a data file, "-" for standard input; a config (a file named .yaml or .yml, a mapping); or a run
    folder. targets: the columns to be predicted; none: those of the config, or of a data file none.
    overrides: as --set. Raises ConfigError, DataError, ModelFileError.
    """
    options = list(as_options(overrides))
    if targets:
        names = ", ".join(map(_quoted, targets))
        options += [f"data.target={names if len(targets) == 1 else f'[{names}]'}"]
    file = _config_of(source, options)
    files = DataFiles(keep_tables=True)
    given = "" if _is_data(source) else str(file.path)
    has_target = bool(given) or file.config.data.target is not None
    read = _read(file, files, has_target)
    if not has_target and LABEL in read.raw.names:  # the column that a training would take
        has_target, read = True, _read(file, files)
    problem = prepare_file(file, files=files) if has_target else None
    rng = random_stream(file.config.seed, "shuffle")
    return DataReport(
        config=given,
        file=_file(file.config.data.train),
        table=profile_table(read, file.config.data, rng),
        notes=read.notes if problem is None else problem.dataset.notes,
        equal=tuple(equal_columns(read.table)),
        repeated=repeated_rows(read.table),
        targets=read.targets,
        target=None if problem is None else _target(problem, read, rng, bool(given)),
    )


def _read(file: ConfigFile, files: DataFiles, has_target: bool = True) -> TypedTable:
    with locate_faults(file):
        return files.training_table(data_for(file.config), has_target, known_by_start(file.config))


def _is_data(source: ConfigSource) -> bool:
    """Tell whether a source is a data file, and no config or run."""
    if not isinstance(source, (str, os.PathLike)):
        return False
    path = os.fsdecode(source)
    return not path.lower().endswith(CONFIG_ENDINGS) and not os.path.isdir(path)


def _config_of(source: ConfigSource, options: Sequence[str]) -> ConfigFile:
    """Return the config of a source; of a data file one that says nothing else. Raises ConfigError."""
    if isinstance(source, (str, os.PathLike)):
        path = os.fsdecode(source)
        if _is_data(source):
            return read_config({"data": {"train": path}}, options)
        source = config_of(Path(path))
    return read_config(source, options)


def _quoted(name: str) -> str:
    """Write a name as a YAML text of its own."""
    return "'" + name.replace("'", "''") + "'"


def _file(train: str | Sequence[str]) -> TableFile:
    paths = files_of(train)
    known = all(map(os.path.isfile, paths))
    return TableFile(
        paths=paths,
        format=format_of(paths[0]) if known else None,
        bytes=sum(map(os.path.getsize, paths)) if known else None,
    )


def _target(problem: Problem, read: TypedTable, rng: np.random.Generator, in_file: bool) -> TargetReport:
    """Look at what concerns the target. in_file: whether there is a config file that remedies can change."""
    alone, looked_at = _alone(problem, read, rng)
    evidence = Untrained(Facts(resolve_auto_rate(problem)))  # rules look at the rate that training has
    found = diagnose(evidence, ("graph", "data"), ask="before training")
    return TargetReport(
        task=problem.dataset.task,
        parts=part_reports(evidence),
        alone=alone,
        looked_at=looked_at,
        beat=to_beat(problem),
        findings=tuple(propose(each, evidence, False) if in_file else _without_lines(each) for each in found),
    )


def _without_lines(finding: Finding) -> Diagnosed:
    """Return a finding about a data file alone, of which no line of a config can be changed."""
    return Diagnosed(finding, "", tuple(Proposal(remedy, (), None) for remedy in finding.remedies))


def _alone(problem: Problem, read: TypedTable, rng: np.random.Generator) -> tuple[tuple[Alone, ...], int]:
    preparation = problem.dataset.preparation
    table, _ = usable_rows(problem.config.data, read.table, read.targets)
    count = rows_looked_at(table.rows, len(preparation.names))
    if count < table.rows:
        table = table.take(np.sort(rng.permutation(table.rows)[:count]))
    of_classes = problem.dataset.task == "classification"
    targets = preparation.targets(table)
    return tuple(explained_alone(table, preparation.names, targets, of_classes)), table.rows
