"""Input columns that are constant, or equal to another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.calendar import Calendar
from mlpcli.data.categorical import Categorical
from mlpcli.data.numeric import Numeric
from mlpcli.diagnose.config_keys import ignoring
from mlpcli.diagnose.consequences import EVEN_SCALING
from mlpcli.diagnose.detector import Statistic
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.diagnose.trials.facts import ALL_CELLS
from mlpcli.problem.problem import Problem
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import all_of, listed, part_of, plural

if TYPE_CHECKING:
    from numpy.typing import NDArray

AT_ONCE = 1000
"""Rows that are looked at first: nearly every column differs in them, and is done with."""
MANY = 0.5
"""Share of the input columns that are constant, above which it is a warning."""
ADVICE = Remedy("columns that vary; see how they were read: dividing whole numbers makes 0 of many")


class ConstantInputs(Rule):
    """Input columns are constant or duplicated.

    A constant column acts as a second bias or, once it is scaled, not at all. The edges of images are like
    that, and harmless. Many constant columns are a sign that data were read wrongly: whole numbers that are
    divided by 255 as whole numbers all become 0. Where all columns are constant nothing can be learned. Of
    two equal columns one is superfluous; their weights share the work.

    What is measured: input columns with one value in all training rows, and those equal to another column in
        all of them
    Threshold: none for what is reported; all columns constant is a problem, more than half of them a warning,
        anything else a note
    Source: Ben Braiek, Khomh 2022, TheDeepChecker; Amazon SageMaker Debugger, rule AllZero
    """

    exact = True
    order = 11
    explains = (
        *EVEN_SCALING,
        "identical_units",
        "inputs_too_small",
        "linear_hidden_layers",
        "hidden_softmax",
    )

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        inputs = evidence.problem.training_rows["inputs"]
        width = inputs.shape[1]
        same, count = _constant(evidence)
        whole = count == len(inputs)
        looked = f"the {count}" if whole else f"{count} of the {len(inputs)}"
        if len(same) == width and whole:
            cause = (
                f"Constant over {plural(count, 'training row')}: {all_of(width, 'input column')}; "
                "the network sees the same in every row."
            )
            yield self._columns(evidence, same, cause, "problem", (ADVICE,))
        elif same:
            severity = "warning" if len(same) > MANY * width else "note"
            cause = (
                f"Constant in {looked} training rows: {part_of(len(same), width, 'input column')}"
                f"{', which can only add to the biases' if whole else ''} ({_listed(evidence, same)})."
            )
            yield self._columns(evidence, same, cause, severity, _ignored(evidence, same))
        facts = evidence.facts
        if facts.notes and len(same) < width and (doubles := _doubles(inputs, same)):
            pairs = [f"{facts.input_name(a)} = {facts.input_name(b)}" for a, b in doubles.items()]
            cause = (
                f"{part_of(len(doubles), width, 'input column')} {'has' if len(doubles) == 1 else 'have'} "
                f"the same values in all training rows as a column before: {listed(pairs)}."
            )
            yield self._columns(evidence, list(doubles), cause, "note", _ignored(evidence, list(doubles)))

    def _columns(
        self, evidence: Evidence, columns: list[int], cause: str, severity: str, remedies: tuple[Remedy, ...]
    ) -> Finding:
        """Make a finding about these input columns; without a remedy it names no config key."""
        share = len(columns) / evidence.problem.training_rows["inputs"].shape[1]
        limit = MANY if share > MANY and severity != "note" else 0.0
        return self.finding(
            cause,
            Statistic(share, limit, "share of the input columns"),
            remedies,
            severity=severity,
            where=f"input {_listed(evidence, columns)}",
            key="data.ignore" if remedies else "",
        )


def _constant(evidence: Evidence) -> tuple[list[int], int]:
    """Return the columns with one value, and how many rows were looked at for that.

    Where notes are not wanted, few columns are as good as none, and of a large table some rows will do.
    """
    inputs = evidence.problem.training_rows["inputs"]
    varied, same = _known(evidence.problem)
    most = 0 if evidence.facts.notes else int(MANY * len(varied))
    left = np.flatnonzero(~(varied | same))
    left = left[~np.any(inputs[:AT_ONCE, left] != inputs[0, left], axis=0)]
    chosen = None
    if not evidence.facts.notes and len(left) * len(inputs) > ALL_CELLS:
        chosen = evidence.facts.sample(len(inputs), len(left))
    count = len(inputs) if chosen is None else len(chosen)
    for rows in evidence.facts.pieces(count, max(1, len(left))):
        if not len(left) or len(left) + np.count_nonzero(same) <= most:
            break
        at: Any = rows if chosen is None else chosen[rows, None]
        left = left[~np.any(inputs[at, left] != inputs[0, left], axis=0)]
    constant = np.sort(np.concatenate([left, np.flatnonzero(same)])).tolist()
    return (constant if len(constant) > most else []), count


def _known(problem: Problem) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which columns the preparation knows to vary, and which not, without a look at the rows.

    The lowest and the highest cell of a column are training rows, and so is each level of a category.
    """
    dtype = problem.training_rows["inputs"].dtype
    varied: list[bool] = []
    same: list[bool] = []
    for column in problem.dataset.preparation.columns:
        if isinstance(column, Categorical):
            varied += [len(column.levels) > 1] * column.width
            same += [False] * column.width
        elif not isinstance(column, Numeric):  # parts of dates vary, and indicators are looked at
            varied += [isinstance(column, Calendar)] * column.width
            same += [False] * column.width
        elif column.pooled:
            varied += [False] * column.width
            same += [column.low == column.high and not any(column.missing)] * column.width
        else:
            shift, scale = column.shift_and_scale()
            low, high = (
                ((np.array(ends) - shift) / scale).astype(dtype) for ends in (column.low, column.high)
            )
            varied += (low < high).tolist()
            same += ((low == high) & (np.array(column.missing) == 0)).tolist()
    return np.array(varied, bool), np.array(same, bool)


