"""Results as plain text: aligned columns, the same on a terminal and in a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from mlpcli.discover import choice_name

if TYPE_CHECKING:
    from mlpcli.data.prepare import Preparation
    from mlpcli.nn.network import Layer, Network
    from mlpcli.pipeline.prepare import Prepared
    from mlpcli.predict.scores import Evaluation


def table(header: Sequence[str], rows: Iterable[Sequence[object]], left: int = 1) -> str:
    """Columns aligned, the first `left` of them to the left."""
    cells = [list(header), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    return "\n".join(
        "  ".join(
            c.ljust(w) if i < left else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )


def _cell(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else "" if value is None else str(value)


def duration(seconds: float) -> str:
    """12 ms, 1.2 s, 3 min 05 s, 1 h 02 min."""
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds + 0.5), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def plural(count: int, word: str) -> str:
    """1 row, 2 rows, 3 classes, 4 batches."""
    return f"{count:,} {word}" + ("" if count == 1 else "es" if word.endswith(("s", "tch")) else "s")


def describe_network(network: Network) -> str:
    """2 → 3 sigmoid → 1 sigmoid."""
    return " → ".join([str(network.inputs.shape[1]), *(_layer(layer) for layer in network.layers)])


def _layer(layer: Layer) -> str:
    return f"{layer.units} {choice_name(layer.activation)}"


def describe_prepared(prepared: Prepared) -> str:
    """Config, data with its inferred types, network and parameter count: what `train` and `check` print."""
    dataset, network = prepared.dataset, prepared.network
    parts = [("training", dataset.training), ("validation", dataset.validation), ("test", dataset.test)]
    counts = ", ".join(
        f"{plural(len(part.inputs), 'row')} {name}" for name, part in parts if part is not None
    )
    optimizer = prepared.optimizer
    name = choice_name(optimizer)
    settings = f"batches of {prepared.batch_rows}, {name}, learning rate {optimizer.learning_rate:g}"
    settings += f", seed {prepared.config.seed}, {prepared.executor.name}"
    lines = [
        f"config   {prepared.file.path}",
        f"data     {counts}; {dataset.task}",
        *describe_columns(dataset.preparation),
        *(f"note     {note}" for note in dataset.notes),
        *(f"hint     {each}" for each in prepared.hints),
        f"network  {describe_network(network)}: {plural(network.size, 'parameter')}, {network.inputs.dtype}",
        f"training loss {network.loss_name}, {settings}",
    ]
    return "\n".join(lines)


def describe_columns(preparation: Preparation, most: int = 12) -> list[str]:
    """A line per column: role, name, type, missing cells; the middle of a long list left out."""
    lines = preparation.describe()
    rows = [
        (f"{s.role} {s.name}", s.kind, s.detail + (f"; {s.missing} missing" if s.missing else ""))
        for s in lines
    ]
    if len(rows) > most:
        targets = [row for row, s in zip(rows, lines, strict=True) if s.role == "target"]
        hidden = len(rows) - (most - len(targets))
        rows = [*rows[: most - len(targets)], (f"… {hidden - len(targets)} more inputs", "", ""), *targets]
    return [f"         {line}" for line in table(("column", "type", ""), rows, left=3).splitlines()[1:]]


def describe_evaluation(evaluation: Evaluation) -> str:
    """Scores, per-class table and confusion matrix; or RMSE, MAE and R²."""
    blocks = [f"rows      {evaluation.rows:,}"]
    for name, scores in evaluation.class_scores.items():
        classes = evaluation.classes or ("0", "1")
        if evaluation.task == "multilabel":
            blocks.append(f"label     {name}")
        blocks.append(f"accuracy  {scores.accuracy:.6f}\nlog-loss  {scores.log_loss:.6f}")
        rows = [
            (c, f"{p:.4f}", f"{r:.4f}", f"{f:.4f}", n)
            for c, (p, r, f, n) in zip(classes, scores.per_class(), strict=True)
        ]
        blocks.append(table(("class", "precision", "recall", "f1", "rows"), rows))
        confusion = [(c, *(int(n) for n in row)) for c, row in zip(classes, scores.confusion, strict=True)]
        blocks.append("confusion (row: true class, column: predicted)\n" + table(("", *classes), confusion))
    if evaluation.regression_scores:
        values = [(name, s.rmse, s.mae, s.r2) for name, s in evaluation.regression_scores.items()]
        blocks.append(table(("target", "RMSE", "MAE", "R²"), values))
    return "\n\n".join(blocks)
