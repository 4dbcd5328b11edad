"""`repeat`: the same config from several seeds, on all cores, before the best of them is trained and kept."""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import replace
from itertools import islice

from mlpcli.config.differences import said
from mlpcli.errors import Fault, ModelFileError, RunFailed
from mlpcli.execute.executor import threads
from mlpcli.experiments.seed_tally import SeedTally
from mlpcli.experiments.seed_worker import SeedWorker, with_seed
from mlpcli.problem.build import with_overrides
from mlpcli.problem.problem import Problem
from mlpcli.runs.folder import CHECKPOINT, REPEAT, RunFolder
from mlpcli.runs.growing_table import growing, put_in_order
from mlpcli.runs.records import Provenance
from mlpcli.runs.summary import read_summary, write_summary
from mlpcli.runs.table import REMEDY
from mlpcli.training.events import (
    SEAL,
    VALIDATION_COST,
    Event,
    RunInterrupted,
    SeedDone,
    SeedResult,
    SeedsDone,
)
from mlpcli.training.provenance import DATA_FILES

AGAIN = "Delete it: the seeds are then trained again."


def repeat(
    prepared: Problem,
    folder: RunFolder,
    report: Callable[[Event], None],
    interrupted: Callable[[], bool],
) -> None:
    """Train from all seeds that repeat.csv does not have yet, and make the config that of the best.

    prepared: of the config as given, its learning rate not looked for yet. Raises RunFailed where no cost is
    finite, OutputError where a row cannot be written, ModelFileError where repeat.csv is damaged or of
    another experiment, and KeyboardInterrupt where `interrupted` says yes.
    """
    settings = prepared.config.repeat
    assert settings is not None
    _check_experiment(prepared, folder)
    first, done, tally = _done_before(folder, settings.seeds, prepared.config.training.stop.metric)
    own = threading.local()

    def train_seed(seed: int, over: threading.Event) -> SeedResult | None:
        def told_to_end() -> bool:
            return over.is_set() or interrupted()

        if told_to_end():
            return None
        mine = with_seed(prepared, seed)
        worker: SeedWorker | None = getattr(own, "worker", None)
        if worker is None or not worker.takes(mine):
            worker = own.worker = SeedWorker(mine)
        return worker.train(mine, told_to_end)

    broken_off = False
    missing = (first + at for at in range(settings.seeds) if not done[at])
    # Closed here, and not whenever it is collected: a second Ctrl-C may come while threads end.
    with growing(folder.path / REPEAT) as table, closing(_in_threads(train_seed, missing)) as ended:
        for result in ended:
            if result is None:
                broken_off = True
                continue
            table.add(result.as_record())
            tally.add(result)
            report(SeedDone(result, settings.seeds))
    if broken_off:
        report(RunInterrupted(folder.path))
        raise KeyboardInterrupt
    put_in_order(folder.path / REPEAT)
    over = tally.done(settings.cost_below)
    assert over is not None
    if math.isinf(over.lowest):
        what = f"The cost is not finite with any of the {settings.seeds} seeds."
        raise RunFailed(Fault(str(folder.path), what, "Ask mlp gradcheck, or lower optimiser.learning_rate."))
    if prepared.config.seed != over.best:
        folder.write_config(with_overrides(prepared.file, [f"seed={over.best}"]).text_for(folder.path))
    report(over)


def _check_experiment(prepared: Problem, folder: RunFolder) -> None:
    """Record the experiment in run.json, where no seed is done yet.

    Raises ModelFileError where repeat.csv has seeds of another experiment, or of an earlier mlp.
    """
    summary = read_summary(folder)
    digest, columns = _experiment(prepared, summary["made"]), next(folder.table(REPEAT).rows(AGAIN), {})
    what = ""
    if VALIDATION_COST in columns:
        what = "Its seeds were judged by the validation cost, as mlp did earlier."
    elif SEAL in columns:
        what = "It has a digest in each row, as an earlier mlp wrote it: one table cannot have seeds of both."
    elif folder.has(REPEAT) and summary.get("experiment") != digest:
        what = "Its seeds are not those of this config and these data (the experiment in run.json differs)."
    if what:
        raise ModelFileError(Fault(str(folder.path / REPEAT), what, AGAIN))
    write_summary(folder, {**summary, "experiment": digest})


