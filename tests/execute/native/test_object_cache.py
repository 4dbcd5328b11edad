"""A module is compiled once; what is kept is used only whole, unchanged, and out of reach of others."""

import ctypes
import gc
import math
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from mlpcli.execute import EXECUTORS
from mlpcli.execute.native.object_cache import HEAD, LIMIT, ObjectCache, user_folder
from mlpcli.optim.optimizers import OPTIMIZERS
from mlpcli.optim.step import training_step
from nets import network, rows
from sampling import sampled

pytest.importorskip("llvmlite.binding")

from mlpcli.execute.native import module as machine

Code = machine.CompiledModule
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="folders there have no mode")
IS_ROOT = sys.platform != "win32" and os.geteuid() == 0
KEY = "0123abcd"
TEXT = """
define void @run(ptr %p) {
  %x = load double, ptr %p
  %y = fmul double %x, 3.0
  store double %y, ptr %p
  ret void
}
"""


def run(code, value=7.0, name="run"):
    """The function of a pointer to a double, called."""
    number = ctypes.c_double(value)
    code.function(name)(ctypes.addressof(number))
    return number.value


def files(folder):
    return sorted(folder.iterdir()) if folder.exists() else []


def refuse(*_):
    pytest.fail("compiled although it is kept")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "base" / "mlp" / "native"


@pytest.fixture
def cache(folder):
    return ObjectCache(folder)


def test_the_second_time_nothing_is_compiled(cache, folder, monkeypatch):
    assert run(Code([TEXT], cache)) == 21
    assert len(files(folder)) == 1
    monkeypatch.setattr(machine, "compiled", refuse)
    assert run(Code([TEXT], cache)) == 21
    assert run(Code([TEXT], ObjectCache(folder))) == 21


def test_a_training_comes_from_the_users_folder_without_being_asked(tmp_path, monkeypatch):
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    first = trained()
    assert files(user_folder())
    monkeypatch.setattr(machine, "compiled", refuse)
    for a, b in zip(first, trained()):
        np.testing.assert_array_equal(a, b)


# float64 is that of the training above.
@pytest.mark.parametrize("dtype", sampled(["float32", "float64"], "float32".__eq__))
def test_kept_code_computes_the_same_bits(cache, dtype, monkeypatch):
    monkeypatch.setattr(machine, "user_cache", lambda: ObjectCache(None))
    fresh = trained(dtype)
    monkeypatch.setattr(machine, "user_cache", lambda: cache)
    trained(dtype)
    for a, b in zip(fresh, trained(dtype)):
        np.testing.assert_array_equal(a, b)


def trained(dtype="float64"):
    """Costs and parameters after a few epochs."""
    net, values = network([("tanh", 5)], ("softmax", 3), "cross_entropy", dtype=dtype)
    step = training_step(net, OPTIMIZERS["adam"]())
    state = {k: v.copy() for k, v in values.items()} | step.optimizer_state()
    executor, data = EXECUTORS["native"](), rows(net, 10, target="one-hot")
    runner = executor.epoch_runner(executor, {"cost": net.cost}, step.updates, state, data, 4)
    costs = runner.run_epochs(3, np.random.default_rng(1), -math.inf, lambda: False).means
    return [np.array([mean["cost"] for mean in costs]), *state.values()]


def test_symbols_from_outside_and_long_constants_are_found(cache, monkeypatch):
    # 800 kB of numbers lie far from the code, as do the functions of the C library.
    numbers = np.random.default_rng(0).normal(size=100_000)
    entries = ", ".join(f"double 0x{number.view(np.uint64):016X}" for number in numbers)
    text = f"""
@numbers = private unnamed_addr constant [{numbers.size} x double] [{entries}]
declare double @llvm.pow.f64(double, double)
declare double @llvm.sin.f64(double)
declare double @tgamma(double)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
define void @copy(ptr %p) {{
  call void @llvm.memcpy.p0.p0.i64(ptr %p, ptr @numbers, i64 {numbers.nbytes}, i1 false)
  ret void
}}
define void @clear(ptr %p) {{
  call void @llvm.memset.p0.i64(ptr %p, i8 0, i64 {numbers.nbytes}, i1 false)
  ret void
}}
define void @functions(ptr %p) {{
  %x = load double, ptr %p
  %a = call double @llvm.pow.f64(double %x, double 1.7)
  %b = call double @llvm.sin.f64(double %a)
  %c = call double @tgamma(double %x)
  %d = fadd double %b, %c
  store double %d, ptr %p
  ret void
}}
"""
    for _ in range(2):
        code = Code([text], cache)
        monkeypatch.setattr(machine, "compiled", refuse)
        target = np.ones_like(numbers)
        code.function("copy")(target.ctypes.data)
        np.testing.assert_array_equal(target, numbers)
        code.function("clear")(target.ctypes.data)
        assert not target.any()
        assert run(code, 2.5, "functions") == pytest.approx(math.sin(2.5**1.7) + math.gamma(2.5), rel=1e-14)


