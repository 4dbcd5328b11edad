#!/usr/bin/env bash
# NumPy 2.4.6: np.genfromtxt with dtype=int reads 1.0 as -1, and with dtype=bool 1 as False.
#
# One would guess: 1.0 is read as 1, or refused, as np.loadtxt refuses it; -1 is known to stand for an empty cell only.
# Seen: each cell that is not spelt as a whole number is -1, without error or warning. np.savetxt writes the labels
# 0, 1, 2 as 1.000000000000000000e+00 unless fmt is given (whole numbers too), so that labels written by the one and
# read by the other are all -1, one class. usemask=True masks nothing there. dtype=bool knows only the words true and
# false: 1 is False. dtype=None reads the numbers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check numpy==2.4.6
cat > "$folder/look.py" <<'PYTHON'
import io
import warnings

import numpy as np

warnings.simplefilter("error")


def tell(what, read, text, **options):
    try:
        values = read(io.StringIO(text), **options)
        print(f"{what}: {values.tolist()}")
    except ValueError as error:
        print(f"{what}: {type(error).__name__}")


labels = io.StringIO()
np.savetxt(labels, np.array([0, 1, 2, 1]))
for name, kind in {"int": int, "float": float, "None": None}.items():
    tell(f"labels of savetxt, genfromtxt, {name}", np.genfromtxt, labels.getvalue(), dtype=kind)
tell("labels of savetxt, loadtxt, int", np.loadtxt, labels.getvalue(), dtype=int)
masked = np.genfromtxt(io.StringIO(labels.getvalue()), dtype=int, usemask=True)
print(f"labels of savetxt, genfromtxt, int, usemask: {np.ma.count_masked(masked)} masked")
cells = "7,1.0,1.7,1e3,two\n"
tell("7, 1.0, 1.7, 1e3, two, genfromtxt, int", np.genfromtxt, cells, dtype=int, delimiter=",")
tell("7, 1.0, 1.7, 1e3, two, loadtxt, int", np.loadtxt, cells, dtype=int, delimiter=",")
tell("1, 0, true, yes, genfromtxt, bool", np.genfromtxt, "1\n0\ntrue\nyes\n", dtype=bool)
tell("1, 0, loadtxt, bool", np.loadtxt, "1\n0\n", dtype=bool)
PYTHON
found=$(cd "$folder" && venv/bin/python look.py)
echo "$found"
diff <(echo "$found") - <<'SEEN'
labels of savetxt, genfromtxt, int: [-1, -1, -1, -1]
labels of savetxt, genfromtxt, float: [0.0, 1.0, 2.0, 1.0]
labels of savetxt, genfromtxt, None: [0.0, 1.0, 2.0, 1.0]
labels of savetxt, loadtxt, int: ValueError
labels of savetxt, genfromtxt, int, usemask: 0 masked
7, 1.0, 1.7, 1e3, two, genfromtxt, int: [7, -1, -1, -1, -1]
7, 1.0, 1.7, 1e3, two, loadtxt, int: ValueError
1, 0, true, yes, genfromtxt, bool: [False, False, True, False]
1, 0, loadtxt, bool: [True, False]
SEEN
