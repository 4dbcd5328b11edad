"""XOR's network in plain C, compiled in the same run for this processor, without -ffast-math."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path

from contestants.work import CannotError, Training, Work

SOURCE = Path(__file__).with_suffix(".c")
REALS = {"float32": ("float", "expf", "logf"), "float64": ("double", "exp", "log")}


class CByHand(Training):
    def __init__(self, work: Work) -> None:
        if work.loss != "binary_cross_entropy" or work.batch != 1 or len(work.hidden) != 1:
            raise CannotError("the C is written for XOR only")
        if shutil.which("cc") is None:
            raise CannotError("there is no C compiler cc")
        real, exp, log = REALS[work.dtype]
        sizes = {"INPUTS": work.inputs, "HIDDEN": work.hidden[0], "REAL": real, "EXP": exp, "LOG": log}
        with tempfile.TemporaryDirectory() as folder:
            library = Path(folder) / "train.so"
            defined = [f"-D{name}={value}" for name, value in sizes.items()]
            options = ["-O3", "-march=native", "-shared", "-fPIC", *defined]
            subprocess.run(["cc", *options, "-o", library, SOURCE, "-lm"], check=True)
            self._train = ctypes.CDLL(str(library)).train  # loaded, it no longer needs its file
        self._train.restype = ctypes.c_double
        self._rate = (ctypes.c_float if real == "float" else ctypes.c_double)(work.rate)
        self._work, self._rows = work, work.rows()

    def run(self, epochs: int) -> float:
        weights = self._work.first_weights()
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in (*self._rows, *weights)]
        rows = len(self._rows[0])
        return float(self._train(ctypes.c_long(epochs), ctypes.c_long(rows), *pointers, self._rate))


def prepare(work: Work) -> Training:
    return CByHand(work)
