"""Native calls that take long leave signals heard; memory is not taken from under one that works on it."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from mlpcli.execute.native.threads.abandonable import call_abandonable, is_any_abandoned
from mlpcli.execute.native.threads.interruptible import call_in_thread

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="no signals")
# A compilation that never ends, in a whole command; SIGTERM is what Ctrl-C is elsewhere.
NEVER_COMPILED = """
import ctypes, signal, sys
from mlpcli.cli.main import main
from mlpcli.execute.native import module as machine

LOOP = "define void @loop(ptr %p) {\\n  br label %again\\nagain:\\n  br label %again\\n}"
code = machine.CompiledModule([LOOP])
loop = code.function("loop")

def compiled(text, target):
    print("compiling", flush=True)
    loop(None)

def interrupt(number, frame):
    raise KeyboardInterrupt

machine.compiled = compiled
signal.signal(signal.SIGTERM, interrupt)
sys.argv[:] = ["mlp", "gradcheck", "net.yaml"]
main()
"""


@POSIX
def test_a_command_that_compiles_hears_signals_and_ends_at_once(tmp_path):
    (tmp_path / "rows.csv").write_text("a,y\n" + "".join(f"{i},{i % 2}\n" for i in range(20)))
    (tmp_path / "net.yaml").write_text(
        "data: {train: rows.csv, target: y}\nnetwork: {hidden: [4]}\nexecutor: native\n"
        "training: {epochs: 2}\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "XDG_CACHE_HOME": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", NEVER_COMPILED],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            first = process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert first == "compiling\n", errors
    assert (process.returncode, errors) == (130, "interrupted\n")


@POSIX
def test_an_interrupted_call_that_works_on_memory_is_waited_for():
    waiting, asked, ended = threading.Event(), threading.Event(), []

    def call():
        waiting.wait(30)
        os.kill(os.getpid(), signal.SIGUSR1)
        asked.wait(30)
        time.sleep(0.05)  # the batch at hand
        ended.append(True)

    before = signal.signal(signal.SIGUSR1, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            call_in_thread(call, waiting.set, asked.set)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert ended == [True]


@POSIX
def test_a_call_that_is_heard_through_is_left_alone_and_told():
    told = threading.Event()

    def call(left):
        os.kill(os.getpid(), signal.SIGUSR1)
        while not left():
            time.sleep(0.001)
        told.set()

    before = signal.signal(signal.SIGUSR1, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            call_abandonable(call)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert told.wait(30)
    while is_any_abandoned():
        time.sleep(0.001)


def test_results_and_errors_come_back():
    assert call_abandonable(lambda left: (left(), threading.current_thread().daemon)) == (False, True)
    with pytest.raises(ZeroDivisionError):
        call_abandonable(lambda left: 1 // 0)
    results = []
    thread = threading.Thread(target=lambda: results.append(call_abandonable(lambda left: left())))
    thread.start()
    thread.join()
    assert results == [False]