def test_functions_live_as_long_as_their_code(cache):
    kept = [Code([TEXT], cache) for _ in range(5)]
    functions = [code.function("run") for code in kept]
    for _ in range(50):
        Code([TEXT], cache)
    gc.collect()
    for function in functions:
        number = ctypes.c_double(2.0)
        function(ctypes.addressof(number))
        assert number.value == 6


def test_what_is_written_is_read(cache, folder):
    assert cache.read(KEY) is None
    for code in (b"", b"one", bytes(range(256)) * 1000):
        cache.write(KEY, code)
        assert cache.read(KEY) == code
        assert [path.name for path in files(folder)] == [KEY]


def test_a_change_of_any_byte_is_seen(cache, folder):
    cache.write(KEY, bytes(range(200)))
    whole = (folder / KEY).read_bytes()
    for at in range(len(whole)):
        for bit in (1, 128):
            changed = bytearray(whole)
            changed[at] ^= bit
            (folder / KEY).write_bytes(changed)
            assert cache.read(KEY) is None, at


def test_a_file_of_another_length_is_not_used(cache, folder):
    cache.write(KEY, bytes(range(200)))
    whole = (folder / KEY).read_bytes()
    for length in range(len(whole)):
        (folder / KEY).write_bytes(whole[:length])
        assert cache.read(KEY) is None, length
    (folder / KEY).write_bytes(whole + b"\0")
    assert cache.read(KEY) is None


def test_a_file_of_another_key_is_not_used(cache, folder):
    cache.write(KEY, b"code")
    (folder / KEY).rename(folder / "other")
    assert cache.read("other") is None


def test_a_damaged_file_is_compiled_anew_and_mended(cache, folder):
    assert run(Code([TEXT], cache)) == 21
    (path,) = files(folder)
    whole = path.read_bytes()
    damaged = [whole[:at] for at in range(0, len(whole), 97)] + [b"", b"\x7fELF", whole * 2]
    for at in [*range(HEAD + 1), *range(HEAD, len(whole), 53), len(whole) - 1]:
        changed = bytearray(whole)
        changed[at] ^= 1 << at % 8
        damaged.append(bytes(changed))
    for content in damaged:
        path.write_bytes(content)
        assert run(Code([TEXT], cache)) == 21
        assert path.read_bytes() == whole


def test_of_a_text_that_is_no_module_nothing_is_kept(cache, folder):
    for _ in range(2):
        with pytest.raises(RuntimeError, match="expected"):
            Code(["define nothing"], cache)
    assert files(folder) == []


def test_without_a_folder_everything_is_compiled():
    cache = ObjectCache(None)
    cache.write(KEY, b"code")
    assert cache.read(KEY) is None
    assert run(Code([TEXT], cache)) == 21


@pytest.mark.parametrize("level", ["file", "folder", "above"])
def test_something_else_in_the_way_is_left_there(folder, level):
    cache = ObjectCache(folder)
    if level == "file":
        key = machine.cache_key(TEXT, machine._target().triple, **machine._processor())
        (folder / key).mkdir(0o700, parents=True)
        folder.parent.chmod(0o700)
        folder.chmod(0o700)
    else:
        place = folder if level == "folder" else folder.parent.parent
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("mine")
    assert run(Code([TEXT], cache)) == 21
    assert run(Code([TEXT], cache)) == 21
    if level == "file":
        assert [path.name for path in files(folder)] == [key]
    else:
        assert place.read_text() == "mine"


