"""`repeat`: the same config from several seeds, on all cores, before the best of them is trained and kept."""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from mlpcli.config.differences import said
from mlpcli.config.schema import RepeatConfig
from mlpcli.errors import Fault, ModelFileError, RunFailed
from mlpcli.execute.executor import threads
from mlpcli.optim.optimizer import StepOptimizer
from mlpcli.problem.build import prepare_file, with_overrides
from mlpcli.problem.problem import Problem
from mlpcli.runs.folder import CHECKPOINT, REMEDY, REPEAT, RunFolder
from mlpcli.runs.growing_table import growing, put_in_order
from mlpcli.training.events import BrokenOff, Event, Repeated, SeedDone, SeedsDone, SeedTally
from mlpcli.training.loop import INTERRUPTED, LOST, epochs
from mlpcli.training.part_evaluator import Watched
from mlpcli.training.progress import all_finite
from mlpcli.training.provenance import DATA_FILES
from mlpcli.training.range_test import with_rate
from mlpcli.training.state import Session
from mlpcli.training.trainer import make_training_runner, step_of

SEAL, DIGITS = "sha256", 16
"""The column that tells whether a row is one of this training: the digest's first digits."""
COST_OF_OLD = "validation_cost"
"""The column that tables of earlier versions have: the penalty is in it."""
AGAIN = "Delete it: the seeds are then trained again."


class Lane:
    """Trainings of one network, one after the other, in the same memory and by the same machine code."""

    def __init__(self, prepared: Problem) -> None:
        self._prepared, self._step = prepared, step_of(prepared)
        rows = prepared.rows(prepared.dataset.training)
        self._rows = {name: np.array(array) for name, array in rows.items()}
        self._state = Session.begin(prepared, self._step).state
        self._runner = make_training_runner(prepared, self._step, self._state, self._rows)
        dataset = prepared.dataset
        self._parts = ["validation" if dataset.validation else "training"]
        self._parts += ["test"] if dataset.test else []
        self._watched = [Watched(prepared, name, getattr(dataset, name), self._state) for name in self._parts]

    def takes(self, prepared: Problem) -> bool:
        """Whether it is a training of this network, on as many rows."""
        # The runner of an optimiser that goes by all rows has them in it.
        return prepared is self._prepared or (
            isinstance(prepared.optimizer, StepOptimizer) and _made_of(prepared) == _made_of(self._prepared)
        )

    def train(self, prepared: Problem, interrupted: Callable[[], bool]) -> Repeated | None:
        """From the seed of its config; None where it was interrupted."""
        training, dataset = prepared.config.training, prepared.dataset
        session = Session.begin(prepared, self._step, self._state)
        for name, array in prepared.rows(dataset.training).items():
            self._rows[name][...] = array
        for name, watched in zip(self._parts, self._watched, strict=True):
            watched.look_at(prepared, getattr(dataset, name))
        following, first = dataset.validation is not None, self._watched[0]
        weights = [self._state[name] for name in session.kept.weights]
        for epoch in epochs(
            self._runner,
            self._state,
            training,
            session.rng,
            first.check if following else None,
            interrupted,
            training.epochs,
            first.cost,
            session.progress,
            finite_weights=lambda: all_finite(weights),
        ):
            session.kept.after(epoch)
        if epoch.stopped == INTERRUPTED:
            return None
        kept, settings = session.kept, prepared.config.repeat
        for name, array in kept.weights.items():
            self._state[name][...] = array
        scores: dict[str, float] = {}
        for name, watched in zip(self._parts, self._watched, strict=True):
            scores |= {f"{name}_{score}": value for score, value in watched.scores().items()}
        result = Repeated(
            prepared.config.seed,
            epoch.number,
            math.nan if kept.cost is None else kept.cost,
            kept.record.get("validation_loss"),
            scores,
            epoch.stopped,
            halvings=session.progress.halvings,
        )
        return _judged(result, settings)


def _judged(result: Repeated, settings: RepeatConfig | None) -> Repeated:
    below = settings.cost_below if settings else None
    return result if below is None else replace(result, reached=result.followed < below)


def _made_of(prepared: Problem) -> tuple[Any, ...]:
    """What the memory and the machine code of a training depend on, its config apart from the seed given."""
    data = prepared.dataset
    rows = [None if part is None else part.rows for part in (data.training, data.validation, data.test)]
    return prepared.network.size, data.preparation.width, prepared.optimizer, rows


def with_seed(prepared: Problem, seed: int) -> Problem:
    """What the config with another seed makes; rows that no seed has a part in are not read again."""
    # The text stays: reading it again for every seed would take longer than a short training.
    file = replace(prepared.file, config=replace(prepared.config, seed=seed))
    data = prepared.config.data
    drawn = isinstance(data.validation, float) or isinstance(data.test, float) or data.fold is not None
    if drawn or prepared.config.start_from or prepared.optimizer.automatic:
        return with_rate(prepare_file(file, files=prepared.files))
    return replace(prepared, file=file)


