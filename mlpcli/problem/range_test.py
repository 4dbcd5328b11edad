"""The curve of a learning-rate range test, and the rate it suggests; training/range_test.py makes it."""

from __future__ import annotations

from dataclasses import dataclass

LOWEST = 1e-6
"""The lowest rate that is tried."""
BELOW = 10.0
"""The chosen rate is that many times below the one of the lowest loss, from where the loss rises."""


@dataclass(frozen=True)
class RangeTest:
    """rates: as tried. losses: on the same rows, each after the step at this rate."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]

    @property
    def chosen(self) -> float:
        """A tenth of the rate with the lowest loss, in two digits.

        Where the loss never falls, that is the lowest rate that was tried.
        """
        if not self.rates:  # no loss was a number: no rate will do
            return LOWEST
        lowest = min(range(len(self.rates)), key=lambda at: self.losses[at])
        return float(f"{max(self.rates[lowest] / BELOW, LOWEST):.2g}")