@POSIX
@pytest.mark.skipif(IS_ROOT, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_still_read(cache, folder, monkeypatch):
    assert run(Code([TEXT], cache)) == 21
    folder.chmod(0o500)
    try:
        assert run(Code([TEXT.replace("3.0", "4.0")], cache)) == 28
        assert len(files(folder)) == 1
        monkeypatch.setattr(machine, "compiled", refuse)
        assert run(Code([TEXT], cache)) == 21
    finally:
        folder.chmod(0o700)


@POSIX
@pytest.mark.skipif(IS_ROOT, reason="root may write anywhere")
def test_a_home_that_cannot_be_written_is_no_error(tmp_path, folder):
    tmp_path.chmod(0o500)
    try:
        assert run(Code([TEXT], ObjectCache(folder))) == 21
        assert not (tmp_path / "base").exists()
    finally:
        tmp_path.chmod(0o700)


@POSIX
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702, 0o1777])
@pytest.mark.parametrize("above", [False, True])
def test_a_folder_that_others_may_write_to_is_not_used(cache, folder, mode, above):
    cache.write(KEY, b"code")
    place = folder.parent if above else folder
    place.chmod(mode)
    assert cache.read(KEY) is None
    cache.write("more", b"code")
    assert [path.name for path in files(folder)] == [KEY]
    place.chmod(0o755)  # to look is allowed
    assert cache.read(KEY) == b"code"


@POSIX
@pytest.mark.skipif(not IS_ROOT, reason="only root can give a folder away")
@pytest.mark.parametrize("above", [False, True])
def test_a_folder_of_somebody_else_is_not_used(cache, folder, above):
    cache.write(KEY, b"code")
    os.chown(folder.parent if above else folder, 65534, -1)
    assert cache.read(KEY) is None
    cache.write("more", b"code")
    assert [path.name for path in files(folder)] == [KEY]


@POSIX
@pytest.mark.skipif(not IS_ROOT, reason="about root")
def test_root_makes_no_folder_in_the_home_of_a_user(cache, folder, tmp_path):
    os.chown(tmp_path, 65534, -1)
    cache.write(KEY, b"code")
    assert not (tmp_path / "base").exists()


@POSIX
@pytest.mark.parametrize("mask", [0o000, 0o002, 0o077])
def test_nobody_else_may_look_whatever_the_mask(cache, folder, mask):
    before = os.umask(mask)
    try:
        cache.write(KEY, b"code")
    finally:
        os.umask(before)
    assert cache.read(KEY) == b"code"
    for path in (folder.parent.parent, folder.parent, folder):
        assert path.stat().st_mode & 0o777 == 0o700
    assert (folder / KEY).stat().st_mode & 0o777 == 0o600


def test_processes_may_compile_the_same_at_once(tmp_path, folder, monkeypatch):
    script = (
        "import sys\nfrom pathlib import Path\nfrom test_object_cache import *\n"
        "cache = ObjectCache(Path(sys.argv[1]))\n"
        "texts = [TEXT.replace('3.0', f'{factor}.0') for factor in range(2, 12)]\n"
        "print('ready', flush=True)\nsys.stdin.readline()\n"
        "print([run(Code([text], cache)) for text in texts])\n"
    )
    here = os.path.dirname(__file__)
    paths = os.pathsep.join([here, os.path.join(here, "..", "..")])
    environment = {**os.environ, "PYTHONPATH": paths}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for _ in range(2)
    ]
    for process in started:
        assert process.stdout.readline() == "ready\n"
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        output, _ = process.communicate(timeout=120)
        assert output == f"{[7.0 * factor for factor in range(2, 12)]}\n"
        assert process.returncode == 0
    assert len(files(folder)) == 10
    monkeypatch.setattr(machine, "compiled", refuse)
    assert run(Code([TEXT], ObjectCache(folder))) == 21


