"""What `mlp gradcheck` says, as plain text: the same on a terminal and in a pipe."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from mlpcli.cli.text import plural, table

if TYPE_CHECKING:
    from mlpcli.diagnose.finding import Finding
    from mlpcli.diagnose.gradient_check import GradientCheck, ParameterCheck
    from mlpcli.diagnose.layer_health import LayerHealth
    from mlpcli.pipeline.gradcheck import GradcheckReport, Training
    from mlpcli.pipeline.proposal import Diagnosed, Effect, Proposal

BAR = 24
"""Characters of the longest bar; two of them are a factor of ten, so that twelve decades can be seen."""
WIDTH = 100
MARGIN = 10
"""Columns of the word before each line of a finding."""


def describe_gradcheck(report: GradcheckReport) -> str:
    """The three answers and the verdict."""
    rows = plural(report.rows, "row")
    blocks = [
        f"{report.config}\n{report.weights} weights, {rows}, float64, cost {report.cost:.6g}",
        f"1. Is the gradient right?\n{_gradient(report.gradient, report.checked_rows)}{_frozen(report)}",
        "2. Does the gradient arrive? (of the loss alone; bar: its size, 2 characters for a factor of 10)\n"
        + _arrival(report),
        "3. So what?",
        *(_finding(each) for each in report.findings),
        _verdict(report),
    ]
    return "\n\n".join(blocks)


def _gradient(gradient: GradientCheck, rows: int) -> str:
    several = len({check.part for check in gradient.checks}) > 1
    groups: dict[tuple[str, str], list[ParameterCheck]] = {}
    for check in gradient.checks:
        groups.setdefault((check.name, check.part), []).append(check)
    header = [
        "parameter",
        "gradient",
        "checked",
        "on kinks",
        "rounded away",
        "worst entry",
        "rel. error",
        "direction",
    ]
    lines: list[list[object]] = []
    for (name, part), checks in groups.items():
        judged = [check for check in checks if check.worst]
        worst = max(judged, key=lambda check: (check.wrong, _error(check)), default=None)
        along = [check.direction.relative_error for check in checks if check.direction.right is not None]
        where = "[" + ", ".join(map(str, worst.worst.index)) + "]" if worst and worst.worst else ""
        # Of several points, the one where most could be checked.
        most = max(checks, key=lambda check: check.checked)
        lines.append(
            [
                f"{name} ({part})" if several else name,
                _judgement(checks),
                f"{most.checked}/{most.entries}",
                most.on_kinks,
                most.lost_in_rounding,
                where,
                f"{_error(worst):.1e}" if worst else "",
                f"{max(along):.1e}" if along else "",
            ]
        )
    points = ", the ".join(gradient.points)
    said = f"by central differences on {plural(rows, 'row')}, at the {points}"
    text = f"{table(header, lines, left=2)}\n{said}"
    if gradient.sentence:
        text += f"\nwrong: {gradient.sentence}"
    if gradient.not_finite:
        text += f"\nnot finite, so that no step can be made: the gradient by {', '.join(gradient.not_finite)}"
    text += "".join(f"\nnote: {each}." for each in gradient.cusps)
    if gradient.in_precision:
        text += f"\n{gradient.in_precision.sentence}"
    if gradient.unjudged:
        text += f"\nnot judged, since rounding or kinks hide the differences: {', '.join(gradient.unjudged)}"
    return text


def _frozen(report: GradcheckReport) -> str:
    names = [layer.name for layer in report.layers if layer.frozen]
    return f"\nfrozen, so that no gradient is needed: {', '.join(names)}" if names else ""


def _error(check: ParameterCheck) -> float:
    return check.worst.relative_error if check.worst else 0.0


def _judgement(checks: Iterable[ParameterCheck]) -> str:
    checks = list(checks)
    if not all(check.right for check in checks):
        return "wrong"
    if any(check.not_finite for check in checks):
        return "not finite"
    if any(check.judged for check in checks):
        return "right"
    return "not judged" if any(check.lost_in_rounding for check in checks) else "on kinks"


def _arrival(report: GradcheckReport) -> str:
    blocks = [f"at initialisation\n{_layers(report.layers)}"]
    if report.training:
        blocks.append(f"{_when(report.training)}\n{_layers(report.later)}")
    if report.trained:
        blocks.append(f"as trained\n{_layers(report.trained)}")
    blocks += [
        f"note: no gradient reaches {name} yet, since the weights after it are 0; after one step it does."
        for name in report.delayed
    ]
    blocks += [
        f"No gradient reaches {layer.name}: it is 0 on every row, for every unit."
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
    """Two characters for a factor of ten, BAR for the largest; none for 0, ? for what is no number."""
    if not math.isfinite(value):
        return "?"
    if value <= 0 or largest <= 0:
        return ""
    return "#" * max(1, round(BAR + 2 * math.log10(value / largest)))


def _finding(diagnosed: Diagnosed) -> str:
    finding = diagnosed.finding
    lines = [*_block(finding.severity, finding.cause)]
    if finding.value is not None and finding.threshold is not None:
        what = f"{finding.value:.4g}, threshold {finding.threshold:.4g}"
        lines += _block("measure", f"{what}: {diagnosed.statistic}")
    if finding.where or diagnosed.line:
        lines += _block("where", "; ".join(filter(None, (finding.where, diagnosed.line))))
    for other in _below(finding):
        lines += _block("so", f"{other.rule}: {other.cause}")
    best = diagnosed.best
    if best:
        lines += _proposal(best)
    for proposal in diagnosed.proposals:
        if proposal is not best:
            changes = f": {', '.join(proposal.remedy.changes)}" if proposal.remedy.changes else ""
            lines += _block(
                "or" if best else "advice", proposal.remedy.why + changes + _tried(proposal.effect, "; ")
            )
    lines += _block("rule", f"{finding.rule}, {diagnosed.page}")
    return "\n".join(lines)


def _below(finding: Finding) -> Iterator[Finding]:
    for other in finding.consequences:
        yield other
        yield from _below(other)


def _proposal(proposal: Proposal) -> Iterator[str]:
    yield from _block("change", proposal.remedy.why)
    if proposal.lines:
        for line in proposal.lines:
            yield " " * MARGIN + f"{line.sign} {line.number:>4}  {line.text}"
    else:
        yield from _block("", "--set " + " --set ".join(proposal.remedy.changes))
    tried = _tried(proposal.effect)
    if tried:
        yield from _block("effect", tried)


def _tried(effect: Effect | None, before: str = "") -> str:
    if effect is None:
        return ""
    if effect.error:
        return f"{before}tried: {effect.error}"
    verdict = "it learns" if effect.learns else "that alone is not enough"
    numbers = f"the training loss ends at {effect.loss:.4g}, the best constant has {effect.baseline:.4g}"
    return f"{before}tried: {numbers}; {verdict}"


def _block(word: str, text: str) -> Iterator[str]:
    """The text in lines, the word before the first."""
    for at, line in enumerate(wrap(text, WIDTH - MARGIN, break_long_words=False) or [""]):
        yield f"{word if at == 0 else '':<{MARGIN}}{line}".rstrip()


def _verdict(report: GradcheckReport) -> str:
    if not report.gradient.right:
        return "problem: the gradient is wrong; please report this as a bug of mlp."
    training, problems = report.training, report.counted("problem")
    result = f"; {_result(training)}" if training else "; nothing was trained (--fast)"
    if problems:
        return f"{plural(problems, 'problem')} found{result}"
    if not report.gradient.finite:
        return f"problem: the gradient is not finite{result}"
    if training and not training.learns:
        return f"problem: it does not learn, for none of the reasons that are known{result}"
    if not report.healthy:
        return "problem: no gradient reaches " + ", ".join(report.cut_off) + result
    others = [plural(n, word) for word in ("warning", "note") if (n := report.counted(word))]
    more = f" ({', '.join(others)})" if others else ""
    if training is None:
        return f"nothing wrong in the first pass{more}; whether it learns was not tried (--fast)."
    reach = "" if report.cut_off else " and reaches every layer"
    what = "healthy" if not report.counted("warning") else "no problem"
    return f"{what}{more}: the gradient is right{reach}{result}"


def _result(training: Training) -> str:
    said = (
        f"in {_epochs(training)} the training loss goes from {training.start_loss:.4g} to {training.loss:.4g}"
    )
    if training.seeds:
        said = f"{training.seeds_learn} of {training.seeds} first weights learn; {said}"
    return f"{said}, the best constant has {training.baseline:.4g}"