def _experiment(prepared: Problem, made: Provenance) -> str:
    """Return a digest of what all seeds have in common: the config but for seed and paths, and the data."""
    config = prepared.config
    paths = {key: None for key in DATA_FILES if isinstance(getattr(config.data, key), str)}
    common = replace(
        config,
        data=replace(config.data, **paths, source=None),  # type: ignore[arg-type]
        start_from=made.get("start_from"),
        seed=0,
        executor=prepared.executor.name,
    )
    files = {key: file["sha256"] for key, file in sorted(made["data"].items())}
    return hashlib.sha256(f"{said(common)} {files}".encode()).hexdigest()


def _done_before(folder: RunFolder, count: int, metric: str | None) -> tuple[int, bytearray, SeedTally]:
    """Return the first seed, which of the `count` from it on are done (one byte each), and their tally.

    Raises ModelFileError where repeat.csv is damaged.
    """
    first, rows, lowest = read_summary(folder)["made"]["seed"], 0, 0
    for each in seeds_of(folder):
        rows, lowest = rows + 1, min(each.seed, lowest) if rows else each.seed
    if rows == count:
        first = lowest  # once all seeds are done, run.json may have that of the best
    done, tally = bytearray(count), SeedTally(metric)
    for each in seeds_of(folder):
        at, what = each.seed - first, ""
        if not 0 <= at < count:
            what = f"It has a seed that is none of {first} to {first + count - 1}: {each.seed}."
        elif done[at]:
            what = f"It is damaged: seed {each.seed} stands in it twice."
        if what:
            raise ModelFileError(Fault(str(folder.path / REPEAT), what, AGAIN))
        done[at] = True
        tally.add(each)
    return first, done, tally


def _in_threads(
    one: Callable[[int, threading.Event], SeedResult | None], seeds: Iterator[int]
) -> Generator[SeedResult | None, None, None]:
    """Yield results in order of completion, not of seed.

    Threads are enough, as machine code runs outside of Python's lock.
    After a None, which says that one was interrupted, no more are begun. The event that `one` is given tells
    the seeds under way to end, where the generator is closed before.
    """
    workers, over = threads(), threading.Event()
    pool = ThreadPoolExecutor(workers, "mlp repeat")
    waiting: set[Future[SeedResult | None]] = set()
    going_on = True
    try:
        while going_on or waiting:
            # Two for each thread keep it busy; more would only have to be called off.
            for seed in islice(seeds, 2 * workers - len(waiting) if going_on else 0):
                waiting.add(pool.submit(one, seed, over))
            if not waiting:
                return
            ended, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in ended:
                result = future.result()
                going_on = going_on and result is not None
                yield result
    finally:
        over.set()
        pool.shutdown(cancel_futures=True)


def seeds_of(folder: RunFolder) -> Iterator[SeedResult]:
    """Yield what repeat.csv has, nothing where there is none. Raises ModelFileError where it is damaged."""
    again = AGAIN if not folder.has(CHECKPOINT) else REMEDY
    path, line = folder.path / REPEAT, 1
    try:
        if folder.has(REPEAT) and not path.stat().st_size:
            raise ModelFileError(Fault(str(path), "It is damaged: it is empty.", again))
        for line, row in enumerate(folder.table(REPEAT).rows(again), start=2):  # noqa: B007
            yield SeedResult.from_record(row)
    except (OSError, ValueError) as error:
        raise ModelFileError(Fault(str(path), f"It is damaged: line {line}: {error}.", again)) from error


def seeds_done(folder: RunFolder) -> SeedsDone | None:
    """Return what the seeds of repeat.csv came to; None where there are none. Raises ModelFileError."""
    tally = SeedTally()
    for each in seeds_of(folder):
        tally.add(each)
    return tally.done()
