"""The curve of a learning-rate range test, and the rate it suggests; training/range_test.py runs it."""

from __future__ import annotations

from dataclasses import dataclass

LOWEST = 1e-6
"""The lowest rate that is tried."""
BELOW = 10.0
"""How many times the chosen rate is below the one of the lowest loss, beyond which the loss rises."""


@dataclass(frozen=True)
class RangeTest:
    """The curve of a range test. rates: as tried. losses: on the same rows, after the step at each rate."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]

    @property
    def chosen(self) -> float:
        """A tenth of the rate with the lowest loss, in two digits, and no lower than what was tried."""
        if not self.rates:  # no loss was a number: no rate will do
            return LOWEST
        lowest = min(range(len(self.rates)), key=lambda at: self.losses[at])
        return float(f"{max(self.rates[lowest] / BELOW, LOWEST):.2g}")
