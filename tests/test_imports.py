"""Imports point only to earlier stages, and nothing heavy is imported before it is needed."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import mlpcli

PACKAGE = Path(mlpcli.__file__).parent
STAGES = (
    "wording errors version cache_folder registry config data graph ops nn grad optim plan execute engine "
    "runs scoring problem training predict diagnose experiments api cli __main__"
).split()
FILES = sorted(PACKAGE.rglob("*.py"))


def stage_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


@cache
def imports_in(file: Path) -> list[ast.Import | ast.ImportFrom]:
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    return [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]


def imported_modules(file: Path) -> list[str]:
    found = []
    for node in imports_in(file):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        else:
            assert node.level == 0, f"{file}: relative import"
            found.append(node.module or "")
    return [name for name in found if name.split(".")[0] == "mlpcli"]


def test_imports_point_to_earlier_stages():
    wrong = []
    for file in FILES:
        module = ".".join(("mlpcli", *file.relative_to(PACKAGE).with_suffix("").parts))
        stage = stage_of(module)
        if file == PACKAGE / "__init__.py":
            continue  # it offers what api.py does, lazily
        for imported in imported_modules(file):
            if STAGES.index(stage_of(imported)) > STAGES.index(stage):
                wrong.append(f"{module} imports {imported}")
    assert not wrong, "\n".join(wrong)


def edges(files, only_at_run_time: bool = False) -> set[tuple[str, str]]:
    """Every import of a module of the package: (module, imported module)."""
    found = set()
    for file in files:
        module = ".".join(("mlpcli", *file.relative_to(PACKAGE).with_suffix("").parts))
        hints = hint_imports(file) if only_at_run_time else set()
        found |= {(module, other) for other in imported_modules(file) if other not in hints}
    return found


def hint_imports(file: Path) -> set[str]:
    """The modules that are imported under `if TYPE_CHECKING` only."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    blocks = [n for n in ast.walk(tree) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.unparse(n.test)]
    hidden = [n for block in blocks for n in ast.walk(block) if isinstance(n, ast.ImportFrom)]
    shown = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n not in hidden]
    return {n.module for n in hidden} - {n.module for n in shown}


def circles(arrows: set[tuple[str, str]]) -> set[str]:
    """The names from which following arrows leads back to themselves."""
    after = {name: {other for one, other in arrows if one == name} for name, _ in arrows}
    found = set()
    for name in after:
        seen, new = set(), after[name]
        while new:
            seen |= new
            new = {other for each in new for other in after.get(each, ())} - seen
        if name in seen:
            found.add(name)
    return found


def room_of(module: str, depth: int = 1) -> str:
    """The folder or file that a module lies in, so many folders below the package."""
    return ".".join(module.split(".")[1 : depth + 1])


def test_there_are_no_circles_between_rooms():
    arrows = {(room_of(one), room_of(other)) for one, other in edges(FILES) if room_of(one) != "__init__"}
    assert circles({(one, other) for one, other in arrows if one != other}) == set()


SUBFOLDERS = {f"{file.parent.parent.relative_to(PACKAGE)}" for file in PACKAGE.glob("*/*/__init__.py")}
ENTANGLED = {"diagnose"}
"""Rooms whose folders still need each other in both directions."""


@pytest.mark.parametrize("room", sorted(SUBFOLDERS))
def test_there_are_no_circles_between_the_folders_of_a_room(room):
    """Files beside the folders are left out: they are the doors of the room, and its basis."""
    folders = {f"{room}.{file.parent.name}" for file in PACKAGE.glob(f"{room}/*/__init__.py")}
    arrows = {(room_of(one, 2), room_of(other, 2)) for one, other in edges(FILES, only_at_run_time=True)}
    inner = {(one, other) for one, other in arrows if {one, other} <= folders and one != other}
    assert bool(circles(inner)) == (room in ENTANGLED), sorted(inner)


PLAIN = {"wording", "errors", "version", "registry", "runs.json_file"}
"""What `cli` may import beside itself and `api`: words, errors, names and how JSON is written."""


@pytest.mark.parametrize(
    "file", sorted(PACKAGE.glob("cli/**/*.py")), ids=lambda f: str(f.relative_to(PACKAGE))
)
def test_the_command_line_imports_nothing_deeper_than_the_front_door(file):
    """Type hints name what `api` returns, and so its modules; nothing is imported for them at run time."""
    for _, imported in edges([file], only_at_run_time=True):
        room = imported.removeprefix("mlpcli.")
        assert room.split(".")[0] in ("cli", "api") or room in PLAIN, imported


def test_views_and_texts_do_not_pull_in_the_engine():
    loaded = modules_after("import mlpcli.api, mlpcli.cli.views.train_view, mlpcli.cli.text.gradcheck")
    engine = set(STAGES[STAGES.index("graph") : STAGES.index("api")]) - {"runs"}
    assert not {room_of(name) for name in loaded if name.startswith("mlpcli.")} & engine


def test_the_walk_finds_the_package():
    assert len(FILES) > 60
    assert any(imported_modules(file) for file in FILES)


def modules_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_help_imports_nothing_heavy():
    code = (
        "from mlpcli.cli.main import cli\n"
        "try:\n    cli(['--help'])\nexcept SystemExit as end:\n    assert end.code == 0\n"
    )
    loaded = modules_after(code)
    assert "click" in loaded
    assert not loaded & {"numpy", "yaml", "rich", "mlpcli.problem", "mlpcli.config", "dataclasses.numpy"}


def test_the_package_itself_is_light():
    assert not modules_after("import mlpcli") & {"numpy", "yaml", "rich", "click"}


def test_rich_is_imported_by_the_two_bars_only():
    importing = {
        file.name
        for file in FILES
        for node in imports_in(file)
        if (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "rich")
        or (isinstance(node, ast.Import) and any(a.name.split(".")[0] == "rich" for a in node.names))
    }
    assert importing == {"train_view.py", "progress_view.py"}
