"""Results as plain text: aligned columns, the same on a terminal and in a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.cli.table import paragraph, table, terminal_columns
from mlpcli.discover import choice_name
from mlpcli.wording import plural, shortened

if TYPE_CHECKING:
    from mlpcli.data.prepare import Preparation
    from mlpcli.nn.layer import Layer
    from mlpcli.nn.network import Network
    from mlpcli.optim.optimizer import Optimizer
    from mlpcli.pipeline.prepare import Prepared
    from mlpcli.predict.scores import Evaluation

MARGIN = 9
"""Columns of the word before each line of a description."""
LEAST_DETAIL = 40
"""Letters for what is said of a column, from which on its type has a column of its own."""
TITLES = {"seconds": "time", "r2": "R²", "rmse": "RMSE"}


def duration(seconds: float) -> str:
    """12 ms, 1.2 s, 3 min 05 s, 1 h 02 min."""
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds + 0.5), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def score_title(key: str) -> str:
    """validation_r2 is shown as validation R²."""
    return " ".join(TITLES.get(word, word) for word in key.split("_"))


def describe_network(network: Network) -> str:
    """2 → 3 sigmoid → 1 sigmoid."""
    return " → ".join([str(network.inputs.shape[1]), *(_layer(layer) for layer in network.layers)])


def _layer(layer: Layer) -> str:
    words = [f"{choice_name(layer.normalization)} normalisation"] if layer.normalization is not None else []
    words += [f"dropout {layer.dropout:g}"] if layer.dropout else []
    words += [] if layer.trainable else ["frozen"]
    more = f" ({', '.join(words)})" if words else ""
    return f"{layer.units} {layer.activation.shown}{more}"


def describe_size(network: Network) -> str:
    """20 parameters, 8 of them frozen."""
    frozen = network.size - sum(p.size for p in network.trained)
    count = "all" if frozen == network.size else f"{frozen:,}"
    return plural(network.size, "parameter") + (f", {count} of them frozen" if frozen else "")


def describe_prepared(prepared: Prepared) -> str:
    """Config, data with its inferred types, network and parameter count: what `train` and `check` print."""
    dataset, network = prepared.dataset, prepared.network
    parts = [("training", dataset.training), ("validation", dataset.validation), ("test", dataset.test)]
    counts = ", ".join(
        f"{plural(len(part.inputs), 'row')} {name}" for name, part in parts if part is not None
    )
    optimizer = prepared.optimizer
    name = choice_name(optimizer)
    settings = f"batches of {prepared.batch_rows}, {', '.join([name, *describe_optimizer(optimizer)])}"
    settings += f", seed {prepared.config.seed}, {prepared.executor.name}"
    lines = [
        f"config   {prepared.file.path}",
        f"data     {counts}; {dataset.task}",
        *describe_columns(dataset.preparation),
        *(f"note     {note}" for note in (*dataset.notes, *(prepared.start.notes if prepared.start else ()))),
        *(f"hint     {each}" for each in prepared.hints),
        f"network  {describe_network(network)}: {describe_size(network)}, {network.inputs.dtype}",
        f"training loss {prepared.head.loss.shown}, {settings}",
    ]
    if prepared.found_rate is not None:
        steps = len(prepared.found_rate.rates)
        lines.append(
            f"rate     {prepared.found_rate.chosen:g} found by a range test of {plural(steps, 'step')}"
        )
    return "\n".join(lines)


def describe_optimizer(optimizer: Optimizer) -> list[str]:
    """Learning rate, schedule, warm-up and clipping in a few words each."""
    from mlpcli.optim.optimizer import StepOptimizer

    if not isinstance(optimizer, StepOptimizer):
        return []
    rate, schedule = optimizer.learning_rate, optimizer.schedule
    words = [f"learning rate {rate if isinstance(rate, str) else f'{rate:g}'}"]
    if schedule is not None:
        words.append(f"schedule {choice_name(schedule)}")
    if optimizer.warm_up:
        words.append(f"warm-up {optimizer.warm_up:g}")
    for what, limit in (("value", optimizer.clip_value), ("norm", optimizer.clip_norm)):
        if limit is not None:
            words.append(f"clipped to {what} {limit:g}")
    return words


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
        rows = [*rows[: most - len(targets)], (f"… {hidden - len(targets):,} more inputs", "", ""), *targets]
    margin, columns = " " * MARGIN, terminal_columns() - MARGIN
    widths = [max(len(row[at]) for row in rows) for at in range(3)]
    if sum(widths) + 4 <= columns:
        return [margin + line for line in table(("", "", ""), rows, 3, columns).splitlines()]
    # Too wide for a table: what is said of a column takes as many lines as it needs, beside name and type.
    name_width = min(widths[0], columns // 2)
    aligned = columns - name_width - widths[1] - 4 >= LEAST_DETAIL
    said: list[str] = []
    for name, kind, detail in rows:
        word = f"{margin}{shortened(name, name_width):<{name_width}}  "
        if aligned:
            word += f"{kind:<{widths[1]}}  "
        elif kind:
            detail = f"{kind}, {detail}"
        said += paragraph(detail, len(word), word).splitlines()
    return said


def describe_evaluation(evaluation: Evaluation) -> str:
    """Scores, per-class table and confusion matrix; or RMSE, MAE and R²."""
    blocks = [f"rows      {evaluation.rows:,}"]
    if evaluation.weighted:
        blocks[0] += f", weighted {evaluation.weighted}"
    for classes, (name, scores) in zip(evaluation.words, evaluation.class_scores.items(), strict=True):
        if evaluation.task == "multilabel":
            blocks.append(f"label     {name}")
        blocks.append(f"accuracy  {scores.accuracy:.6f}\nlog-loss  {scores.log_loss:.6f}")
        rows = [
            (c, f"{p:.4f}", f"{r:.4f}", f"{f:.4f}", n)
            for c, (p, r, f, n) in zip(classes, scores.per_class(), strict=True)
        ]
        blocks.append(table(("class", "precision", "recall", "f1", "rows"), rows))
        confusion = [(c, *row.tolist()) for c, row in zip(classes, scores.confusion, strict=True)]
        weights = ", in weights" if evaluation.weighted else ""
        head = f"confusion (row: true class, column: predicted{weights})\n"
        blocks.append(head + table(("", *classes), confusion))
    if evaluation.regression_scores:
        values = [(name, s.rmse, s.mae, s.r2) for name, s in evaluation.regression_scores.items()]
        blocks.append(table(("target", "RMSE", "MAE", "R²"), values))
    return "\n\n".join(blocks)
