"""Words that the messages of every stage need: counted nouns, and lists that stay short."""

from __future__ import annotations

from collections.abc import Iterable

MOST = 8
"""Words of a list that are shown, unless told otherwise."""
LONGEST = 60
"""Letters of a word in a list; of a longer one the middle is left out."""


def plural(count: int, word: str) -> str:
    """Count a noun: 1 row, 2 rows, 3 classes, 4 batches, 5 remedies."""
    if count == 1:
        return f"1 {word}"
    ending = (
        word[:-1] + "ies" if word.endswith("dy") else word + ("es" if word.endswith(("s", "tch")) else "s")
    )
    return f"{count:,} {ending}"


def listed(words: Iterable[str], most: int = MOST) -> str:
    """Join words by commas; of many, the first ones and the number of the others: a, b and 19,990 more."""
    every = [shortened(printable(word), LONGEST) for word in words]
    # To say "and 1 more" takes as much room as the word itself.
    if len(every) <= most + 1:
        return ", ".join(every)
    return f"{', '.join(every[:most])} and {len(every) - most:,} more"


def printable(text: str) -> str:
    """Escape what would break a line, or turn its direction: line breaks and control characters."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text
    )


def shortened(word: str, most: int) -> str:
    """Leave out the end of a text of several words, or the middle of one word, beyond `most` letters.

    most: 3 at least. A number among other words stays whole.
    """
    if len(word) <= most:
        return word
    start = word[: most - 1].rpartition(" ")[0].rstrip(" ,;:")
    if 2 * len(start) >= most:
        return f"{start} …"
    end = (most - 1) // 3
    return f"{word[: most - 1 - end]}…{word[len(word) - end :]}"


def told_apart(*values: float, digits: int = 4) -> tuple[str, ...]:
    """Write numbers with so many digits, and with more where different numbers would look the same."""
    wanted = len({f"{value + 0.0:.17g}" for value in values})  # as text, for NaN is not equal to itself
    for count in range(digits, 18):
        shown = tuple(f"{value:.{count}g}" for value in values)
        if len(set(shown)) >= wanted:
            break
    return shown


def percent(share: float) -> str:
    """Write a share in percent; 100 % and 0 % are said only of what is all or nothing."""
    for digits in range(8):
        shown = f"{share:.{digits}%}"
        if share in (0.0, 1.0) or float(shown[:-1]) not in (0.0, 100.0):
            break
    return shown


def part_of(count: int, whole: int, word: str) -> str:
    """Say how many of a whole: 2 of 3 units, or the only unit."""
    return f"the only {word}" if whole == 1 and count == 1 else f"{count:,} of {plural(whole, word)}"


def all_of(whole: int, word: str) -> str:
    """Say that it is all: all 3 units, or the only unit."""
    return f"the only {word}" if whole == 1 else f"all {plural(whole, word)}"
