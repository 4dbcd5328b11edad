"""Timing a training."""

from __future__ import annotations

import time

from contestants.work import BATCHES, Training

LONG_ENOUGH = 0.2
"""Seconds of a run: against this, the clock and what happens once per run are nothing."""


def microseconds(training: Training, epochs: int) -> float:
    """Of one step, in a run of so many epochs."""
    start = time.perf_counter()
    training.run(epochs)
    return (time.perf_counter() - start) / (epochs * BATCHES) * 1e6


def enough_epochs(training: Training, seconds: float = LONG_ENOUGH) -> int:
    """For a run that is so long. The first run, which may compile, is not looked at."""
    training.run(1)
    epochs = 1
    while (taken := microseconds(training, epochs) * epochs * BATCHES / 1e6) < seconds:
        # A short run says little about a long one, hence in strides.
        epochs = max(2 * epochs, min(100 * epochs, int(1.2 * epochs * seconds / taken)))
    return epochs
