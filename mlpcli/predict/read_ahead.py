"""Reading on one core while another one computes."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from queue import SimpleQueue
from threading import Event, Semaphore, Thread
from typing import TypeVar, cast

from mlpcli.data.progress import Progress, chunks_with_progress
from mlpcli.data.reader import Reader
from mlpcli.data.table import Table

Item = TypeVar("Item")
AHEAD = 2
"""Items that are made before they are asked for; so many more are held at once."""


def pieces_of(reader: Reader, rows: int, progress: Progress | None = None) -> Generator[Table, None, None]:
    """Yield the tables of a reader, of at most `rows` rows; a thread reads ahead in a file that is all there.

    In a pipe nothing is read before it is asked for: what came through it is answered, and an interrupt or a
    reader that has gone is noticed, before more is waited for. progress: is told how far the file is read.
    """
    report = progress or (lambda rows, done, total: None)
    tables = chunks_with_progress(reader, rows, report)
    with closing(tables if reader.source.stored_size is None else read_ahead(tables)) as pieces:
        yield from pieces


def read_ahead(items: Generator[Item, None, None]) -> Generator[Item, None, None]:
    """Yield the items in order, while a thread makes the next ones; an error comes after those before it.

    The thread ends with the generator, or when it is closed, as soon as it has made the item at hand: what
    may wait for long, as a pipe does, is not to be read so.
    """
    made: SimpleQueue[tuple[str, Item | BaseException | None]] = SimpleQueue()
    room, stopped = Semaphore(AHEAD), Event()

    def make() -> None:
        try:
            while room.acquire() and not stopped.is_set():
                made.put(("item", next(items)))
        except StopIteration:
            made.put(("end", None))
        except BaseException as error:  # raised again where the items are used
            made.put(("error", error))

    thread = Thread(target=make, name="reading ahead", daemon=True)
    thread.start()
    try:
        while True:
            kind, item = made.get()
            if kind == "error":
                raise cast(BaseException, item)
            if kind == "end":
                return
            room.release()
            yield cast(Item, item)
    finally:
        stopped.set()
        room.release()
        thread.join()
        items.close()
