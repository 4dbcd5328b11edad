"""What the documentation says is run and compared with the code."""

import importlib.util
import inspect
import re
import shlex
import tomllib
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import get_args, get_type_hints

import click
import pytest
import yaml

from mlpcli import api
from mlpcli.cli.main import cli
from mlpcli.config import schema
from mlpcli.diagnose.rules import RULES
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.initializers import INITIALIZERS
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.normalizations import NORMALIZATIONS
from mlpcli.optim.optimizers import OPTIMIZERS
from mlpcli.optim.schedules import SCHEDULES
from mlpcli.problem.build import prepare

ROOT = Path(__file__).parent.parent
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))


def python_blocks(page):
    return "\n".join(re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.S))


@pytest.mark.parametrize("page", ["docs/engine.md", "docs/api.md", "README.md"])
def test_the_python_of_a_page_runs(page, tmp_path, monkeypatch, capsys):
    for name in ("configs", "datasets"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    exec(compile(python_blocks(page), page, "exec"), {})
    assert capsys.readouterr().out


def test_the_page_shows_the_message_that_is_given(tmp_path, monkeypatch, capsys):
    exec(compile(python_blocks("docs/engine.md"), "engine.md", "exec"), {})
    page = (ROOT / "docs/engine.md").read_text(encoding="utf-8")
    shown = re.search(r"```text\n(error: gradient.*?)```", page, re.S).group(1)
    assert shown.strip() in capsys.readouterr().out


def test_the_engine_brings_what_its_page_names_and_nothing_else():
    brought: dict[str, object] = {}
    exec("from mlpcli.engine import *", brought)
    page = (ROOT / "docs/engine.md").read_text(encoding="utf-8")
    table = page[page.index("## What there is") : page.index("## What it takes care of")]
    documented = set(re.findall(r"`([A-Za-z_0-9]+)`", table)) - {"abs"}  # Python's own
    assert set(brought) - {"__builtins__"} == documented


def test_the_page_of_the_library_has_every_function_with_its_arguments():
    page = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^\| `(\w+)\(([\w, ]*)\)`", page, re.MULTILINE))
    offered = {
        name: ", ".join(inspect.signature(function).parameters)
        for name, function in inspect.getmembers(api, inspect.isfunction)
        if function.__module__ == api.__name__
    }
    assert shown == offered


def keys(section):
    hints = get_type_hints(section)
    for field in fields(section):
        limits = field.metadata.get("limits")
        yield (limits and limits.spelling) or field.name
        for kind in (hints[field.name], *get_args(hints[field.name])):
            if is_dataclass(kind):
                yield from keys(kind)


def test_every_key_and_choice_is_documented():
    page = (ROOT / "docs/config.md").read_text(encoding="utf-8")
    words = set(re.findall(r"[a-z_0-9]+", page))
    wanted = set(keys(schema.Config)) | {*ACTIVATIONS, *INITIALIZERS, *LOSSES, *OPTIMIZERS, *NORMALIZATIONS}
    for name in NORMALIZATIONS:
        wanted |= set(keys(NORMALIZATIONS[name]))
    for name in OPTIMIZERS:
        wanted |= set(keys(OPTIMIZERS[name]))
    for name in SCHEDULES:
        wanted |= {name, *keys(SCHEDULES[name])}
    assert wanted - words == set(), (
        "docs/config.md does not name these: `make docs` adds activations, "
        "initialisations and optimisers; a row for anything else is written by hand"
    )


def test_the_readme_shows_the_config_that_is_shipped():
    shown = re.search(
        r"```yaml\n# configs/iris.yaml\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S
    )
    written = (ROOT / "configs/iris.yaml").read_text(encoding="utf-8")

    def plain(text):
        return [re.sub(r"\s*#.*", "", line) for line in text.splitlines() if re.sub(r"\s*#.*", "", line)]

    assert plain(shown.group(1)) == plain(written)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_config_is_sound(config):
    from mlpcli.config.load import load_config
    from mlpcli.problem.build import CHOICES

    file = load_config(config, (), CHOICES, check_files=False)
    if all(Path(path).exists() for path in file.relative_paths.values()):
        prepared = prepare(config)
        assert prepared.network.size > 0
    else:
        assert "not shipped" in file.text.lower()


def maker(name):
    """The script docs/NAME.py as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_lists_of_names_are_those_that_make_docs_writes():
    page = (ROOT / "docs/config.md").read_text(encoding="utf-8")
    assert page == maker("make_choices").made(page), "run: make docs"


def test_the_pages_of_the_findings_are_those_that_make_docs_writes():
    written = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs/findings").iterdir()}
    assert written == maker("make_findings").pages(), "run: make docs"


def test_every_rule_has_a_page_in_the_index():
    page = (ROOT / "docs/findings/README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| \[(\w+)\]", page, re.M)) == set(RULES)


def mlp_commands():
    """(page, arguments) of every line `mlp …` in a block of shell commands, all commands of our pages."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").glob("*.md")]
    for page in pages:
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.S):
            for line in block.splitlines():
                if line.startswith("mlp "):
                    yield page.name, shlex.split(re.split(r"\s[#|]", line)[0])[1:]


@pytest.mark.parametrize(("page", "arguments"), list(mlp_commands()))
def test_a_command_of_a_page_has_a_name_and_options_that_there_are(page, arguments):
    name, *rest = arguments
    command = cli.get_command(click.Context(cli), name)
    assert command is not None, f"{page}: mlp {name}"
    command.make_parser(click.Context(command)).parse_args(rest)


def test_the_hooks_run_what_make_check_runs_and_fetch_nothing():
    checks = (ROOT / "Makefile").read_text(encoding="utf-8").replace("$(BIN)", ".venv/bin")
    repositories = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert [repository["repo"] for repository in repositories] == ["local"]
    for hook in repositories[0]["hooks"]:
        program, _, options = hook["entry"].partition(" --")
        assert re.search(rf"{re.escape(program)}.* --{re.escape(options)}", checks), hook["id"]


def advised_installs():
    """(file, what `pip install` is told to install there), for all that users read."""
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "benchmarks").glob("*.*")]
    for path in [*pages, *(ROOT / "mlpcli").rglob("*.py")]:
        if path.suffix in (".md", ".py"):
            for found in re.findall(
                r"pip install (?:-\S+ )*'?(\.\[[a-z,]+\]|[\w-]*)", path.read_text("utf-8")
            ):
                yield path.relative_to(ROOT), found


def test_advice_installs_this_checkout_or_a_dependency_by_its_own_name():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    named = {re.split(r"[<>=]", each)[0] for each in sum(extras.values(), project["dependencies"])}
    advised = list(advised_installs())
    assert len(advised) > 5
    for path, what in advised:
        chosen = set(what.strip(".[]").split(","))
        assert chosen <= set(extras) if what.startswith(".") else what in named, f"{path}: pip install {what}"


def test_the_readme_activates_the_environment_before_its_first_mlp_command():
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    assert page.index(". .venv/bin/activate") < page.index("\nmlp ")
