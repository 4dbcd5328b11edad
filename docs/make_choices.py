"""Writes the lists of names in docs/config.md from the folders of choices. `make docs` runs it.

A list stands between `<!-- made: NAME -->` and `<!-- end -->`. Names, settings and defaults are those of the
classes; the last column of a table is written by hand, and begins as the first paragraph of the docstring.
"""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from mlpcli.data.formats import FORMATS
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.initializers import INITIALIZERS
from mlpcli.optim.optimizer import Optimizer, StepOptimizer
from mlpcli.optim.optimizers import OPTIMIZERS

PAGE = Path(__file__).parent / "config.md"
SHARED = {field.name for field in (*fields(Optimizer), *fields(StepOptimizer))}
"""Settings of every optimiser, which have rows of their own in the first table of the page."""
WIDTH = 115
BAR = "\\|"
"""A vertical bar in a cell of a Markdown table."""


def made(page: str) -> str:
    """Return the page with its lists made anew."""
    for name, write in LISTS.items():
        pattern = re.compile(rf"(<!-- made: {name} -->\n)(.*?)(<!-- end -->)", re.DOTALL)
        if not pattern.search(page):
            raise ValueError(f"{PAGE.name} has no list `<!-- made: {name} -->` … `<!-- end -->`")
        page = pattern.sub(lambda found, write=write: found[1] + write(found[2]) + found[3], page)
    return page


def sentence(table: Mapping[str, type], leave_out: tuple[str, ...] = (), end: str = ".") -> str:
    """Return the names of a table in one sentence, each with its settings and their defaults in brackets."""
    names = [f"`{name}`{bracketed(settings(table[name]))}" for name in table if name not in leave_out]
    text = ", ".join(names) + end
    return "\n".join(textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)) + "\n"


def bracketed(defaults: dict[str, str]) -> str:
    """Return " (name value, …)", "" for no settings."""
    return f" ({', '.join(f'{key} {value}' for key, value in defaults.items())})" if defaults else ""


def optimisers(old: str) -> str:
    """Return the table of optimisers. old: the table so far, whose order and last column are kept."""
    steps = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", old.replace(BAR, "¦"), re.MULTILINE))
    lines = ["| name | `learning_rate` | other keys | step |", "|---|---|---|---|"]
    known = [name for name in steps if name in OPTIMIZERS]
    for name in (*known, *(name for name in OPTIMIZERS if name not in steps)):
        optimizer = OPTIMIZERS[name]
        defaults = settings(optimizer)
        rate = defaults.pop("learning_rate", "none")
        own = ", ".join(f"`{key}` {value}" for key, value in defaults.items() if key not in SHARED)
        step = steps.get(name, first_paragraph(optimizer))
        lines.append(f"| `{name}` | {rate} | {own} | {step} |".replace("|  |", "| |").replace("¦", BAR))
    return "\n".join(lines) + "\n"


def formats(old: str) -> str:
    """Return the table of data formats, from the first sentences of their files."""
    lines = ["| format | |", "|---|---|"]
    for name in FORMATS:
        title = (inspect.getdoc(sys.modules[FORMATS[name].__module__]) or "").split("\n")[0]
        lines.append(f"| `{name}` | {(title.partition(': ')[2] or title).replace('|', BAR)} |")
    return "\n".join(lines) + "\n"


def first_paragraph(choice: type) -> str:
    """Return the first paragraph of a docstring as one line for a cell."""
    return " ".join((inspect.getdoc(choice) or "").split("\n\n")[0].split()).replace("|", BAR)


def settings(choice: Any) -> dict[str, str]:
    """Return key -> default as YAML writes it, of the settings that have one."""
    found = {}
    for field in fields(choice):
        limits = field.metadata.get("limits")
        if field.default not in (MISSING, None):
            found[(limits and limits.spelling) or field.name] = as_yaml(field.default)
    return found


def as_yaml(value: object) -> str:
    """Return a default as a config has it: 1.0 as 1, 0.0001 as 1e-4, False as false."""
    if isinstance(value, float):
        small = 0 < abs(value) < 1e-3
        return re.sub(r"\.?0*e-0*", "e-", f"{value:.9e}") if small else f"{value:.10g}"
    return str(value).lower()


LISTS = {
    "activations": lambda old: sentence(ACTIVATIONS, ("formula",), end="; or a [formula](#formulas)."),
    "initialisations": lambda old: sentence(INITIALIZERS),
    "optimisers": optimisers,
    "formats": formats,
}


def main() -> int:
    PAGE.write_text(made(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"{len(LISTS)} lists in {PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