def repeat(
    prepared: Problem,
    folder: RunFolder,
    report: Callable[[Event], None],
    interrupted: Callable[[], bool],
) -> None:
    """Train from all seeds that repeat.csv does not have yet, and make the config that of the best.

    prepared: of the config as given, its learning rate not looked for yet. Raises RunFailed where every cost
    was lost, OutputError where a row cannot be kept, and KeyboardInterrupt where it was
    told to end.
    """
    settings = prepared.config.repeat
    assert settings is not None
    identity = _identity(prepared, folder)
    first, done, tally = _begun(folder, identity, settings.seeds, prepared.config.training.stop.metric)
    place = threading.local()

    def one(seed: int, over: threading.Event) -> Repeated | None:
        def told_to_end() -> bool:
            return over.is_set() or interrupted()

        if told_to_end():
            return None
        mine = with_seed(prepared, seed)
        lane: Lane | None = getattr(place, "lane", None)
        if lane is None or not lane.takes(mine):
            lane = place.lane = Lane(mine)
        return lane.train(mine, told_to_end)

    broken_off = False
    missing = (first + at for at in range(settings.seeds) if not done[at])
    # Closed here, and not whenever it is collected: a second Ctrl-C may come while threads end.
    with growing(folder.path / REPEAT) as table, closing(_in_threads(one, missing)) as ended:
        for result in ended:
            if result is None:
                broken_off = True
                continue
            record = result.as_record()
            table.add({**record, SEAL: _seal(identity, record)})
            tally.add(result)
            report(SeedDone(result, settings.seeds))
    if broken_off:
        report(BrokenOff(folder.path))
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


def _begun(
    folder: RunFolder, identity: str, count: int, metric: str | None
) -> tuple[int, bytearray, SeedTally]:
    """The first seed, which of the `count` from it on are done (one byte each), and what those came to.

    Raises ModelFileError where repeat.csv is not one of this training.
    """
    first = folder.read_summary()["made"]["seed"]
    rows, lowest = 0, first
    for each in seeds_of(folder, identity):
        rows, lowest = rows + 1, min(each.seed, lowest) if rows else each.seed
    if rows == count:
        first = lowest  # with all seeds done the config may be that of the best already
    done, tally = bytearray(count), SeedTally(metric)
    for each in seeds_of(folder):
        at = each.seed - first
        if not 0 <= at < count:
            what = f"It has a seed that is none of {first} to {first + count - 1}: {each.seed}."
            raise ModelFileError(Fault(str(folder.path / REPEAT), what, AGAIN))
        if done[at]:
            what = f"It is damaged: seed {each.seed} stands in it twice."
            raise ModelFileError(Fault(str(folder.path / REPEAT), what, AGAIN))
        done[at] = True
        tally.add(each)
    return first, done, tally


def _in_threads(
    one: Callable[[int, threading.Event], Repeated | None], seeds: Iterator[int]
) -> Generator[Repeated | None, None, None]:
    """Yield results as they are done. Machine code runs outside of Python's lock, so threads are enough.

    After a None, which says that one was interrupted, no more are begun. The event tells those that are under
    way to end, where this is closed before.
    """
    workers, over = threads(), threading.Event()
    pool = ThreadPoolExecutor(workers, "mlp repeat")
    waiting: set[Future[Repeated | None]] = set()
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


def seeds_of(folder: RunFolder, identity: str = "") -> Iterator[Repeated]:
    """Yield what repeat.csv has; nothing where there is none. Raises ModelFileError where it is damaged.

    identity: what the rows have to be results of, where that is to be checked.
    """
    again = AGAIN if not folder.has(CHECKPOINT) else REMEDY
    path = folder.path / REPEAT
    try:
        if folder.has(REPEAT) and not path.stat().st_size:
            raise ValueError("it is empty")
        for row in folder.each_row(REPEAT, again):
            seal = row.pop(SEAL, "")
            if identity and COST_OF_OLD in row:
                raise ValueError("its seeds were judged by the validation cost, as mlp did earlier")
            if identity and seal != _seal(identity, row):
                raise ValueError(f"seed {row['seed']}: the row is not one that this training wrote")
            yield _repeated(row)
    except (LookupError, OSError, TypeError, ValueError) as error:
        raise ModelFileError(Fault(str(path), f"It is damaged: {error}.", again)) from error


def seeds_done(folder: RunFolder) -> SeedsDone | None:
    """What the seeds of repeat.csv came to; None where there are none. Raises ModelFileError."""
    tally = SeedTally()
    for each in seeds_of(folder):
        tally.add(each)
    return tally.done()


def _identity(prepared: Problem, folder: RunFolder) -> str:
    """What all seeds have in common: the config but for its seed and paths, and what was in the files."""
    config, made = prepared.config, folder.read_summary()["made"]
    paths = {key: None for key in DATA_FILES if isinstance(getattr(config.data, key), str)}
    same = replace(
        config,
        data=replace(config.data, **paths, source=None),  # type: ignore[arg-type]
        start_from=made.get("start_from"),
        seed=0,
        executor=prepared.executor.name,
    )
    files = {key: file["sha256"] for key, file in sorted(made["data"].items())}
    return hashlib.sha256(f"{said(same)} {files}".encode()).hexdigest()


def _seal(identity: str, record: Mapping[str, Any]) -> str:
    """Of a row of repeat.csv."""
    cells = {key: "" if value is None else str(value) for key, value in record.items()}
    return hashlib.sha256(f"{identity} {cells}".encode()).hexdigest()[:DIGITS]


def _repeated(row: dict[str, str]) -> Repeated:
    own: dict[str, Any] = dict(row)
    seed, count, cost = int(own.pop("seed")), int(own.pop("epochs")), float(own.pop("cost"))
    old = COST_OF_OLD in own
    validation, stopped, reached = (
        own.pop(key) for key in (COST_OF_OLD if old else "validation_loss", "stopped", "reached")
    )
    halvings = int(own.pop("halvings"))
    scores = {name: float(value) for name, value in own.items()}
    if reached not in ("", "0", "1"):
        raise ValueError(f"{reached!r} says neither that a cost was reached nor that it was not")
    if math.isnan(cost) and stopped not in LOST:
        raise ValueError(f"the cost of seed {seed} is no number")
    return Repeated(
        seed,
        count,
        cost,
        float(validation) if validation else None,
        scores,
        stopped,
        bool(int(reached)) if reached else None,
        halvings,
        old,
    )
