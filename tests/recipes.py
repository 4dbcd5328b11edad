"""Takes the files and commands out of a page that is written to be followed."""

import re
from pathlib import Path
from typing import NamedTuple

BLOCK = re.compile(
    r"(?:^`(?P<path>[\w./]+)`:\n\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


class Recipe(NamedTuple):
    """One section of the page. files: path -> text. commands: lines of its `sh` blocks."""

    title: str
    files: dict[str, str]
    commands: list[str]


def recipes(page: Path) -> list[Recipe]:
    """Return the sections of a page that have files in them, in order."""
    found = []
    for section in re.split(r"^## ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        blocks = list(BLOCK.finditer(section))
        files = {block["path"]: block["text"] for block in blocks if block["path"]}
        commands = [
            line for block in blocks if block["language"] == "sh" for line in block["text"].splitlines()
        ]
        found.append(Recipe(section.split("\n")[0], files, commands))
    return [recipe for recipe in found if recipe.files]
