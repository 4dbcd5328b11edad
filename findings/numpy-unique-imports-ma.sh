#!/usr/bin/env bash
# NumPy 2.4.6: np.unique, np.setdiff1d, np.intersect1d and np.percentile load numpy.ma at their first call.
#
# One would guess: a function of plain arrays needs nothing but what `import numpy` has loaded; masked arrays are a
# subpackage that only those who use them pay for. Seen: without return_index, return_inverse or return_counts,
# np.unique asks whether its argument is masked, and that first look loads numpy.ma (some ten milliseconds, a tenth of
# what a small command line may take to start). np.unique(x, return_counts=True) and np.isin do not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check numpy==2.4.6
cat > "$folder/look.py" <<'PYTHON'
import sys

import numpy as np

x = np.array([3, 1, 2])
calls = {
    "np.unique(x)": lambda: np.unique(x),
    "np.setdiff1d(x, x)": lambda: np.setdiff1d(x, x),
    "np.intersect1d(x, x)": lambda: np.intersect1d(x, x),
    "np.percentile(x, 50)": lambda: np.percentile(x, 50),
    "np.unique(x, return_counts=True)": lambda: np.unique(x, return_counts=True),
    "np.isin(x, x)": lambda: np.isin(x, x),
}
name = list(calls)[int(sys.argv[1])]
assert "numpy.ma" not in sys.modules, "import numpy alone loads numpy.ma"
calls[name]()
print(f"{name}: {'loads numpy.ma' if 'numpy.ma' in sys.modules else 'does not'}")
PYTHON
found=$(for at in 0 1 2 3 4 5; do "$folder/venv/bin/python" "$folder/look.py" "$at"; done)
echo "$found"
diff <(echo "$found") - <<'SEEN'
np.unique(x): loads numpy.ma
np.setdiff1d(x, x): loads numpy.ma
np.intersect1d(x, x): loads numpy.ma
np.percentile(x, 50): loads numpy.ma
np.unique(x, return_counts=True): does not
np.isin(x, x): does not
SEEN
