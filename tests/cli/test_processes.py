"""What only a process of its own shows: signals, pipes that break, a terminal, starting up."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time

import pytest
from cli.loaded import start_loaded
from cli.world import MLP, csv_text, ended, mlp, start

from sampling import sampled

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="signals and terminals as POSIX has them"),
    pytest.mark.usefixtures("here"),
]
LONG = ["--set", "training.epochs=100000000", "--set", "training.print_every=1"]


def test_the_first_interrupt_saves_and_exits_130(world):
    process = start("train", world / "good.yaml", "--json", *LONG)
    for line in process.stdout:
        if json.loads(line)["event"] == "epoch":
            break
    process.send_signal(signal.SIGINT)
    out, err, code = ended(process)
    assert (code, err) == (130, "")
    end = json.loads(out.splitlines()[-1])
    assert (end["event"], end["stopped"]) == ("end", "interrupted")
    assert sorted(os.listdir(end["run"])) == [
        "checkpoint.npz",
        "config.yaml",
        "findings.json",
        "history.csv",
        "model.npz",
        "run.json",
    ]
    assert mlp("evaluate", end["run"], world / "data.csv").exit_code == 0
    assert f"interrupted after epoch {end['epochs']}" in mlp("show", end["run"]).stdout


STUBBORN = """
import os, signal
from mlpcli.execute.rows import EpochRunner
def run(self, order, should_stop, begun=None):
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGINT)   # the batch at hand takes its time
    raise SystemExit("the second interrupt did not quit")
