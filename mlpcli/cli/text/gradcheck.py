"""The report of `mlp gradcheck` as plain text: the same on a terminal and in a pipe."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from mlpcli.cli.text.finding import MARGIN, describe_finding
from mlpcli.cli.text.table import paragraph, table
from mlpcli.wording import listed, plural, told_apart

if TYPE_CHECKING:
    from mlpcli.diagnose.gradient.check import GradientCheck
    from mlpcli.diagnose.gradient.parameter import DirectionCheck, EntryCheck, ParameterCheck
    from mlpcli.diagnose.layers.health import LayerHealth
    from mlpcli.diagnose.report import GradcheckReport, Training

BAR = 24
"""Characters of the longest bar. Two of them are a factor of ten, so that twelve decades can be seen."""
ROUNDING = "~0"
"""Text in place of a relative error where both derivatives are rounding of 0."""


def describe_gradcheck(report: GradcheckReport) -> str:
    """Return the three answers, and the verdict in one line."""
    head = f"{report.weights} weights, {plural(report.rows, 'row')}, float64, cost {report.cost:.6g}"
    arrives = "2. Does the gradient arrive? (of the loss alone; bar: 2 letters a factor of 10)"
    blocks = [
        f"{report.config}\n{paragraph(head)}",
        f"1. Is the gradient right?\n{_gradient(report.gradient, report.checked_rows)}{_frozen(report)}",
        f"{paragraph(arrives)}\n{_arrival(report)}",
        "3. So what?",
        *(describe_finding(each) for each in report.findings),
        *_left_out(report),
        _verdict(report),
    ]
    return "\n\n".join(blocks)


def _gradient(gradient: GradientCheck, rows: int) -> str:
    """Return the answer to question 1. rows: how many the gradient was checked on."""
    parts = dict.fromkeys(check.part for check in gradient.checks)
    tables = [_entries([check for check in gradient.checks if check.part == part]) for part in parts]
    if len(tables) > 1:
        tables = [f"of the {part}\n{text}" for part, text in zip(parts, tables, strict=True)]
    text = "\n".join([*tables, _points(gradient, rows)])
    notes = []
    if any(ROUNDING in each for each in tables):
        notes.append(f"{ROUNDING}: both derivatives are 0 but for rounding, which has no relative error.")
    if gradient.sentence:
        notes.append(f"wrong: {gradient.sentence}")
    if gradient.not_finite:
        names = listed(gradient.not_finite)
        notes.append(f"not finite, so that no step can be made: the gradient by {names}")
    notes += [f"note: {each}." for each in gradient.cusps]
    if gradient.in_precision:
        notes.append(gradient.in_precision.sentence)
    if gradient.unjudged:
        hidden = listed(gradient.unjudged)
        notes.append(
            f"not judged, since rounding, kinks or a cost that is not finite hide the differences: {hidden}"
        )
    return "\n".join([text, *map(paragraph, notes)])


def _entries(checks: Iterable[ParameterCheck]) -> str:
    """Return a table with a line for each parameter, over all points."""
    groups: dict[str, list[ParameterCheck]] = {}
    for check in checks:
        groups.setdefault(check.name, []).append(check)
    header = (
        "parameter",
        "gradient",
        "checked",
        "on kinks",
        "rounded away",
        "worst entry",
        "rel. error",
        "direction",
    )
    return table(header, [_entry_line(name, same) for name, same in groups.items()], left=2)


def _entry_line(name: str, checks: Sequence[ParameterCheck]) -> list[object]:
    """Return the line of one parameter. checks: of that parameter, one for each point."""
    # A wrong entry is shown before one that is right, however small its error.
    errors = [(check.wrong, check.worst.relative_error, check.worst) for check in checks if check.worst]
    worst = max(errors, key=lambda each: each[:2])[2] if errors else None
    along = [check.direction for check in checks if check.direction.right is not None]
    return [
        name,
        _judgement(checks),
        f"{max(check.checked for check in checks)}/{checks[0].entries}",
        max(check.on_kinks for check in checks),
        max(check.lost_in_rounding for check in checks),
        "[" + ", ".join(map(str, worst.index)) + "]" if worst else "",
        _relative(worst) if worst else "",
        _relative(max(along, key=lambda each: each.relative_error)) if along else "",
    ]


def _points(gradient: GradientCheck, rows: int) -> str:
    """Name the weights that were checked, and the parameters on kinks there."""
    how = f"by central differences on {plural(rows, 'row')}, at the {', the '.join(gradient.points)}"
    if len(gradient.points) > 1:
        how += "; counts are of where they are largest"
    notes = [how]
    for point in gradient.points:
        there = [
            f"{check.name} {check.on_kinks}/{check.entries}"
            for check in gradient.checks
            if check.point == point and check.on_kinks
        ]
        if there:
            notes.append(f"on kinks at the {point}, with no derivative to compare: {listed(there)}")
    return "\n".join(map(paragraph, notes))


def _relative(found: EntryCheck | DirectionCheck) -> str:
    return ROUNDING if found.rounding else f"{found.relative_error:.1e}"


def _frozen(report: GradcheckReport) -> str:
    names = [layer.name for layer in report.layers if layer.frozen]
    return "\n" + paragraph(f"frozen, so that no gradient is needed: {listed(names)}") if names else ""


def _judgement(checks: Sequence[ParameterCheck]) -> str:
    if not all(check.right for check in checks):
        return "wrong"
    if any(check.not_finite for check in checks):
        return "not finite"
    if any(check.judged for check in checks):
        return "right"
    return "not judged" if any(check.lost_in_rounding for check in checks) else "on kinks"


def _arrival(report: GradcheckReport) -> str:
    """Return the answer to question 2: a table of the layers for each of the weights looked at."""
    blocks = [f"at initialisation\n{_layers(report.layers)}"]
    if report.training:
        blocks.append(f"{paragraph(_when(report.training))}\n{_layers(report.later)}")
    if report.trained:
        blocks.append(f"as trained\n{_layers(report.trained)}")
    blocks += [
        paragraph(f"note: no gradient reaches {name} yet, as the weights after it are 0; one step ends that.")
        for name in report.delayed
    ]
    blocks += [
        paragraph(f"No gradient reaches {layer.name} at first, nor after one step: it is 0 on every row.")
        for layer in report.layers
        if layer.name in report.cut_off
    ]
    return "\n".join(blocks)


def _when(training: Training) -> str:
    what = "the whole training" if training.complete else "a short training"
    return f"after {what} from the first weights: {_epochs(training)}"


def _epochs(training: Training) -> str:
    return f"{plural(training.epochs, 'epoch')}, {plural(training.steps, 'step')}"


def _layers(layers: Sequence[LayerHealth]) -> str:
    header = (
        "layer",
        "activation",
        "units",
        "dead",
        "saturated",
        "identical",
        "mean |f'|",
        "rms output",
        "update/W",
        "|gradient|",
        "",
    )
    largest = max((g for g in (layer.weight_gradient for layer in layers) if math.isfinite(g)), default=0.0)
    lines = [
        (
            layer.name,
            f"{layer.activation}, frozen" if layer.frozen else layer.activation,
            layer.units,
            layer.dead,
            layer.saturated,
            layer.identical_units,
            f"{layer.mean_slope:.2g}",
            f"{layer.activation_rms:.2g}",
            "" if layer.update is None else f"{layer.update:.1e}",
            f"{layer.weight_gradient:.1e}",
            bar(layer.weight_gradient, largest).ljust(BAR),
        )
        for layer in layers
    ]
    return table(header, lines, left=2)


def bar(value: float, largest: float) -> str:
    """Return a bar of two characters for each factor of ten, BAR for the largest; ? for what is no number."""
    if not math.isfinite(value):
        return "?"
    if value <= 0 or largest <= 0:
        return ""
    return "#" * max(1, round(BAR + 2 * math.log10(value / largest)))


def _left_out(report: GradcheckReport) -> Iterator[str]:
    """Yield what was not done so as to take no longer than the training itself."""
    parts = []
    if report.skipped:
        parts.append(f"not looked for: {listed(report.skipped, 40)}.")
    if report.untried:
        parts.append("Not every remedy was tried.")
    if parts:
        why = "These trials would take longer than the training itself; --full makes them all."
        yield paragraph(f"{' '.join(parts)} {why}", MARGIN, "left out")


def _verdict(report: GradcheckReport) -> str:
    """Return the last line: the gravest thing that was found, or that nothing was."""
    if not report.gradient.right:
        return "problem: the gradient is wrong; please report this as a bug of mlp."
    training, problems = report.training, report.counted("problem")
    result = f"; {_result(training)}" if training else "; nothing was trained (--fast)"
    if problems:
        return f"{plural(problems, 'problem')} found{result}"
    if not report.gradient.finite:
        return f"problem: the gradient is not finite{result}"
    if training and not training.learns:
        return f"problem: by its loss it does not learn, for none of the reasons that are known{result}"
    if not report.healthy:
        return f"problem: no gradient reaches {listed(report.cut_off)}{result}"
    others = [plural(n, word) for word in ("warning", "note") if (n := report.counted(word))]
    more = f" ({', '.join(others)})" if others else ""
    if training is None:
        return f"nothing wrong in the first pass{more}; whether it learns was not tried (--fast)."
    reach = "" if report.cut_off else " and reaches every layer"
    what = "healthy" if not report.counted("warning") else "no problem"
    if report.skipped:
        what = "no problem in what was looked for"
    return f"{what}{more}: the gradient is right{reach}{result}"


def _result(training: Training) -> str:
    start, end, constant = told_apart(training.start_loss, training.loss, training.baseline)
    goes = f"goes from {start} to {end}" if start != end else f"stays at {end}"
    if not math.isfinite(training.loss):
        goes = "becomes infinite or NaN" if math.isfinite(training.start_loss) else "is infinite or NaN"
    result = f"in {_epochs(training)} the training loss {goes}"
    if training.seeds:
        result = f"{training.seeds_learn} of {training.seeds} first weights learn; {result}"
    return f"{result}, the best constant has {constant}"
