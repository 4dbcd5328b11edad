"""Every room and every path that docs/architecture.md names exists, and no room is left out."""

import re
from pathlib import Path

from test_imports import STAGES

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "mlpcli"
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
ROOMS = [room for room in STAGES if (PACKAGE / room).is_dir()] + ["api"]


def test_every_path_exists():
    named = set(re.findall(r"`([\w/]+/|[\w/]+\.py)`", PAGE)) - {"mlpcli/"}
    assert len(named) > 40
    there = {
        *(PACKAGE / room for room in ("", "execute/native")),  # paths of the text are relative to these
        ROOT,
    }
    missing = [path for path in sorted(named) if not any((base / path).exists() for base in there)]
    assert not missing, f"docs/architecture.md names what does not exist: {missing}"


def test_every_room_has_its_lines_in_the_order_of_the_imports():
    headings = re.findall(r"^### (\w+)$", PAGE, re.MULTILINE)
    assert headings == sorted(ROOMS, key=STAGES.index)


def test_the_picture_has_the_order_that_the_imports_have():
    drawn = re.search(r"^ config → .*?```", PAGE, re.MULTILINE | re.DOTALL).group(0)
    assert re.findall(r"\w+", drawn) == sorted(ROOMS, key=STAGES.index)
