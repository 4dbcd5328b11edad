"""Writes docs/findings/: a page per rule of mlpcli/diagnose/rules, and an index. `make docs` runs it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

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
    "symptom": "Symptoms, which have one of the above as their cause",
}
MADE = "<!-- Made by `make docs` from mlpcli/diagnose/rules: change it there. -->"


def pages() -> dict[str, str]:
    """File name -> text of everything that belongs into the folder."""
    return {f"{name}.md": page(name, rule) for name, rule in RULES.items()} | {"README.md": index()}


def page(name: str, rule: Rule) -> str:
    """What one rule looks at, and an example."""
    when = "always" if rule.exact or rule.always else "only about networks that do not learn"
    exact = "yes: true or false, without a threshold" if rule.exact else "no"
    blocks = [
        f"# {rule.title}",
        MADE,
        f"`{name}`, asked {when}.",
        rule.text.strip(),
        "\n".join(
            [
                "| | |",
                "|---|---|",
                f"| what is measured | {cell(rule.statistic)} |",
                f"| threshold | {cell(rule.threshold)} |",
                f"| exact | {exact} |",
                f"| source | {cell(rule.source)} |",
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
    """A config of the gallery that has the problem, and what its healthy twin has instead."""
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
    """A table of all rules, in the order in which they are asked."""
    blocks = [
        "# What `mlp gradcheck` finds",
        MADE,
        "A page per known problem. How to read them: [mlp gradcheck](../gradcheck.md). Causes are looked for "
        "in the order of this page; what another finding explains is told below that one.",
    ]
    for kind in KINDS:
        lines = [
            f"| [{name}]({name}.md) | {cell(rule.title)} | {cell(rule.threshold)} |"
            for name, rule in rules_of(kind).items()
        ]
        blocks.append(
            "\n".join(
                [f"## {KIND_TITLES[kind]}", "", "| rule | problem | threshold |", "|---|---|---|", *lines]
            )
        )
    return "\n\n".join(blocks) + "\n"


def cell(text: str) -> str:
    """Text for a cell of a Markdown table."""
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
