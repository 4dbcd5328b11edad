"""The memory through which the epoch runner and its machine code hand each other numbers and pointers."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from mlpcli.execute.executor import address


class Slot(IntEnum):
    """Places of an ArgumentBlock, 8 bytes each."""

    EPOCHS = 0
    """Epochs to do at most."""
    ORDER = 1
    """Pointer to the order of the rows (i64 each); null: as they stand."""
    COSTS = 2
    """Pointer to the sums of each output in each epoch, (epochs, outputs) doubles, written."""
    STOP = 3
    """Pointer to a byte: where it is not 0, the batch at hand is the last."""
    NEXT_UINT32 = 4
    """Pointer to the generator's function that draws 32 bits; null: no epoch is shuffled."""
    RANDOM_STATE = 5
    """Pointer that this function is called with."""
    COST_BELOW = 6
    """Mean of the first output (a double) below which an epoch is the last."""
    DONE = 7
    """Epochs that were done, written."""
    BATCHES = 8
    """Batches of the last epoch that were done, written."""
    ARENA = 9
    """Pointer to the step's work memory."""
    PRODUCT = 10
    """Pointer to the function that computes large products."""
    BEGUN = 11
    """Batches of the first epoch that are done already."""
    TOTALS = 12
    """Pointer to their sums, a double for each output."""


FIRST_BUFFER = len(Slot)
"""From here on: a pointer for each argument of the step (for an input, to all its rows), then for each input
one to the memory that a batch is gathered into."""


class ArgumentBlock:
    """An array of 8-byte slots: the one argument of the machine code's function `train`.

    buffers: the pointers from FIRST_BUFFER on.
    """

    def __init__(self, buffers: Sequence[int]) -> None:
        self._slots = np.zeros(FIRST_BUFFER + len(buffers), np.int64)
        self._slots[FIRST_BUFFER:] = buffers

    @property
    def address(self) -> int:
        """The address of the first slot."""
        return address(self._slots)

    def __getitem__(self, slot: Slot) -> int:
        return int(self._slots[slot])

    def __setitem__(self, slot: Slot, value: int) -> None:
        self._slots[slot] = value

    def put_double(self, slot: Slot, value: float) -> None:
        """Write the bits of a double into a slot."""
        self._slots[slot : slot + 1].view(np.float64)[0] = value
