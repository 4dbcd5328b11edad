"""A prepared config becomes the case that diagnose/ looks at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.dataset import Part
from mlpcli.diagnose.case import Case, Rows
from mlpcli.diagnose.ranking import diagnose
from mlpcli.diagnose.trials.budget import Budget
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.problem.build import Prepared, prepare, random_stream
from mlpcli.runs.finding import Finding
from mlpcli.training.range_test import resolve_auto_rate

if TYPE_CHECKING:
    from numpy.typing import NDArray


def make_case(
    prepared: Prepared,
    trained: Mapping[str, NDArray[Any]] | None = None,
    rows: Mapping[str, Rows] | None = None,
) -> Case:
    """prepared: in float64. trained: the weights of a finished run. rows: of parts, where they are made."""
    prepared, made = resolve_auto_rate(prepared), rows or {}
    dataset, seed = prepared.dataset, prepared.config.seed

    def rows_of(name: str, part: Part) -> Rows:
        return made.get(name) or prepared.rows(part)

    def shuffle(number: int) -> np.random.Generator:
        return random_stream(seed + number, "shuffle")

    return Case(
        prepared.config,
        dataset,
        prepared.head,
        prepared.network,
        prepared.optimizer,
        prepared.executor,
        rows_of("training", dataset.training),
        rows_of("validation", dataset.validation) if dataset.validation is not None else None,
        prepared.batch_rows,
        prepared.initial_values,
        shuffle,
        trained,
    )


def case_of(path: str | Path, overrides: Sequence[str] = ()) -> Case:
    """Make the case of a config, in float64. Raises ConfigError, DataError."""
    return make_case(prepare(path, overrides, precision="float64"))


def evidence_of(path: str | Path, overrides: Sequence[str] = ()) -> Evidence:
    """Of a config, in float64. Raises ConfigError, DataError."""
    return Evidence(case_of(path, overrides))


def findings_of(path: str | Path, overrides: Sequence[str] = (), limited: bool = False) -> list[Finding]:
    """Find everything about a config. Raises ConfigError, DataError.

    limited: with the trials only that `mlp gradcheck` makes without --full.
    """
    case = case_of(path, overrides)
    return diagnose(Evidence(case, Budget.of(case) if limited else None))
