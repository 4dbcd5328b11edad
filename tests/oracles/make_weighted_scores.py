"""Scores of weighted rows, and balanced class weights, by scikit-learn: writes weighted_scores.json.

Needs scikit-learn (made with 1.9.1); the test needs only the JSON.
"""

import json
from pathlib import Path

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    log_loss,
    mean_absolute_error,
    mean_squared_error,
    precision_recall_fscore_support,
    r2_score,
)
from sklearn.utils.class_weight import compute_class_weight

rng = np.random.default_rng(4)
classes = rng.choice(3, 40, p=[0.7, 0.2, 0.1])
probabilities = rng.dirichlet(np.ones(3), 40)
weights = rng.uniform(0, 4, 40)
called = probabilities.argmax(1)
target, prediction = rng.normal(5, 2, (2, 40))
precision, recall, f1, _ = precision_recall_fscore_support(classes, called, sample_weight=weights)
found = {
    "classes": classes.tolist(),
    "probabilities": probabilities.tolist(),
    "weights": weights.tolist(),
    "target": target.tolist(),
    "prediction": prediction.tolist(),
    "accuracy": accuracy_score(classes, called, sample_weight=weights),
    "log_loss": log_loss(classes, probabilities, sample_weight=weights),
    "confusion": confusion_matrix(classes, called, sample_weight=weights).tolist(),
    "precision": precision.tolist(),
    "recall": recall.tolist(),
    "f1": f1.tolist(),
    "rmse": mean_squared_error(target, prediction, sample_weight=weights) ** 0.5,
    "mae": mean_absolute_error(target, prediction, sample_weight=weights),
    "r2": r2_score(target, prediction, sample_weight=weights),
    "balanced": compute_class_weight("balanced", classes=np.arange(3), y=classes).tolist(),
}
(Path(__file__).parent / "weighted_scores.json").write_text(json.dumps(found, indent=0) + "\n")
