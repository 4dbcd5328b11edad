"""Input columns that are constant, or the same as another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.diagnose.config_keys import ignoring
from mlpcli.diagnose.consequences import EVEN_SCALING
from mlpcli.diagnose.evidence import Evidence
from mlpcli.diagnose.finding import Finding, Remedy
from mlpcli.diagnose.rule import Rule
from mlpcli.wording import all_of, listed, part_of, plural

if TYPE_CHECKING:
    from numpy.typing import NDArray

AT_ONCE = 1000
"""Rows that are looked at first: nearly every column differs in them, and is done with."""
MANY = 0.5
"""Share of the input columns that are constant, above which it is a warning."""


def _check(evidence: Evidence) -> Iterator[Finding]:
    inputs = evidence.case.rows["inputs"]
    width = inputs.shape[1]
    same = _constant(inputs)
    doubles = {} if len(same) == width else _doubles(inputs, set(same))
    if len(same) == width:
        yield _finding(
            evidence,
            "problem",
            f"Constant over {plural(len(inputs), 'training row')}: {all_of(width, 'input column')}; "
            "the network sees the same in every row.",
            same,
            width,
            (Remedy("columns that vary; see how they were read: dividing whole numbers makes 0 of many"),),
        )
    elif same:
        yield _finding(
            evidence,
            "warning" if len(same) > MANY * width else "note",
            f"Constant in the training rows: {part_of(len(same), width, 'input column')}, which can only "
            "add to "
            f"the biases ({_listed(evidence, same)}).",
            same,
            width,
            _ignored(evidence, same),
        )
    if doubles:
        pairs = [f"{evidence.column_name(a)} = {evidence.column_name(b)}" for a, b in doubles.items()]
        yield _finding(
            evidence,
            "note",
            f"{part_of(len(doubles), width, 'input column')} {'has' if len(doubles) == 1 else 'have'} the "
            f"same values in all training rows as a column before: {listed(pairs)}.",
            list(doubles),
            width,
            _ignored(evidence, list(doubles)),
        )


def _finding(
    evidence: Evidence,
    severity: str,
    cause: str,
    columns: list[int],
    width: int,
    remedies: tuple[Remedy, ...],
) -> Finding:
    where = f"input {_listed(evidence, columns)}"
    share = len(columns) / width
    measure = "share of the input columns"
    limit = MANY if share > MANY and severity != "note" else 0.0
    return Finding(
        "constant_inputs", severity, cause, where, "data.ignore", share, limit, remedies, measure=measure
    )


def _constant(inputs: NDArray[Any]) -> list[int]:
    varies = np.any(inputs[:AT_ONCE] != inputs[0], axis=0)
    return [int(at) for at in np.flatnonzero(~varies) if not np.any(inputs[:, at] != inputs[0, at])]


def _doubles(inputs: NDArray[Any], constant: set[int]) -> dict[int, int]:
    """Column -> an earlier one with the same values."""
    first: dict[bytes, list[int]] = {}
    found: dict[int, int] = {}
    some = np.ascontiguousarray(inputs[:AT_ONCE].T + 0.0)  # -0.0 becomes 0.0, which it is equal to
    for at, column in enumerate(some):
        if at in constant:
            continue
        alike = first.setdefault(column.tobytes(), [])
        twin = next((other for other in alike if np.array_equal(inputs[:, other], inputs[:, at])), None)
        if twin is None:
            alike.append(at)
        else:
            found[at] = twin
    return found


def _listed(evidence: Evidence, columns: list[int]) -> str:
    return listed(dict.fromkeys(evidence.column_name(number) for number in columns))


def _ignored(evidence: Evidence, columns: list[int]) -> tuple[Remedy, ...]:
    """Columns of the file all of whose inputs are among these are left out."""
    preparation, gone, names, start = evidence.case.dataset.preparation, set(columns), [], 0
    for column in preparation.columns:
        own = range(start, start + column.width)
        start += column.width
        if len(column.names) == column.width:
            names += [name for name, number in zip(column.names, own, strict=True) if number in gone]
        elif gone.issuperset(own):
            names += column.names
    if not names or len(names) == len(preparation.names):
        return ()
    return (Remedy("the file's columns that say nothing are left out", ignoring(evidence.case, names)),)


constant_inputs = Rule(
    title="Input columns are constant or doubled",
    check=_check,
    statistic="input columns with one value in all training rows, and those equal to another in all of them",
    threshold="none for what is told; all columns constant is a problem, more than half of them a warning, "
    "else a note",
    source="Ben Braiek, Khomh 2022, TheDeepChecker; Amazon SageMaker Debugger, rule AllZero",
    text="""A constant column is a second bias, or after scaling nothing. Edges of images are like that, and
harmless. Many of them are a sign of data read wrongly, such as whole numbers divided by 255 as whole
numbers. Where all are constant nothing can be learned. Of two equal columns one is superfluous; their
weights share the work.""",
    exact=True,
    order=11,
    explains=(*EVEN_SCALING, "identical_units", "inputs_too_small", "linear_hidden_layers", "hidden_softmax"),
)