def test_a_reader_sees_all_or_nothing(folder):
    contents = [bytes([value]) * size for value, size in ((1, 10), (2, 300_000), (3, 70_000))]
    done, seen = threading.Event(), set()

    def read():
        cache = ObjectCache(folder)
        while not done.is_set():
            seen.add(cache.read(KEY))

    def write():
        cache = ObjectCache(folder)
        for _ in range(50):
            for content in contents:
                cache.write(KEY, content)

    readers, writers = ([threading.Thread(target=target) for _ in range(2)] for target in (read, write))
    for thread in readers + writers:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()
    assert seen <= {None, *contents}
    assert [path.name for path in files(folder)] == [KEY]


def test_whatever_the_code_depends_on_changes_the_key(monkeypatch):
    settings = {"text": TEXT, "triple": "a-b-c", "cpu": "one", "features": "+x,-y"}
    keys = {machine.cache_key(**settings)}
    for name in settings:
        keys.add(machine.cache_key(**{**settings, name: settings[name] + "1"}))
    keys.add(machine.cache_key(**{**settings, "features": "+x,+y"}))
    for at in range(len(machine.COMPILER)):
        changed = list(machine.COMPILER)
        changed[at] = "another"
        monkeypatch.setattr(machine, "COMPILER", tuple(changed))
        keys.add(machine.cache_key(**settings))
        monkeypatch.undo()
    assert len(keys) == 6 + len(machine.COMPILER)
    assert machine.cache_key(**settings) in keys


def test_code_for_other_features_is_not_used(cache, folder, monkeypatch):
    Code([TEXT], cache)
    processor = machine._processor()
    monkeypatch.setattr(machine, "_processor", lambda: {**processor, "features": ""})
    assert run(Code([TEXT], cache)) == 21
    assert len(files(folder)) == 2


def test_what_was_not_used_for_longest_goes_first(folder):
    cache = ObjectCache(folder, limit=4 * (HEAD + 1000))
    for number, key in enumerate("abcd"):
        cache.write(key, bytes(1000))
        os.utime(folder / key, (number, number))
    assert cache.read("a") is not None  # now it is the newest
    cache.write("e", bytes(1000))
    assert [path.name for path in files(folder)] == ["a", "c", "d", "e"]
    cache.write("f", bytes(2000))
    assert [path.name for path in files(folder)] == ["a", "e", "f"]


def test_what_a_killed_process_left_goes_too(folder):
    cache = ObjectCache(folder, limit=3000)
    cache.write("a", bytes(1000))
    (folder / "b.new").write_bytes(bytes(2500))
    os.utime(folder / "b.new", (1, 1))
    cache.write("c", bytes(1000))
    assert [path.name for path in files(folder)] == ["a", "c"]


def test_the_limit_holds_for_many_and_for_one(folder):
    cache = ObjectCache(folder, limit=10_000)
    for number in range(40):
        cache.write(str(number), bytes(100 * number))
        assert sum(path.stat().st_size for path in files(folder)) <= 10_000
        assert cache.read(str(number)) is not None
    cache.write("huge", bytes(20_000))
    assert files(folder) == []
    assert LIMIT == 1 << 26


def test_the_folder_is_the_one_the_system_wants(tmp_path, monkeypatch):
    home, other = str(tmp_path), str(tmp_path / "other")
    monkeypatch.setenv("HOME", home)
    monkeypatch.setenv("USERPROFILE", home)
    monkeypatch.setenv("LOCALAPPDATA", other)
    for platform, wanted in (("linux", ".cache"), ("darwin", "Library/Caches"), ("win32", "other")):
        for base in ("", "relative", None):
            if base is None:
                monkeypatch.delenv("XDG_CACHE_HOME")
            else:
                monkeypatch.setenv("XDG_CACHE_HOME", base)
            with monkeypatch.context() as patch:
                patch.setattr(sys, "platform", platform)
                assert user_folder() == tmp_path / wanted / "mlp" / "native"
    monkeypatch.setenv("XDG_CACHE_HOME", other)
    monkeypatch.delenv("LOCALAPPDATA")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "platform", "linux")
        assert user_folder() == tmp_path / "other" / "mlp" / "native"
        patch.setattr(sys, "platform", "win32")
        assert user_folder() is None


def test_the_tests_have_a_folder_of_their_own(monkeypatch):
    used = user_folder()
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.delenv(name, raising=False)
    assert used is not None
    assert user_folder() != used
