"""Words that stand for no value: those of pandas, R, Excel, SQL, SAS and Python, and those of a config.

Most of them say so in any column. Some, as `none` and `unknown`, are sensible levels of a category (no
garage, unknown job): there they stay levels, and stand for no value only among numbers and dates. Beside yes
and no, `unknown` is a third answer, which makes a category of three levels; `None` is what Python writes for
no value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mlpcli.data.column import plain_number
from mlpcli.data.schema.column_schema import ColumnSchema

_ALWAYS = """
    ? ?? ??? . .. ... … - -- --- – — _ * ** na n/a n.a n.a. n\\a #na #n/a #n/a! n/d null (null) <null>
    [null] \\n nan -nan <nan> nat <na> (na) [na] 1.#ind -1.#ind 1.#qnan -1.#qnan #div/0! #value! #ref!
    #num! #name? #null! #error! #err! #getting_data #spill! #calc! #missing! (missing) (blank) (empty)
    <missing> <none> pd.na
    #nv #wert! #zahl! #bezug! #n/d #valeur! #nombre! #nom? #¡valor! #¡div/0! #¡num! #¡ref! #¿nombre?
    #valore! #rif! #nome?
"""
ALWAYS = frozenset(_ALWAYS.split())
"""Words that stand for no value in a column of any kind, in any case of letters."""

NULLS = frozenset({"none", "nil"})
"""Words that do so in a column of anything but categories."""

_ANSWERS = """
    unknown, missing, undefined, unspecified, blank, empty, void, unk, tbd, tba, not available,
    not applicable, not known, no data, not a number, unbekannt, keine angabe, k.a., k. a., fehlt, inconnu,
    desconocido, desconhecido, sconosciuto, onbekend, bilinmiyor
"""
ANSWERS = frozenset(word.strip() for word in _ANSWERS.split(","))
"""Words that do so only where the other cells are numbers or dates; else they are levels."""


def says_nothing(cell: str) -> bool:
    """Tell whether a cell is empty, or a word that stands for no value in a column of any kind."""
    return not cell or cell.lower() in ALWAYS


CATEGORIES, TRUTHS, NUMBERS = "categories", "truth values", "numbers"
"""What the other cells of a column are, of which it depends which words stand for no value."""


@dataclass(frozen=True, kw_only=True)
class MissingRule:
    """What stands for no value in a column.

    words: exactly these, in the spelling of the file. numbers: the numbers that do. usual: whether the usual
    words do so too, in any case of letters.
    """

    words: frozenset[str] = frozenset()
    numbers: tuple[float, ...] = ()
    usual: bool = True

    def has(self, word: str, among: str = NUMBERS) -> bool:
        """Tell whether a word, which is not empty, stands for no value among such cells."""
        if word in self.words:
            return True
        if not self.usual:
            return False
        lower = word.lower()
        if lower in ALWAYS:
            return True
        return (among != CATEGORIES and lower in NULLS) or (among == NUMBERS and lower in ANSWERS)


USUAL = MissingRule()
"""What stands for no value where the config does not say."""


_USUAL_WORDS = ALWAYS | NULLS | ANSWERS


def missing_places(words: Sequence[str], rule: MissingRule, among: str = NUMBERS) -> list[int]:
    """Return the places of words that stand for no value among such cells."""
    known = _USUAL_WORDS if rule.usual else frozenset()
    return [
        at
        for at, word in enumerate(words)
        if (word.lower() in known or word in rule.words) and rule.has(word, among)
    ]


def missing_rule(values: Iterable[str] | None) -> MissingRule:
    """Return the rule that a list in a config asks for; None: it asks for nothing.

    Words take the place of the usual ones, and so does an empty list; numbers come on top of them.
    """
    if values is None:
        return USUAL
    given = [value.strip() for value in values]
    numbers = tuple(number for value in given if (number := plain_number(value)) is not None)
    words = frozenset(value for value in given if plain_number(value) is None)
    return MissingRule(words=words - {""}, numbers=numbers, usual=bool(numbers) and not words)


def rule_of(column: ColumnSchema) -> MissingRule:
    """Return the rule by which the cells of a column are read, in the training file and later ones."""
    given = missing_rule(column.missing)
    return MissingRule(words=given.words, numbers=given.numbers, usual=column.usual_missing)
