"""Results as plain text: aligned columns, the same on a terminal and in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isfinite, isnan
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.cli.text.table import paragraph, table, terminal_columns
from mlpcli.registry import choice_name
from mlpcli.wording import plural, shortened

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcli.data.prepare import Preparation
    from mlpcli.nn.layer import Layer
    from mlpcli.nn.network import Network
    from mlpcli.optim.optimizer import Optimizer
    from mlpcli.problem.problem import Problem
    from mlpcli.scoring.evaluation import Evaluation
    from mlpcli.scoring.file_parts import ScoredRows
    from mlpcli.scoring.metrics import ClassScores

WIDEST_MATRIX = 80
"""Columns up to which a confusion matrix is printed as a whole."""
WORST = 10
"""Confusions, or classes, that are printed in the place of a longer table."""
MOST_CLASSES = 50
"""Classes up to which each has a line."""
MARGIN = 9
"""Columns of the word before each line of a description."""
LEAST_DETAIL = 40
"""Letters for what is said of a column, from which on its type has a column of its own."""
TITLES = {"seconds": "time", "r2": "R²", "rmse": "RMSE", "mae": "MAE", "auc": "AUC", "f1": "F1"}


def duration(seconds: float) -> str:
    """Write a time in seconds as 12 ms, 1.2 s, 3 min 05 s or 1 h 02 min."""
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds + 0.5), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def score_title(key: str) -> str:
    """Write the key of a score as a title: validation_r2 is shown as validation R²."""
    return " ".join(TITLES.get(word, word) for word in key.split("_"))


def describe_network(network: Network) -> str:
    """Describe the layers in one line: 2 → 3 sigmoid → 1 sigmoid."""
    return " → ".join([str(network.inputs.shape[1]), *(_layer(layer) for layer in network.layers)])


def _layer(layer: Layer) -> str:
    words = [f"{choice_name(layer.normalization)} normalisation"] if layer.normalization is not None else []
    words += [f"dropout {layer.dropout:g}"] if layer.dropout else []
    words += [] if layer.trainable else ["frozen"]
    more = f" ({', '.join(words)})" if words else ""
    return f"{layer.units} {layer.activation.shown}{more}"


def _linear(network: Network) -> str:
    """Say that a network without a hidden layer is a linear model; a maxout bends by itself."""
    bends = network.layers[1:] or choice_name(network.layers[-1].activation) == "maxout"
    return "" if bends else "; no hidden layer: a linear model"


def describe_size(network: Network) -> str:
    """Count the parameters: 20 parameters, 8 of them frozen."""
    frozen = network.size - sum(p.size for p in network.trained)
    count = "all" if frozen == network.size else f"{frozen:,}"
    return plural(network.size, "parameter") + (f", {count} of them frozen" if frozen else "")


def describe_prepared(prepared: Problem) -> str:
    """Describe config, data with inferred types, network and training, as `train` and `check` print it."""
    dataset, network = prepared.dataset, prepared.network
    parts = [("training", dataset.training), ("validation", dataset.validation), ("test", dataset.test)]
    counts = ", ".join(
        f"{plural(part.rows + (len(part.unseen.inputs) if part.unseen else 0), 'row')} {name}"
        for name, part in parts
        if part is not None
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
        f"network  {describe_network(network)}: {describe_size(network)}, {network.inputs.dtype}"
        + _linear(network),
        f"training loss {prepared.head.loss.shown}, {settings}",
    ]
    if prepared.found_rate is not None:
        steps = len(prepared.found_rate.rates)
        lines.append(
            f"rate     {prepared.found_rate.chosen:g} found by a range test of {plural(steps, 'step')}"
        )
    return "\n".join(lines)


def describe_optimizer(optimizer: Optimizer) -> list[str]:
    """Say learning rate, schedule, warm-up and clipping in a few words each; an optimiser may lack some."""
    settings = vars(optimizer)
    words = []
    if "learning_rate" in settings:
        rate = settings["learning_rate"]
        words.append(f"learning rate {rate if isinstance(rate, str) else f'{rate:g}'}")
    if settings.get("schedule") is not None:
        words.append(f"schedule {choice_name(settings['schedule'])}")
    if settings.get("warm_up"):
        words.append(f"warm-up {settings['warm_up']:g}")
    for what in ("value", "norm"):
        limit = settings.get(f"clip_{what}")
        if limit is not None:
            words.append(f"clipped to {what} {limit:g}")
    return words


def describe_columns(preparation: Preparation, most: int = 12) -> list[str]:
    """Give each column a line: role, name, type, missing cells; the middle of a long list is left out."""
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
    """Describe scores, classes and confusion matrix; of regression RMSE, MAE and R²."""
    blocks = [f"rows      {evaluation.rows:,}"]
    if evaluation.weighted:
        blocks[0] += f", weighted {evaluation.weighted}"
    if evaluation.scored is not None:
        blocks[0] += "".join(
            f"\n          {line}" for line in _scored_rows(evaluation.scored, evaluation.rows)
        )
    for classes, (name, scores) in zip(evaluation.words, evaluation.class_scores.items(), strict=True):
        if evaluation.task == "multilabel":
            blocks.append(f"label     {name}")
        blocks.append(_class_summary(scores, _log_loss_remarks(evaluation, scores.clipped_at)))
        rows = [
            (c, f"{p:.4f}", f"{r:.4f}", f"{f:.4f}", n)
            for c, (p, r, f, n) in zip(classes, scores.per_class(), strict=True)
        ]
        blocks.append(_classes(rows))
        blocks.append(_confusion(classes, scores.confusion, ", in weights" if evaluation.weighted else ""))
    if evaluation.regression_scores:
        values = [(name, s.rmse, s.mae, _or_dash(s.r2)) for name, s in evaluation.regression_scores.items()]
        blocks.append(table(("target", "RMSE", "MAE", "R²"), values))
        still = [name for name, s in evaluation.regression_scores.items() if isnan(s.r2) and isfinite(s.rmse)]
        blocks += [f"R² is not defined: {name} does not vary in these rows." for name in still]
    return "\n\n".join(blocks)


def _scored_rows(scored: ScoredRows, rows: int) -> Iterator[str]:
    """Say which rows of the file these are, and how many of them were trained on."""
    if scored.scored is None or scored.file is None:
        yield "of a file that the run does not know: some may have been trained on"
        return
    if scored.part == "all":
        twice = sum(scored.file.values()) + scored.apart > rows
        several = "; some are in several parts" if twice else ""
        yield f"all of the file: {_counted(scored.file, scored.apart)}{several}"
    else:
        others = {name: n - scored.scored[name] for name, n in scored.file.items()}
        rest = f"; not scored: {_counted(others, scored.apart)}" if scored.left else ""
        yield f"its {scored.part} rows{rest}"
    trained = scored.scored["training"]
    if not trained:
        split = scored.file["training"] > 0
        apart = "its lines were not trained on (equal rows may have been)"
        yield "none of them was trained on" if split else apart
        return
    yield ("all" if trained == rows else f"{trained:,}") + " of them were trained on"
    if scored.folds:
        yield "(scores of rows that were not: folds.csv in the run folder)"


def _counted(rows: Mapping[str, int], apart: int) -> str:
    """Count the rows of each part: 90 training, 30 test; parts without rows are left out.

    apart: rows in no part.
    """
    every = {**rows, "in no part": apart}
    return ", ".join(f"{count:,} {part}" for part, count in every.items() if count)


def _classes(rows: Sequence[tuple[str, str, str, str, int]]) -> str:
    """Give each class a line: name, precision, recall, F1, rows; of very many, those with the lowest F1."""
    head = ("class", "precision", "recall", "f1", "rows")
    if len(rows) <= MOST_CLASSES:
        return table(head, rows)
    lowest = sorted(rows, key=lambda row: float(row[3]))[:WORST]
    return f"the {WORST} classes with the lowest F1 of {len(rows):,}; --json has all\n" + table(head, lowest)


def _confusion(classes: Sequence[str], confusion: NDArray[Any], weights: str) -> str:
    """Draw the whole matrix, or list the worst confusions where it is too wide for a terminal.

    confusion: (true classes, predicted classes). weights: what to say of sums of weights.
    """
    rows = [(c, *row.tolist()) for c, row in zip(classes, confusion, strict=True)]
    # Each column takes two blanks and a digit: the table of 10,000 classes is not worth making.
    names = ("", *classes[: confusion.shape[1]])
    whole = table(names, rows, columns=sys.maxsize) if 3 * len(classes) <= WIDEST_MATRIX else ""
    if whole and max(map(len, whole.splitlines())) <= min(WIDEST_MATRIX, terminal_columns()):
        return f"confusion (row: true class, column: predicted{weights})\n{whole}"
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    pairs = int(np.count_nonzero(wrong))
    if not pairs:
        return "confusion: none, every row is called what it is"
    worst = np.argsort(-wrong, axis=None, kind="stable")[: min(pairs, WORST)]
    places = zip(*np.unravel_index(worst, wrong.shape), strict=True)
    lines = [(classes[t], classes[p], wrong[t, p].item()) for t, p in places]
    count = f"the worst {len(lines)} of {pairs:,}" if pairs > len(lines) else plural(pairs, "pair")
    head = f"confusion ({count}{weights}; --json has all)\n"
    return head + table(("true class", "predicted", "weight" if weights else "rows"), lines, left=2)


def _log_loss_remarks(evaluation: Evaluation, least: float) -> Iterator[str]:
    """Say what the log-loss is of, where it is not simply of the probabilities of all rows.

    least: what numbers below it are clipped to.
    """
    if evaluation.no_probabilities:
        yield f"of scores, not probabilities: {evaluation.no_probabilities}"
        yield f"(each clipped to numbers from {least:g} to 1)"
    if evaluation.unseen:
        rows = plural(evaluation.unseen_rows, "row")
        yield f"without {rows} of a class that training never saw, counted as wrong;"
        yield "AUC and average precision are without them, too"


def _class_summary(scores: ClassScores, remarks: Iterable[str]) -> str:
    """Give each score of all rows a line; of two classes, those that rank rows look at the second.

    remarks: what the log-loss is of, below it.
    """
    more = ", mean over the classes" if scores.confusion.shape[1] > 2 else ""
    lines = [
        ("accuracy", f"{scores.accuracy:.6f}"),
        ("balanced accuracy", f"{_or_dash(scores.balanced_accuracy, '.6f')} (mean recall of the classes)"),
        ("macro F1", f"{_or_dash(scores.f1, '.6f')} (mean F1 of the classes)"),
        ("AUC", f"{_or_dash(scores.auc, '.6f')} (area under the ROC curve{more})"),
        ("average precision", f"{_or_dash(scores.average_precision, '.6f')}{more and f' ({more[2:]})'}"),
        ("log-loss", f"{scores.log_loss:.6f} (probabilities kept {scores.clipped_at:g} from 0)"),
    ]
    told = [f"{name:18} {value}" for name, value in lines]
    return "\n".join([*told, *(f"{'':18} {each}" for each in remarks)])


def _or_dash(value: float, how: str = ".6g") -> str:
    """Write a number, or a dash where it is none."""
    return "–" if isnan(value) else format(value, how)
