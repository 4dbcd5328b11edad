"""The first row of a text table: whether it names the columns, and what they are called then."""

from __future__ import annotations

from mlpcli.data.csv_dialect import is_number
from mlpcli.data.schema.missing_words import says_nothing

Rows = list[list[str]]


def is_header(first: list[str], below: Rows) -> bool:
    """Tell whether a first row names the columns: it has no number, and looks unlike what is below it."""
    inner = first[1:] if not first[0] and len(first) > 1 else first
    inner = inner[:-1] if len(inner) > 1 and not inner[-1] else inner
    if any(map(is_numeric, inner)):
        # Data frames without names are saved under 0, 1, 2, …
        return len(inner) > 2 and inner == [str(at) for at in range(len(inner))]
    columns = list(zip(*below, strict=True))
    for name, cells in zip(first, columns, strict=False):
        present = [cell for cell in cells if not says_nothing(cell)]
        if present and not says_nothing(name) and all(map(is_numeric, present)):
            return True
    named = len(set(inner)) == len(inner) and not any(map(says_nothing, inner))
    return named and not any(name in cells for name, cells in zip(first, columns, strict=False) if name)


def is_numeric(cell: str) -> bool:
    """Tell whether a cell holds a number, with a point or a decimal comma: 7,4 is no name either."""
    return is_number(cell) or is_number(cell.replace(",", ".", 1))


def are_row_names(cells: list[str]) -> bool:
    """Tell whether cells are what R writes before a row: its number, or a text of its own."""
    if len(set(cells)) < len(cells) or not all(cells):
        return False
    if all(cell.isdecimal() for cell in cells):
        numbers = list(map(int, cells))
        return numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    return not any(map(is_numeric, cells))


def are_row_numbers(cells: list[str]) -> bool:
    """Tell whether cells under an empty name tell rows apart: whole numbers, or texts that differ."""
    if all(cell.isdecimal() for cell in cells):
        return True
    return len(set(cells)) == len(cells)
