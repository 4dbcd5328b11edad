"""Words that differ in their digits alone, so that one of them tells how all are written."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_DIGITS = str.maketrans("123456789", "000000000")
_BEFORE = string.ascii_letters + string.punctuation + "\u2212\u2013\u2010\u2011€£¥₹ \u00a0\u202f"
"""Letters and signs that stand before the digits of numbers."""
_BEHIND_LETTER = re.compile(r"[^\W\d_][+\-\u2212.]?[0-9]+")
"""Digits that belong to a letter: those of an exponent, with its sign, and that of m2."""
LINE = "\n"


def group_by_shape(words: Sequence[str]) -> list[Array]:
    """Return the places of words that are written alike, one array of int for each way.

    Words of a group have digits in the same places, and all or none a zero as the first one. Digits behind a
    letter, as in an exponent or in m2, are not any digits: words of a group have the same ones.
    """
    text = LINE.join(words)
    shapes = text.translate(_DIGITS).split(LINE)
    if len(shapes) != len(words):  # a word has a line break in it
        shapes = [word.translate(_DIGITS) for word in words]
    lettered = {shape for shape in set(shapes) if _BEHIND_LETTER.search(shape)}
    places: dict[str | tuple[str, ...], list[int]] = {}
    for at, (word, shape) in enumerate(zip(words, shapes, strict=True)):
        first = word.lstrip(_BEFORE)[:1]
        own = _BEHIND_LETTER.findall(word) if shape in lettered else ()
        key = (shape, first if first == "0" else "", *own) if first in string.digits else word
        found = places.get(key)
        if found is None:
            places[key] = [at]
        else:
            found.append(at)
    return [np.array(each) for each in places.values()]
