"""The report of `mlp data` as plain text: the same on a terminal and in a pipe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mlpcli.cli.text.column_profile import describe_profiles, plain_text
from mlpcli.cli.text.finding import describe_finding
from mlpcli.cli.text.network_and_data import score_title
from mlpcli.cli.text.table import paragraph, table
from mlpcli.wording import listed, percent, plural, printable

if TYPE_CHECKING:
    from mlpcli.experiments.data_report.parts import PartReport
    from mlpcli.experiments.data_report.report import DataReport, TargetReport
    from mlpcli.experiments.data_report.to_beat import ToBeat

MARGIN = 9
"""Columns of the word before each line."""
MOST_CLASSES = 20
"""Classes up to which each has a line."""
BEST = 5
"""Columns that explain most of the target by themselves, which are shown."""


def describe_data(report: DataReport, show_all: bool = False) -> str:
    """Return the whole report. show_all: every column has a line, however many there are."""
    blocks = [
        "\n".join(_head(report)),
        describe_profiles(report.table, show_all),
        "\n".join(_oddities(report)),
    ]
    if report.target is not None:
        blocks += _of_target(report, report.target)
    blocks.append(_verdict(report))
    return "\n\n".join(block for block in blocks if block)


def _head(report: DataReport) -> Iterator[str]:
    if report.config:
        yield _line("config", report.config)
    file = report.file
    words = [f"{plural(report.table.rows, 'row')} of {plural(len(report.table.columns), 'column')}"]
    words += [file.format] if file.format else []
    words += [_size(file.bytes)] if file.bytes is not None else []
    yield _line("data", f"{_named(file.paths)}: {', '.join(words)}")
    for note in report.notes:
        yield _line("note", _without_file(note, _named(file.paths)))
    if report.table.looked_at < report.table.rows:
        yield _line(
            "note",
            f"Quartiles, bars and the count of different numbers are of {report.table.looked_at:,} rows, "
            "drawn at random; limits, levels and missing cells are of all.",
        )


def _named(paths: Sequence[str]) -> str:
    """Name the files as the table's messages do."""
    if len(paths) > 1:
        return f"{paths[0]} and {len(paths) - 1} more"
    return "standard input" if paths[0] == "-" else paths[0]


def _without_file(note: str, file: str) -> str:
    """Return a note without the name of the file that the report is about."""
    return note.removeprefix(f"{file}: ").removeprefix(f"{file}, ")


def _oddities(report: DataReport) -> Iterator[str]:
    """Say what else is odd about columns and rows; a finding says more of columns of one value."""
    same = [c.name for c in report.table.named("input") if c.distinct == 1 and not c.missing]
    if same and report.target is None:
        yield _line("same", f"one value in all rows: {listed(map(repr, same))}")
    for names in report.equal[:BEST]:
        yield _line("equal", f"the same in all rows: {listed(map(repr, names))}")
    if len(report.equal) > BEST:
        yield _line("equal", f"{len(report.equal) - BEST:,} more groups of equal columns; --json has all")
    rows = report.repeated.rows
    if rows:
        share = percent(rows / report.table.rows)
        yield _line(
            "twice",
            f"{plural(rows, 'row')} ({share}) {'is' if rows == 1 else 'are'} like an earlier one "
            "in all columns that are used",
        )


def _of_target(report: DataReport, target: TargetReport) -> Iterator[str]:
    named = f"{listed(map(repr, report.targets))}: {target.task}"
    lines = [_line("target", named), *_alone(target)]
    yield "\n".join(lines)
    parts = "\n".join(_parts(target.parts))
    if parts:
        yield parts
    yield _beat(target.beat, len(report.targets) > 1)
    for finding in target.findings:
        yield describe_finding(finding)


def _alone(target: TargetReport) -> Iterator[str]:
    shown = [each for each in target.alone[:BEST] if each.share > 0]
    if not shown:
        return
    said = listed(f"{each.column} {percent(each.share)}" for each in shown)
    yield _line(
        "alone", f"share of the target that one column explains, in {plural(target.looked_at, 'row')}: {said}"
    )
    away = [each.column for each in target.alone if each.gives_away]
    if away:
        yield _line(
            "alone",
            f"{listed(away)} nearly {'gives' if len(away) == 1 else 'give'} the target away: "
            f"{'is it' if len(away) == 1 else 'are they'} known when something is to be predicted?",
        )


