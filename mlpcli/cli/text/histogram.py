"""A histogram in one line of letters."""

from __future__ import annotations

import sys
from collections.abc import Sequence

BLOCKS = " ▁▂▃▄▅▆▇█"
ASCII = " .:-=+*%#"
"""Letters for nothing and for eight heights, where the output's encoding has no blocks."""


def histogram(counts: Sequence[int]) -> str:
    """Draw each count as a letter, the tallest full; what is not 0 is never blank."""
    letters = BLOCKS if _has_blocks() else ASCII
    tallest = max(counts, default=0)
    steps = len(letters) - 1
    return "".join(letters[-(-count * steps // tallest)] if count else " " for count in counts)


def _has_blocks() -> bool:
    try:
        BLOCKS.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