EpochRunner.run = run
"""


def test_the_second_interrupt_quits(world):
    args = ("train", world / "good.yaml", "--executor", "numpy")
    _, err, code = ended(start_loaded(*args, first=STUBBORN))
    assert (code, err) == (130, "interrupted")


@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGTERM] * 2, [signal.SIGHUP]])
def test_an_interrupt_while_predicting(world, tmp_path, signals):
    (tmp_path / "out.csv").write_text("precious", encoding="utf-8")
    args = (world / "run", "-", "-o", "out.csv", "--executor", "numpy")
    process = start_loaded("predict", *args, stdin=subprocess.PIPE)
    process.stdin.write("a,b,colour\n1,2,red\n")
    process.stdin.flush()
    deadline = time.monotonic() + 20
    while not list(tmp_path.glob(".out.csv*")) and time.monotonic() < deadline:
        time.sleep(0.01)  # until the output is open, so it waits for rows
    for number in signals:
        process.send_signal(number)
    _, err, code = ended(process)
    assert (code, err.strip()) == (130, "interrupted")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("out.csv", "precious")]


@pytest.mark.parametrize("module", ["click", "numpy", "yaml"])
def test_an_interrupt_while_starting_shows_no_traceback(world, tmp_path, module):
    """As if Ctrl-C came while that module is being imported."""
    (tmp_path / f"{module}.py").write_text("raise KeyboardInterrupt\n", encoding="utf-8")
    code = "from mlpcli.cli.main import main; main()"
    args = [sys.executable, "-c", code, "train", str(world / "good.yaml")]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(args, capture_output=True, text=True, env=environment)
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command", sampled(["train", "predict", "evaluate", "show", "graph"], ["train", "predict"].__contains__)
)
def test_a_pipe_that_breaks(world, tmp_path, command):
    """As `| head -1` does; the reader is gone before the first line."""
    (tmp_path / "long.csv").write_text(csv_text(count=20_000), encoding="utf-8")
    args = {
        "train": [world / "good.yaml", *LONG],
        "predict": [world / "run", "long.csv"],
        "evaluate": [world / "run", "long.csv"],
        "show": [world / "run"],
        "graph": [world / "good.yaml", "--gradients"],
    }[command]
    reader, writer = os.pipe()
    os.close(reader)
    process = start_loaded(command, *args, stdout=writer)
    os.close(writer)
    _, err, code = ended(process)
    assert "Traceback" not in err
    assert "Exception" not in err
    assert code != 0


def test_a_pipe_that_breaks_later(world, tmp_path):
    process = start_loaded("train", world / "good.yaml", *LONG)
    assert process.stdout.readline().startswith("config")
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(30) != 0
    assert "Traceback" not in err


def on_terminal(*args, **environment):
    """Everything a command writes to a terminal 80 columns wide, and its exit code."""
    import fcntl
    import pty
    import struct
    import termios

    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = start_loaded(
        *args,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "TERM": "xterm", **environment},
    )
    os.close(slave)
    written = b""
    while select.select([master], [], [], 30)[0]:
        try:
            data = os.read(master, 4096)
        except OSError:  # how Linux says that nobody has the other end any more
            break
        if not data:
            break
        written += data
    os.close(master)
    return written.decode(), process.wait(30)


def test_a_terminal_shows_a_progress_bar(world):
    written, code = on_terminal("train", world / "good.yaml", "--set", "training.epochs=300")
    assert code == 0
    assert "\x1b[" in written
    assert "300/300" in written
    assert "━" in written
    assert "stopped: all epochs done after epoch 300" in written
    assert written.rstrip().endswith("DATA)")
    assert written.count("\x1b[?25l") == written.count("\x1b[?25h") == 1  # the cursor is back


def test_a_terminal_that_can_do_nothing_shows_lines(world):
    written, code = on_terminal("train", world / "good.yaml", TERM="dumb")
    assert code == 0
    assert "\x1b" not in written
    assert "stopped: all epochs done after epoch 6" in written


def test_an_error_leaves_the_terminal_as_it_was(world):
    written, code = on_terminal(
        *("train", world / "good.yaml", "--set", "data.target=b", "--set", "data.ignore=[kind]"),
        *("--set", "optimiser={name: sgd, learning_rate: 1e30}", "--set", "training.epochs=50"),
    )
    assert code == 1
    assert "error: epoch" in written
    assert written.count("\x1b[?25l") == written.count("\x1b[?25h")


def test_a_file_gets_lines_as_they_come(world, tmp_path):
    """Without control codes, each line flushed: a reader sees an epoch while the next ones are running."""
    process = start_loaded("train", world / "good.yaml", *LONG)
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.split()[:1] == ["3"]:
            break
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, _, code = ended(process)
    assert code == 130
    assert "\x1b" not in "".join(lines) + out
    assert "stopped: interrupted after epoch" in out


def test_python_m_mlpcli(world, tmp_path):
    done = subprocess.run([*MLP, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("mlp, version ")
    done = subprocess.run([*MLP, "show", "nowhere"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[0] == "error: nowhere"


def test_standard_input(world):
    with open(world / "data.csv", "rb") as rows:
        out, _, code = ended(start_loaded("predict", world / "run", "-", stdin=rows))
    assert (code, out) == (0, mlp("predict", world / "run", world / "data.csv").stdout)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.parametrize("command", ["train", "predict", "check", "--help"])
def test_an_output_that_is_full(world, command):
    args = {"train": [world / "good.yaml"], "check": [world / "good.yaml"], "--help": []}
    args["predict"] = [world / "run", world / "data.csv"]
    # Unbuffered, it would be full at the first letter; as it is by default, only when the command is over.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with open("/dev/full", "w") as full:
        _, err, code = ended(start(command, *args[command], stdout=full, env=env))
    assert "Traceback" not in err
    assert "Exception ignored" not in err
    assert "No space left on device" in err
    assert code == 1


TRAIN = ["train", "good.yaml", "--executor", "numpy"]
PREDICT = ["predict", "run", "data.csv", "-o", "out.csv"]


def with_closed(numbers, world, command):
    """Errors and exit code of a command that begins without the streams of these numbers."""
    first = ["import os, sys"]
    for number in numbers:  # as Python begins
        name = ("stdin", "stdout", "stderr")[number]
        first.append(f"os.close({number}); sys.{name} = sys.__{name}__ = None")
    args = [world / each if (world / each).exists() else each for each in command]
    _, err, code = ended(start_loaded(*args, first="\n".join(first)))
    return err, code


@pytest.mark.parametrize("numbers", [(1,), (0, 1, 2)])
@pytest.mark.parametrize("command", [TRAIN, PREDICT])
def test_streams_that_are_closed(world, tmp_path, command, numbers):
    assert with_closed(numbers, world, command)[1] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["runs" if command is TRAIN else "out.csv"]


def test_streams_that_a_shell_closes(world, tmp_path):
    shell = ["sh", "-c", '"$@" <&- >&- 2>&-', "sh", *MLP, "train", str(world / "good.yaml"), *TRAIN[2:]]
    assert subprocess.run(shell).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


@pytest.mark.parametrize("args", [["data.csv", "predict"], ["data.csv", "evaluate"], ["show"]], ids=str)
def test_a_result_that_could_only_be_printed_is_not_lost_silently(world, args):
    *data, command = args
    err, code = with_closed((1,), world, [command, "run", *data])
    assert code == 1
    assert err.startswith("error: standard output\n  It is closed")


def test_standard_input_that_is_closed(world):
    err, code = with_closed((0,), world, ["predict", "run", "-"])
    assert code == 2
    assert err.startswith("error: standard input\n  The file is empty.")


@pytest.mark.parametrize("encoding", sampled(["ascii", "cp1252"], "ascii".__eq__))
def test_an_encoding_that_lacks_some_signs(world, tmp_path, encoding):
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    for begin, *args in (
        (start, "check", world / "good.yaml"),
        (start_loaded, "show", world / "run"),
        (start_loaded, "show", "→"),
    ):
        _, _, code = ended(begin(*args, env=environment))
        assert code == (2 if args[1] == "→" else 0)


def test_the_garbage_collector_rests_only_at_the_start():
    code = (
        "import gc; usual = gc.get_threshold(), len(gc.callbacks)\n"
        "from mlpcli.cli.main import ease_start; ease_start()\n"
        "assert gc.get_threshold() > usual[0]\n"
        "kept = [[] for _ in range(150_000)]\n"
        "assert (gc.get_threshold(), len(gc.callbacks)) == usual\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
