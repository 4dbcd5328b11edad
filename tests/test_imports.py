"""Imports point only to earlier stages, and nothing heavy is imported before it is needed."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import mlpcli

PACKAGE = Path(mlpcli.__file__).parent
STAGES = (
    "wording errors version registry config data graph ops nn grad optim plan execute engine runs scoring "
    "problem training predict diagnose experiments api cli __main__"
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


def test_rich_is_imported_by_one_file_only():
    importing = {
        file.name
        for file in FILES
        for node in imports_in(file)
        if (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "rich")
        or (isinstance(node, ast.Import) and any(a.name.split(".")[0] == "rich" for a in node.names))
    }
    assert importing == {"train_view.py"}
