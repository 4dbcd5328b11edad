#!/usr/bin/env bash
# scikit-learn 1.9.1: rows of weight 0 are not the same as no rows, for macro F1 and for balanced accuracy.
#
# One would guess: a row whose sample_weight is 0 counts as if it were not there, as in fitting. Seen: f1_score with
# average="macro" keeps a class all of whose rows weigh 0 and takes 0 for its F1, so that the mean falls from 1 to 1/2;
# balanced_accuracy_score makes 0/0 of its recall and leaves it out, with a warning; accuracy_score does not see it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check scikit-learn==1.9.1
cat > "$folder/look.py" <<'PYTHON'
import warnings

from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

true, called, weights = ["a", "a", "b"], ["a", "a", "a"], [1.0, 1.0, 0.0]
measures = {
    "accuracy": accuracy_score,
    "balanced accuracy": balanced_accuracy_score,
    "macro F1": lambda y, z, **more: f1_score(y, z, average="macro", zero_division=0.0, **more),
}
for name, measure in measures.items():
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with_row = measure(true, called, sample_weight=weights)
        count = len(told)
        without = measure(true[:2], called[:2])
    print(f"{name}: {with_row:g} with the row of weight 0, {without:g} without it, {count} warnings")
PYTHON
found=$("$folder/venv/bin/python" "$folder/look.py")
echo "$found"
diff <(echo "$found") - <<'SEEN'
accuracy: 1 with the row of weight 0, 1 without it, 0 warnings
balanced accuracy: 1 with the row of weight 0, 1 without it, 1 warnings
macro F1: 0.5 with the row of weight 0, 1 without it, 0 warnings
SEEN
