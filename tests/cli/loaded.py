"""Commands in processes of their own that need not start: they part from one that has loaded the package.

Loading it takes more of a short command's time than all the rest. What a command does once it is loaded is
the same either way: its process has an identity, streams, limits and signals of its own, and ends as Python
ends. How a process starts is tested with `cli.world.start`, which is also what start_loaded falls back to
where the system is not Linux (elsewhere a fork of a process with NumPy in it is not safe).

A request is one message to the process that has loaded the package: the arguments and the environment as
JSON, the three streams, and a socket to which the number of the new process and its exit code are written.
"""

from __future__ import annotations

import atexit
import io
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from functools import cache
from pathlib import Path

PARTING = """
import sys
sys.path.insert(0, sys.argv[2])
from cli.loaded import part
first = part(int(sys.argv[1]))
if first is not None:
    exec(first)
    from mlpcli.cli.main import main
    main()
"""
"""The process that has loaded the package, and in the end each command that parted from it."""
LONGEST_REQUEST = 1 << 17
"""Bytes."""
NUMBER = struct.Struct("i")
"""How the number of a process and its exit code are written."""
LOADED = sys.platform == "linux"


def start_loaded(
    *args, first="", env=None, stdin=None, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
):
    """Start a command; what is returned can be used like a Popen.

    first: Python text that is executed in the new process before the command. text: whether pipes are.
    """
    words = [str(arg) for arg in args]
    streams = (stdin, stdout, stderr)
    if LOADED:
        return Parted(words, first, dict(os.environ if env is None else env), streams, text)
    code = f"{first}\nfrom mlpcli.cli.main import main\nmain()"
    names = dict(zip(("stdin", "stdout", "stderr"), streams))
    return subprocess.Popen([sys.executable, "-c", code, *words], env=env, text=text, **names)


def _handle(stream):
    return stream if isinstance(stream, int) else stream.fileno()


class Parted:
    """A process that parted from the one that has loaded the package: the part of a Popen that tests use."""

    def __init__(self, args, first, env, streams, text):
        self.args, self.returncode, self._readers, self._read = args, None, {}, {}
        kept, given = [], []
        for number, stream in enumerate(streams):
            if stream == subprocess.PIPE:
                reading, writing = os.pipe()
                mine, its = (writing, reading) if number == 0 else (reading, writing)
                mode = ("w" if number == 0 else "r") + ("" if text else "b")
                kept.append(open(mine, mode, encoding="utf-8" if text else None))  # noqa: SIM115
                given.append(its)
            else:
                kept.append(None)
                given.append(number if stream is None else _handle(stream))
        self.stdin, self.stdout, self.stderr = kept
        self._said, saying = socket.socketpair()
        request = {"args": args, "first": first, "env": env, "folder": os.getcwd()}
        socket.send_fds(loaded()[0], [json.dumps(request).encode()], [*given, saying.fileno()])
        saying.close()
        for its, mine in zip(given, kept):
            if mine is not None:
                os.close(its)
        self.pid = self._number()

    def _number(self):
        said = self._said.recv(NUMBER.size, socket.MSG_WAITALL)
        if not said:
            raise AssertionError("the process that has loaded the package ended too soon")
        return NUMBER.unpack(said)[0]

    def wait(self, timeout=None):
        """The exit code, or minus the signal by which the process was killed."""
        if self.returncode is None:
            self._said.settimeout(timeout)
            try:
                self.returncode = self._number()
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired(self.args, timeout) from None
            self._said.close()
        return self.returncode

    def poll(self):
        with suppress(subprocess.TimeoutExpired):
            self.wait(timeout=0)
        return self.returncode

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout=None):
        """What is still to come on standard output and standard error until the process has ended."""

        def read(name, stream):
            with stream:
                self._read[name] = stream.read()

        if self.stdin is not None:
            self.stdin.close()
        for name, stream in (("stdout", self.stdout), ("stderr", self.stderr)):
            if stream is not None and not stream.closed and name not in self._readers:
                self._readers[name] = threading.Thread(target=read, args=(name, stream), daemon=True)
                self._readers[name].start()
        self.wait(timeout)
        for reader in self._readers.values():
            reader.join()
        return self._read.get("stdout"), self._read.get("stderr")


@cache
def loaded():
    """The socket for requests to the process that has loaded the package, and that process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-c", PARTING, str(theirs.fileno()), str(Path(__file__).parents[1])]
    process = subprocess.Popen(
        command, pass_fds=[theirs.fileno()], start_new_session=True, stdin=subprocess.DEVNULL
    )
    theirs.close()
    atexit.register(ours.close)
    return ours, process


def end_loaded():
    """End the process that has loaded the package, if there is one, with all commands that are left over."""
    if loaded.cache_info().currsize:
        requests, process = loaded()
        requests.close()
        process.wait(60)
        loaded.cache_clear()


# In the process that has loaded the package


def load_package():
    """Import every module of the package, those too that commands import only when they need them."""
    import pkgutil
    from importlib import import_module

    import mlpcli

    for module in pkgutil.walk_packages(mlpcli.__path__, "mlpcli."):
        if not module.name.endswith("__main__"):
            import_module(module.name)


def part(number):
    """Serve requests from the socket of that number. Returns twice: None at the end, `first` in a command."""
    import gc

    load_package()
    gc.freeze()  # a collection in a command would copy every page of them
    with socket.socket(fileno=number) as requests:
        while True:
            text, streams, _, _ = socket.recv_fds(requests, LONGEST_REQUEST, 4)
            _reap()
            if not text:
                break
            if os.fork() == 0:
                break
            for stream in streams:
                os.close(stream)
    if text:
        return _stand_by(json.loads(text), streams)
    os.killpg(0, signal.SIGKILL)  # commands that a failed test left behind, and this process
    return None


def _reap():
    """Take note of those that have ended, so that their time counts."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _stand_by(request, streams):
    """Become the command's parent, which says how it ended, and in another process the command itself."""
    *streams, saying = streams
    child = os.fork()
    if child == 0:
        os.close(saying)
        return _become(request, streams)
    for stream in streams:
        os.close(stream)
    os.write(saying, NUMBER.pack(child))
    os.write(saying, NUMBER.pack(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))
    os._exit(0)


def _become(request, streams):
    """Take over streams, folder, environment and arguments, as a process that just started has them."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    unbuffered = bool(request["env"].get("PYTHONUNBUFFERED"))
    encoding = request["env"].get("PYTHONIOENCODING", "utf-8")
    sys.stdin = sys.__stdin__ = open(0, encoding=encoding, closefd=False)  # noqa: SIM115
    for number, name, errors in ((1, "stdout", "strict"), (2, "stderr", "backslashreplace")):
        file = open(number, "wb", buffering=0 if unbuffered else -1, closefd=False)  # noqa: SIM115
        line_buffering = name == "stderr" or file.isatty()
        text = io.TextIOWrapper(file, encoding, errors, "\n", line_buffering, write_through=unbuffered)
        setattr(sys, name, text)
        setattr(sys, f"__{name}__", text)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv = ["mlp", *request["args"]]
    return request["first"]