def _parts(parts: Sequence[PartReport]) -> Iterator[str]:
    classes = list(dict.fromkeys(name for part in parts for name in part.classes))
    if len(parts) > 1 or classes:
        header = ("rows", *(part.name for part in parts))
        rows: list[tuple[object, ...]] = [("all", *(f"{part.rows:,}" for part in parts))]
        shown = sorted(classes, key=lambda name: -parts[0].classes.get(name, 0))
        hidden = len(shown) - MOST_CLASSES if len(shown) > MOST_CLASSES + 1 else 0
        rows += [(name, *(_share(part, name) for part in parts)) for name in shown[: len(shown) - hidden]]
        yield table(header, rows)
        if hidden:
            yield f"and {hidden:,} rarer classes; --json has all"
    for part in parts:
        shared = part.shared
        if shared and shared.shared:
            of = f"{shared.rows:,}" if shared.rows == part.rows else f"{shared.rows:,} of {part.rows:,}"
            yield _line("shared", f"{shared.shared:,} of {of} {part.name} rows are training rows too")
        if part.shifted:
            said = listed(f"{each.input} by {each.distance:.2g}" for each in part.shifted)
            yield _line(
                "shift", f"the {part.name} rows lie elsewhere, in standard deviations of training: {said}"
            )


def _share(part: PartReport, name: str) -> str:
    count = part.classes.get(name, 0)
    return f"{count:,} ({percent(count / part.rows)})" if part.rows else str(count)


def _beat(beat: ToBeat, several: bool) -> str:
    """Return the scores that a network has to beat, and the rows that they are of.

    several: whether there is more than one target.
    """
    best = "the mean" if beat.constant.task == "regression" else "the shares"
    constant, linear = beat.constant_scores, beat.linear_scores
    rows = [(score_title(name), _number(constant[name]), _number(linear[name])) for name in constant]
    fitted = _some(beat.fitted, beat.of_training, "training row")
    judged = {
        "validation": f"judged on {_some(beat.judged, beat.of_part, 'validation row')}",
        "drawn": f"judged on {plural(beat.judged, 'other')}, drawn from them for this",
        "training": "judged on the same rows, as there are so few",
    }[beat.part]
    head = f"to beat: the best constant ({best}) and a linear model, fitted to {fitted}, {judged}"
    if several:
        head += "; the means over the targets"
    return f"{paragraph(head)}\n{table(('', 'constant', 'linear'), rows)}"


def _some(count: int, whole: int, word: str) -> str:
    return plural(count, word) if count == whole else f"{count:,} of {plural(whole, word)}"


def _number(value: float) -> str:
    if value != value:
        return "–"
    return f"{0.0 if abs(value) < 5e-5 else value:.4f}" if abs(value) < 10 else plain_text(f"{value:.5g}")


def _verdict(report: DataReport) -> str:
    if report.target is None:
        last = report.table.columns[-1].name
        return paragraph(
            "No target was named, so this is the table alone. With --target NAME "
            f"(the last column is {last!r}) classes, parts and what a network has to beat are shown too."
        )
    problems = sum(each.finding.severity == "problem" for each in report.target.findings)
    if problems:
        return f"{plural(problems, 'problem')}: mend that first."
    more = f"mlp gradcheck {report.config} asks the rules that need a training." if report.config else ""
    return paragraph(" ".join(filter(None, ("no problem was found.", more))))


def _size(count: int) -> str:
    """Write a number of bytes: 512 bytes, 3.1 kB, 12 MB."""
    if count < 1000:
        return plural(count, "byte")
    power = min((len(str(count)) - 1) // 3, 3)
    return f"{count / 1000**power:.3g} {('kB', 'MB', 'GB')[power - 1]}"


def _line(word: str, text: str) -> str:
    return paragraph(printable(text), MARGIN, word)
