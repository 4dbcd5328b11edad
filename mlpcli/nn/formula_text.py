"""The text of a formula becomes Python's own syntax tree, once its signs are known to be harmless ones."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterator

from mlpcli.config.scalars import shorten
from mlpcli.errors import SettingError

LONGEST = 1000
"""Signs that a formula may have."""
MOST_TOKENS = 300
"""Numbers, names and signs that a formula may have: they bound its graph, and how deep it can nest."""
DEEPEST = 20
"""Brackets within brackets that a formula may have."""
MOST_SHOWN = 48
"""Signs of a formula in the description of a network."""
TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<number>(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>\*\*|[<>=!]=|[-+*/(),<>])",
    re.ASCII,
)
SIGNS = "A formula is made of numbers, names, + - * / ** ( ) , and comparisons."
INSTEAD = {
    "^": "Write ** for powers: x**2.",
    "²": "Write **2.",
    "³": "Write **3.",
    "×": "Write *.",
    "·": "Write *.",
    "−": "Write -.",
    "÷": "Write /.",
    "|": "Write abs(x).",
    "π": "Write pi.",
    "σ": "Write sigmoid(x).",
    "√": "Write sqrt(x).",
    "≤": "Write <=.",
    "≥": "Write >=.",
    "[": "Write round brackets.",
    "{": "Write round brackets.",
    "%": "Write a share as a number: 0.05.",
}
"""What people write in other places, and how it is written here."""


def syntax_tree(text: object, key: str = "formula") -> ast.expr:
    """Return the tree of an expression; positions are counted in one_line(text).

    Raises SettingError with the column.
    """
    if not isinstance(text, str):
        raise SettingError(key, f"A formula is a text, not {type(text).__name__}.")
    if len(text) > LONGEST:
        raise SettingError(
            key, f"The formula has {len(text):,} signs; {LONGEST:,} are allowed.", "Shorten it."
        )
    text = one_line(text)
    if not text:
        raise SettingError(key, "The formula is empty.", "Write one, such as x * sigmoid(x).")
    for column, what, remedy in _faults(text):
        raise at(key, column, what, remedy)
    # No sign is left that could be anything but arithmetic; parsing alone evaluates nothing.
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        column = min(max(error.offset or 1, 1), len(text))
        what = "something is missing here, or too much."
        raise at(key, column, what, "Check operators and brackets around it.") from None
    except (ValueError, MemoryError, RecursionError):
        raise SettingError(
            key, "The formula is nested too deeply.", "Write it with fewer brackets."
        ) from None


def one_line(text: str) -> str:
    """Return a formula, which may be written over several lines of YAML, in one line."""
    return re.sub(r"\s", " ", text).strip()


def at(key: str, column: int, what: str, remedy: str = "") -> SettingError:
    """Return a fault at a column, counted from 1."""
    return SettingError(key, f"Column {column} of the formula: {what}", remedy)


def shown(text: str) -> str:
    """Return a formula in brackets and shortened, for a description of a network in a line."""
    return f"({shorten(one_line(text), MOST_SHOWN)})"


def _faults(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield signs that no formula has, and brackets that do not match: (column, fault, remedy)."""
    opened: list[int] = []
    position = tokens = 0
    before = ""
    while position < len(text):
        found = TOKEN.match(text, position)
        column = position + 1
        if found is None:
            sign = text[position]
            shown = repr(sign) if sign.isprintable() else ascii(sign)
            yield column, f"the sign {shown} is not allowed.", INSTEAD.get(sign, SIGNS)
            return
        word = found.group()
        kind = next(k for k in ("space", "number", "name", "sign") if found.group(k) is not None)
        if kind == "name" and keyword.iskeyword(word):
            yield column, f"{word!r} is not allowed.", "For cases there is where(condition, a, b)."
        # 2x and 2(x) are what people write by hand; Python's message would not say what is missing.
        if before == "number" and (kind == "name" or word == "("):
            yield column, "there is no operator between the number and this.", "Write * to multiply: 2 * x."
        opened += [column] * (word == "(")
        if word == ")" and not opened:
            yield column, "this bracket closes none.", "Remove it, or open one."
        elif word == ")":
            opened.pop()
        if len(opened) > DEEPEST:
            yield column, f"brackets are nested more than {DEEPEST} deep.", "Write it with fewer brackets."
        tokens += kind != "space"
        if tokens > MOST_TOKENS:
            what = f"the formula has more than {MOST_TOKENS} numbers, names and signs."
            yield column, what, "Shorten it."
        position = found.end()
        before = "operator" if kind == "sign" and word != ")" else kind
    if opened:
        quotes = 'Close it. In YAML, a formula with commas needs quotes: "max(0, x)".'
        yield opened[-1], "this bracket is not closed.", quotes
    if before == "operator":
        yield len(text), "something has to follow this.", "Write what it is applied to."
