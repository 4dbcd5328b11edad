#!/usr/bin/env bash
# scikit-learn 1.9.1: dump_svmlight_file and load_svmlight_file, both with their defaults, move columns by one.
#
# One would guess: what the one writes the other reads back, at least with n_features given, or where the file says in
# its own heading that its columns count from zero. Seen: the writer counts from 0, the reader takes a file without an
# index 0 for one that counts from 1. So where the first column is 0 in all rows written (a rare word, a level that
# this part of the rows lacks), every value comes back one column to the left; n_features=3 only adds a column of zeros
# at the end, so that the shape is right; the heading, which comment= writes, is not read. A model fitted to the
# training file then gets the test file's columns shifted. zero_based=True, or load_svmlight_files of both, is right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1
cat > "$folder/look.py" <<'PYTHON'
import numpy as np
from sklearn.datasets import dump_svmlight_file, load_svmlight_file, load_svmlight_files
from sklearn.linear_model import LinearRegression

train, test = np.array([[1.0, 5, 7], [0, 3, 9], [2, 4, 6], [1, 0, 2]]), np.array([[0.0, 5, 7], [0, 3, 9]])
target = train @ [100, 10, 1]
dump_svmlight_file(train, target, "train.svm")
dump_svmlight_file(test, test @ [100, 10, 1], "test.svm", comment="Two rows")
with open("test.svm") as file:
    print(*(line.strip() for line in file if "zero-based" in line))
fitted = LinearRegression().fit(load_svmlight_file("train.svm")[0], target)
reads = {
    "alone": lambda: load_svmlight_file("test.svm")[0],
    "n_features=3": lambda: load_svmlight_file("test.svm", n_features=3)[0],
    "zero_based=True": lambda: load_svmlight_file("test.svm", n_features=3, zero_based=True)[0],
    "both files": lambda: load_svmlight_files(["train.svm", "test.svm"])[2],
}
for name, read in reads.items():
    rows = read().toarray()
    said = fitted.predict(rows).round().astype(int).tolist() if rows.shape[1] == 3 else "no prediction"
    print(f"{name}: {rows.astype(int).tolist()}, {said} for {(test @ [100, 10, 1]).astype(int).tolist()}")
PYTHON
found=$(cd "$folder" && venv/bin/python look.py)
echo "$found"
diff <(echo "$found") - <<'SEEN'
# Column indices are zero-based
alone: [[5, 7], [3, 9]], no prediction for [57, 39]
n_features=3: [[5, 7, 0], [3, 9, 0]], [570, 390] for [57, 39]
zero_based=True: [[0, 5, 7], [0, 3, 9]], [57, 39] for [57, 39]
both files: [[0, 5, 7], [0, 3, 9]], [57, 39] for [57, 39]
SEEN
