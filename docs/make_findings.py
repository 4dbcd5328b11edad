"""Write docs/findings/: a page per rule of mlpcli/diagnose/rules, and an index. `make docs` runs it."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path
from typing import NamedTuple

from mlpcli.diagnose.ranking import rules_of
from mlpcli.diagnose.rule import KINDS, Rule
from mlpcli.diagnose.rules import RULES

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "findings"
GALLERY = ROOT / "tests" / "gallery"
KIND_TITLES = {
    "graph": "Facts of the graph",
    "data": "The data",
    "start": "The first forward and backward pass",
    "trial": "A short training",
    "symptom": "Symptoms, each of which has one of the above as its cause",
}
SECTIONS = ("What is measured:", "Threshold:", "Source:")
PARTS = re.compile(r"(.+?)\.\n\n(.+)\n\n" + r"\n".join(rf"{section} (.+)" for section in SECTIONS), re.DOTALL)
"""The docstring of a rule: a title, a text, and the sections."""
MADE = "<!-- Made by `make docs` from mlpcli/diagnose/rules: change it there. -->"


def pages() -> dict[str, str]:
    """Map file names to the text of everything that belongs into the folder."""
    return {f"{name}.md": page(name, rule) for name, rule in RULES.items()} | {"README.md": index()}


class Docstring(NamedTuple):
    """The parts of a rule's docstring. text: why it is a problem, Markdown."""

    title: str
    text: str
    measured: str
    threshold: str
    source: str


def docstring(rule: Rule | type[Rule]) -> Docstring:
    """Take a rule's docstring apart. Raises ValueError, with the rule's name, where a part is missing."""
    parts = PARTS.fullmatch(inspect.getdoc(rule) or "")
    if parts is None:
        raise ValueError(f"the docstring of {rule} is not a title, a text and {', '.join(SECTIONS)}")
    return Docstring(*(part.strip() for part in parts.groups()))


def page(name: str, rule: Rule | type[Rule]) -> str:
    """Write the page of one rule: its docstring as text and table, and an example."""
    said = docstring(rule)
    when = "always" if rule.exact or rule.always else "only for networks that do not learn"
    exact = "yes: true or false, without a threshold" if rule.exact else "no"
    blocks = [
        f"# {said.title}",
        MADE,
        f"`{name}`, checked {when}.",
        said.text,
        "\n".join(
            [
                "| | |",
                "|---|---|",
                f"| what is measured | {cell(said.measured)} |",
                f"| threshold | {cell(said.threshold)} |",
                f"| exact | {exact} |",
                f"| source | {cell(said.source)} |",
            ]
        ),
    ]
    if rule.explains:
        known = [f"[{each}]({each}.md)" if each in RULES else each for each in sorted(rule.explains)]
        blocks.append(f"Explains, where both are found: {', '.join(known)}.")
    sick = next(iter(sorted((GALLERY / name).glob("*.sick.yaml"))), None)
    if sick is not None:
        blocks += example(sick)
    blocks.append("[All findings](README.md) · [mlp gradcheck](../gradcheck.md)")
    return "\n\n".join(blocks) + "\n"


def example(sick: Path) -> Iterator[str]:
    """Yield blocks about a config of the gallery that has the problem, and what its healthy twin has."""
    text = sick.read_text(encoding="utf-8")
    yield f"## An example\n\n`tests/gallery/{sick.parent.name}/{sick.name}` has it:"
    yield f"```yaml\n{text.strip()}\n```"
    twin = sick.with_name(sick.name.replace(".sick.", ".twin."))
    if twin.exists():
        healthy = twin.read_text(encoding="utf-8")
        diff = list(unified_diff(text.splitlines(), healthy.splitlines(), lineterm="", n=0))
        changed = [line for line in diff[2:] if not line.startswith("@@")]
        yield "Its twin is healthy:\n\n```diff\n" + "\n".join(changed) + "\n```"


def index() -> str:
    """Write the table of all rules, in the order in which they are checked."""
    blocks = [
        "# What `mlp gradcheck` finds",
        MADE,
        "A page per known problem. How to read findings: [mlp gradcheck](../gradcheck.md). Causes are looked "
        "for in the order of this page; a finding that another one explains is shown below it.",
    ]
    for kind in KINDS:
        lines = [
            f"| [{name}]({name}.md) | {cell(said.title)} | {cell(said.threshold)} |"
            for name, said in ((name, docstring(rule)) for name, rule in rules_of(kind).items())
        ]
        blocks.append(
            "\n".join(
                [f"## {KIND_TITLES[kind]}", "", "| rule | problem | threshold |", "|---|---|---|", *lines]
            )
        )
    return "\n\n".join(blocks) + "\n"


def cell(text: str) -> str:
    """Make text fit into a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def main() -> int:
    FOLDER.mkdir(exist_ok=True)
    wanted = pages()
    for old in FOLDER.glob("*.md"):
        if old.name not in wanted:
            old.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"{len(wanted)} pages in {FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
