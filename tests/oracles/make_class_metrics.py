"""ROC area, average precision, balanced accuracy and macro F1, by scikit-learn: writes class_metrics.json.

Needs scikit-learn (made with 1.9.1); the test needs only the JSON. null stands for NaN.
"""

import json
import math
import warnings
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score, balanced_accuracy_score, f1_score, roc_auc_score

warnings.simplefilter("ignore")  # each case without a class warns
rng = np.random.default_rng(11)


def case(name, classes, probabilities, weights=None):
    """Return what scikit-learn makes of these rows. classes: (rows,). probabilities: (rows, classes)."""
    called, count = probabilities.argmax(1), probabilities.shape[1]
    if count == 2:
        auc = roc_auc_score(classes, probabilities[:, 1], sample_weight=weights)
        precision = average_precision_score(classes, probabilities[:, 1], sample_weight=weights)
    else:
        auc = roc_auc_score(
            classes, probabilities, sample_weight=weights, multi_class="ovr", labels=np.arange(count)
        )
        # With the classes themselves it takes no absent class; these columns are what it makes of them.
        precision = average_precision_score(np.eye(count)[classes], probabilities, sample_weight=weights)
    found = {
        "auc": auc,
        "average_precision": precision,
        "balanced_accuracy": balanced_accuracy_score(classes, called, sample_weight=weights),
        "f1": f1_score(classes, called, sample_weight=weights, average="macro"),
    }
    return {
        "name": name,
        "classes": classes.tolist(),
        "probabilities": probabilities.tolist(),
        "weights": None if weights is None else weights.tolist(),
        "scores": {key: None if math.isnan(value) else float(value) for key, value in found.items()},
    }


def drawn(rows, count, steps=None):
    """Return probabilities that sum to 1; steps: multiples of 1/steps, so that many are equal."""
    if steps is None:
        return rng.dirichlet(np.ones(count), rows)
    return rng.multinomial(steps, np.ones(count) / count, rows) / steps


cases = []
for count in (2, 4):
    classes = rng.choice(count, 30, p=[0.7, 0.3] if count == 2 else [0.5, 0.2, 0.2, 0.1])
    classes[:count] = np.arange(count)
    some = rng.uniform(0, 3, 30) * rng.integers(0, 2, 30)
    some[:count] = 1.0
    for ties, steps in (("", None), (", ties", 4)):
        probabilities = drawn(30, count, steps)
        cases.append(case(f"{count} classes{ties}", classes, probabilities))
        cases.append(case(f"{count} classes{ties}, weights", classes, probabilities, rng.uniform(0, 3, 30)))
        cases.append(case(f"{count} classes{ties}, weights of 0", classes, probabilities, some))
    flat = np.full((30, count), 1 / count)
    cases.append(case(f"{count} classes, all equal", classes, flat))
    last = np.where(classes == count - 1, 0, classes)
    cases.append(case(f"{count} classes, the last absent", last, drawn(30, count)))
    cases.append(case(f"{count} classes, weights, the last absent", last, drawn(30, count), some))
cases.append(case("positive rows alone", np.ones(5, int), drawn(5, 2)))
cases.append(case("one row", np.array([1]), np.array([[0.25, 0.75]])))
cases.append(
    case("in order", np.array([0, 0, 1, 1]), np.array([[0.9, 0.1], [0.6, 0.4], [0.5, 0.5], [0.2, 0.8]]))
)
(Path(__file__).parent / "class_metrics.json").write_text(json.dumps(cases, indent=0) + "\n")