def _doubles(inputs: NDArray[Any], constant: list[int]) -> dict[int, int]:
    """Map each column that repeats another to the first one with its values.

    The rows are read in blocks; only columns that are alike so far are compared further on.
    """
    groups = [np.setdiff1d(np.arange(inputs.shape[1]), constant)]
    for start in range(0, len(inputs), AT_ONCE):
        alike: list[NDArray[np.intp]] = []
        for group in groups:
            block = inputs[start : start + AT_ONCE, group] + 0.0  # -0.0 becomes 0.0, which it is equal to
            parts: dict[bytes, list[int]] = {}
            for at, column in zip(group.tolist(), np.ascontiguousarray(block.T), strict=True):
                parts.setdefault(column.tobytes(), []).append(at)
            alike += [np.array(part) for part in parts.values() if len(part) > 1]
        groups = alike
    found = {int(at): int(group[0]) for group in groups for at in group[1:]}
    return dict(sorted(found.items()))


def _listed(evidence: Evidence, columns: list[int]) -> str:
    return listed(dict.fromkeys(evidence.facts.column_name(number) for number in columns))


def _ignored(evidence: Evidence, columns: list[int]) -> tuple[Remedy, ...]:
    """Propose to leave out the file's columns all of whose inputs are among these; () for none or all."""
    preparation, gone, names, start = evidence.problem.dataset.preparation, set(columns), [], 0
    for column in preparation.columns:
        own = range(start, start + column.width)
        start += column.width
        if len(column.names) == column.width:
            names += [name for name, number in zip(column.names, own, strict=True) if number in gone]
        elif gone.issuperset(own):
            names += column.names
    if not names or len(names) == len(preparation.names):
        return ()
    return (Remedy("the file's columns that say nothing are left out", ignoring(evidence.problem, names)),)
