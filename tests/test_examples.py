"""Every command of examples/README.md, in a folder of its own."""

import re
import runpy
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from mlpcli.cli.main import cli

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "examples/README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.split("#")[0].strip() for line in re.search(r"```sh\n(.*?)```", PAGE, re.S).group(1).splitlines()
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page(command, tmp_path, monkeypatch, capsys):
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "datasets").symlink_to(ROOT / "datasets")
    monkeypatch.chdir(tmp_path)
    program, *arguments = shlex.split(command)
    if program == "python":
        runpy.run_path(arguments[0], run_name="__main__")
        assert "accuracy of the test rows" in capsys.readouterr().out
        return
    assert program == "mlp"
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == (1 if "does-not-learn" in command else 0), result.output
    if "does-not-learn" in command:
        assert "rule      zero_weights" in result.output
    else:
        assert "next: mlp predict" in result.output


def test_the_page_names_every_example():
    there = {path.name for path in (ROOT / "examples").iterdir() if path.suffix in (".yaml", ".py")}
    assert {Path(argument).name for command in COMMANDS for argument in command.split()[-1:]} == there
