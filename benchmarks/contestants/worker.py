"""A contestant in a process of its own: questions come and answers go as lines of JSON.

    python -m contestants.worker NAME

{"prepare": n}: make the n-th work ready; answers {"cost": of EPOCH, or null}, {"cannot": why} or
{"missing": library}. {"time": n}: run it; answers {"microseconds": of a step}. It ends with its input.
"""

from __future__ import annotations

import json
import os
import sys
import time
from importlib import import_module
from typing import Any

from contestants.timing import enough_epochs, microseconds
from contestants.work import WORKS, CannotError, Training

EPOCH = 5
"""Whose cost is compared: the updates have been at work, and rounding has not grown yet."""


class Worker:
    """One contestant, with the work it is at."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._training: Training | None = None
        self._epochs = 0

    def prepare(self, number: int) -> dict[str, Any]:
        """Compile, run EPOCH epochs, and find how many are long enough."""
        self._training = None  # the last work's memory goes first
        try:
            self._training = import_module(f"contestants.{self._name}").prepare(WORKS[number])
        except ModuleNotFoundError as error:
            return {"missing": error.name}
        except CannotError as error:
            return {"cannot": str(error)}
        cost = self._training.run(EPOCH)
        self._epochs = enough_epochs(self._training)
        return {"cost": cost}

    def time(self) -> dict[str, Any]:
        """One run of the work made ready."""
        assert self._training is not None
        return {"microseconds": microseconds(self._training, self._epochs)}


def rest() -> None:
    """Wait until no thread is at work: those of a BLAS look for more in a loop, and the next one is asked."""
    for _ in range(50):
        before = time.process_time()
        time.sleep(0.02)
        if time.process_time() - before < 0.002:
            return


def serve(name: str) -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints must not come between the answers
    worker = Worker(name)
    for line in sys.stdin:
        question = json.loads(line)
        answer = worker.prepare(question["prepare"]) if "prepare" in question else worker.time()
        rest()
        print(json.dumps(answer), file=answers)


if __name__ == "__main__":
    serve(sys.argv[1])
