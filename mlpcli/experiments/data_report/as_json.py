"""The report of `mlp data` as plain data, the JSON of `mlp data --json`; docs/data.md says what it means."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mlpcli.data.profile.columns import ColumnProfile
from mlpcli.data.profile.numbers import NumberSummary
from mlpcli.data.schema.column_schema import DATE
from mlpcli.diagnose.report import finding_json
from mlpcli.experiments.data_report.parts import PartReport
from mlpcli.experiments.data_report.to_beat import ToBeat
from mlpcli.runs.json_file import finite

if TYPE_CHECKING:
    from mlpcli.experiments.data_report.report import DataReport, TargetReport

PLAIN = "its cells are plain numbers"


def report_json(report: DataReport) -> dict[str, Any]:
    """Return the report as plain data."""
    table = report.table
    plain = {
        "config": report.config or None,
        **{"files": list(report.file.paths), "format": report.file.format, "bytes": report.file.bytes},
        "rows": table.rows,
        "rows_summarised": table.looked_at,
        "notes": list(report.notes),
        "columns": [_column(column, table.rows) for column in table.columns],
        "equal_columns": [list(names) for names in report.equal],
        "repeated_rows": asdict(report.repeated),
        "targets": list(report.targets),
        "healthy": report.healthy,
        **({} if report.target is None else _target(report.target)),
    }
    return {key: finite(value) for key, value in plain.items()}


def _column(column: ColumnProfile, rows: int) -> dict[str, Any]:
    plain: dict[str, Any] = {
        **{"name": column.name, "role": column.role, "kind": column.kind or None, "why": column.why or PLAIN},
        "missing": column.missing,
        "missing_share": column.missing / rows,
        "missing_words": dict(column.words),
        "distinct": column.distinct,
    }
    if column.numbers is not None:
        return plain | _numbers(column, column.numbers)
    return plain | {"levels": dict(column.levels)}


def _numbers(column: ColumnProfile, numbers: NumberSummary) -> dict[str, Any]:
    dates = column.kind == DATE

    def written(value: float) -> float | str | None:
        return (column.date(value) or None) if dates else value

    first, second, third = numbers.quartiles
    limits = {"min": numbers.low, "q1": first, "median": second, "q3": third, "max": numbers.high}
    plain: dict[str, Any] = {key: written(value) for key, value in limits.items()}
    if not dates:
        plain |= {"mean": numbers.mean, "std": numbers.deviation}
    plain["values"] = [[written(value), count] for value, count in numbers.few]
    plain["histogram"] = list(numbers.counts)
    return plain


def _target(target: TargetReport) -> dict[str, Any]:
    return {
        "task": target.task,
        "parts": {part.name: _part(part) for part in target.parts},
        "alone": {
            "rows": target.looked_at,
            "share_explained": {each.column: each.share for each in target.alone},
            "give_away": [each.column for each in target.alone if each.gives_away],
        },
        "to_beat": _to_beat(target.beat),
        "findings": [finding_json(each) for each in target.findings],
    }


def _part(part: PartReport) -> dict[str, Any]:
    plain: dict[str, Any] = {"rows": part.rows, "classes": dict(part.classes)}
    if part.name != "training":
        shared = part.shared
        plain["training_rows_too"] = shared and {
            "rows": shared.shared,
            "of": shared.rows,
            "share": shared.share,
        }
        plain["shifted"] = [asdict(each) for each in part.shifted]
    return plain


def _to_beat(beat: ToBeat) -> dict[str, Any]:
    return {
        "part": beat.part,
        "rows_fitted": beat.fitted,
        "rows_judged": beat.judged,
        "constant": beat.constant_scores,
        "linear": beat.linear_scores,
    }
