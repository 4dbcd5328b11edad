"""Test scores of `mlp` with all its options, and of the best scikit-learn's MLP reaches in the same time.

    python benchmarks/scores.py --data DIR            # the table; where in DIR: see SETS in tables.py
    python benchmarks/scores.py --data DIR --search   # first: which settings, and epochs there is time for
    python benchmarks/scores.py digits                # the one set that is shipped

score_settings.py lists a dozen settings of either library for each set, and how long a fit may take.
`--search` fits each of them to four fifths of the training rows, so many epochs that all training rows
would take that time, and scores the other fifth; the test rows are in a file of their own, which the search
does not open. The best of either stands in CHOSEN, with its epochs, and is trained on all training rows, once
per seed; the seed chooses first weights, order of the rows and dropout. The split is that of seed 0. Both
get the same prepared matrices, in float32, and one BLAS thread.

Seconds are those of the processor, of all threads, so that a busy machine does not count. Ours are all of
`train` but reading and preparing the data: compiling with nothing kept from earlier runs (`first`; `again`
is a run that finds its machine code in the cache folder), epochs, printed scores, run folder, test score.
scikit-learn's are those of `fit`. `as shipped` is the file in configs/ as it is, in its own time.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np
from score_settings import TRIALS
from sklearn.neural_network import MLPClassifier, MLPRegressor  # type: ignore[import-untyped]
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from mlpcli.api import train
from mlpcli.data.split import split
from mlpcli.problem.build import prepare
from mlpcli.problem.problem import Problem, random_stream
from mlpcli.training.events import Event, Started
from tables import CONFIGS, SETS, fit_and_score, mean_and_spread, print_table, run_ours

Pair = tuple[float, float]
"""Score, seconds."""

CHOSEN: dict[str, tuple[tuple[int, int], tuple[int, int]]] = {
    "digits": ((2, 904), (2, 290)),
    "adult": ((10, 78), (6, 56)),
    "california-housing": ((3, 227), (4, 34)),
}
"""Set -> (setting, epochs) of ours and of theirs, as --search found them on a 2-core AMD EPYC."""

PRECISION = "float32"
HOLDOUT = 0.2

HEADER = [
    *("set", "score", "mlp", "scikit-learn", "difference", "as shipped"),
    *("mlp, s: first", "again", "scikit-learn, s", "epochs"),
]


@dataclass(frozen=True)
class Files:
    """Of one set, as overrides: training rows alone, and with the test rows."""

    training: list[str]
    both: list[str]


def files(name: str, data: Path | None, folder: Path) -> Files:
    """Training and test rows in files of their own, written below `folder` where the set has one file."""
    config = CONFIGS / f"{name}.yaml"
    found = [f"{key}={(data / path).resolve()}" for key, path in SETS[name].items()] if data else []
    prepared = prepare(config, found)
    section = prepared.config.data
    if isinstance(section.test, str):
        return Files([found[0]], found)
    given = cut(prepared, Path(section.train), float(section.test or 0), 0, folder / name)
    return Files(given[:1], given)


def cut(prepared: Problem, source: Path, share: float, seed: int, beside: Path) -> list[str]:
    """The rows that `data.test: share` keeps and leaves, in files of their own, as overrides.

    Files, because data.validation beside a share changes which rows are for the test.
    """
    opened = gzip.open if source.suffix == ".gz" else open
    with opened(source, "rt", newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    classes = None
    if prepared.dataset.task == "classification":
        at = header.index(str(prepared.config.data.target))
        classes = np.unique([row[at] for row in rows], return_inverse=True)[1]
    parts = split(random_stream(seed, "split"), len(rows), test=share, classes=classes)
    given = []
    for key, indices in (("train", parts.training), ("test", parts.test)):
        path = beside.with_name(f"{beside.name}-{key}-{seed}.csv")
        with open(path, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *(rows[at] for at in indices)])
        given.append(f"data.{key}={path}")
    config = prepared.file.path
    expected = prepare(config, [f"data.train={source}", f"data.test={share}", f"seed={seed}"]).dataset.test
    made = prepare(config, given).dataset.test
    assert expected is not None
    assert made is not None
    assert np.array_equal(expected.inputs, made.inputs), f"{source}: not the rows of data.test: {share}"
    return given


@contextmanager
def empty_cache() -> Iterator[None]:
    """No machine code is kept from earlier runs."""
    before = os.environ.get("XDG_CACHE_HOME")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        yield
    if before is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = before


def their_model(
    prepared: Problem, setting: dict[str, Any], epochs: int, seed: int
) -> MLPClassifier | MLPRegressor:
    """Neither tolerance nor patience ends it before the last epoch, unless the setting says so."""
    kind = MLPRegressor if prepared.dataset.task == "regression" else MLPClassifier
    patience = {"tol": 0.0, "n_iter_no_change": epochs}
    return kind(max_iter=epochs, random_state=seed, **{**patience, **setting})


def our_epochs(config: Path, overrides: Sequence[str], seconds: float, probe: int) -> int:
    """How many there is time for, compiling included, as `probe` epochs tell."""
    marks: list[float] = []

    def mark(event: Event) -> None:
        if isinstance(event, Started):
            marks.append(time.process_time())

    started = time.process_time()
    prepare(config, overrides)
    between = time.process_time()
    with empty_cache(), tempfile.TemporaryDirectory() as runs:
        train(config, [*overrides, f"training.epochs={probe}"], runs=runs, report=mark)
    each = (time.process_time() - marks[0]) / probe
    compiling = marks[0] - between - (between - started)
    return max(1, int((seconds - compiling) / each))


def their_epochs(setting: dict[str, Any], prepared: Problem, seconds: float, probe: int) -> int:
    """How many there is time for, as `probe` epochs tell, before any of them may stop it early."""
    fixed = {key: value for key, value in setting.items() if key not in ("n_iter_no_change", "tol")}
    model = their_model(prepared, fixed, probe, 0)
    _, taken = fit_and_score(model, prepared, time.process_time)
    return max(1, int(seconds / taken * model.n_iter_))


def search(name: str, found: Files, folder: Path) -> tuple[tuple[int, int], tuple[int, int]]:
    """What CHOSEN says of a set; prints the score of every setting on the rows held out."""
    trial, config = TRIALS[name], CONFIGS / f"{name}.yaml"
    common = [*found.training, f"precision={PRECISION}"]
    whole = [*common, "data.test=0.001"]  # for times alone: no score on it is looked at
    everything = prepare(config, whole)
    source, beside = Path(found.training[0].partition("=")[2]), folder / f"{name}-search"
    judged = [
        [*cut(everything, source, HOLDOUT, seed, beside), f"precision={PRECISION}", f"seed={seed}"]
        for seed in range(trial.holdouts)
    ]
    parts = [prepare(config, each) for each in judged]
    regression = everything.dataset.task == "regression"
    as_it_is = [run_ours(config, each)[1] for each in judged]
    rows = [[name, "mlp", "as shipped", mean_and_spread(as_it_is), "", "", ""]]

    def keep(side: str, number: int, pairs: list[Pair], count: int, setting: object) -> float:
        taken = median(seconds for _, seconds in pairs)
        cells = [str(number), mean_and_spread(pairs), str(count), f"{taken:.1f}", str(setting)]
        rows.append([name, side, *cells])
        print(*rows[-1], sep=" | ", file=sys.stderr, flush=True)
        mean = fmean(score for score, _ in pairs)
        return -mean if regression else mean

    def our_count(setting: str, probe: int) -> int:
        return our_epochs(config, [*whole, *setting.split("  ")], trial.seconds, probe)

    # Judged by a short probe, which errs by some tenths; what is chosen is timed once more, in full.
    scored = []
    for number, setting in enumerate(trial.ours):
        count = our_count(setting, trial.probe)
        given = [*setting.split("  "), f"training.epochs={count}"]
        pairs = [run_ours(config, [*each, *given], time.process_time)[1] for each in judged]
        scored.append((keep("mlp", number, pairs, count, setting), -number, count))
    _, at, count = max(scored)
    ours = -at, our_count(trial.ours[-at], count)
    scored = []
    for number, their in enumerate(trial.theirs):
        count = their_epochs(their, everything, trial.seconds, trial.probe)
        pairs = [
            fit_and_score(their_model(part, their, count, seed), part, time.process_time)
            for seed, part in enumerate(parts)
        ]
        scored.append((keep("scikit-learn", number, pairs, count, their), -number, count))
    _, at, count = max(scored)
    theirs = -at, their_epochs(trial.theirs[-at], everything, trial.seconds, count)
    print_table(["set", "library", "setting", "held out", "epochs", "seconds", "what"], rows)
    return ours, theirs


def row(name: str, found: Files, seeds: int) -> list[str]:
    """Of the table, see HEADER."""
    trial, config, clock = TRIALS[name], CONFIGS / f"{name}.yaml", time.process_time
    (at, epochs), (their_at, their_count) = CHOSEN[name]
    both = [*found.both, f"precision={PRECISION}"]
    given = [*both, *trial.ours[at].split("  "), f"training.epochs={epochs}"]
    ours: list[Pair] = []
    theirs: list[Pair] = []
    shipped: list[Pair] = []
    prepared = prepare(config, both)
    with empty_cache():
        for seed in range(seeds):
            ours.append(run_ours(config, [*given, f"seed={seed}"], clock)[1])
            model = their_model(prepared, trial.theirs[their_at], their_count, seed)
            theirs.append(fit_and_score(model, prepared, clock))
            shipped.append(run_ours(config, [*found.both, f"seed={seed}"], clock)[1])
    mine, other = (fmean(score for score, _ in pairs) for pairs in (ours, theirs))
    regression = prepared.dataset.task == "regression"
    again = median(seconds for _, seconds in ours[1:]) if seeds > 1 else float("nan")
    return [
        name,
        "RMSE" if regression else "%",
        mean_and_spread(ours),
        mean_and_spread(theirs),
        f"{100 * (mine / other - 1):+.2f} %" if regression else f"{mine - other:+.2f} points",
        mean_and_spread(shipped),
        f"{ours[0][1]:.1f}",
        f"{again:.1f}",
        f"{median(seconds for _, seconds in theirs):.1f}",
        f"{epochs}, {their_count}",
    ]


def main() -> int:
    """Always 0: who scores better is what the table tells."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"of {', '.join(TRIALS)}; default: all")
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder of the sets that are not shipped")
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help="0 to N-1 (default: 5)")
    parser.add_argument("--search", action="store_true", help="try all settings again, instead of CHOSEN")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.sets if name not in TRIALS]:
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(TRIALS)}")
    if arguments.seeds < 1:
        parser.error("--seeds must be at least 1")

    table = []
    with threadpool_limits(limits=1), tempfile.TemporaryDirectory() as folder:
        for name in arguments.sets or TRIALS:
            if SETS[name] and arguments.data is None:
                print(f"{name}: left out, it is not shipped (--data DIR)", file=sys.stderr)
                continue
            found = files(name, arguments.data, Path(folder))
            if arguments.search:
                print(f'CHOSEN: "{name}": {search(name, found, Path(folder))},', flush=True)
            else:
                table.append(row(name, found, arguments.seeds))
    if table:
        print_table(HEADER, table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
