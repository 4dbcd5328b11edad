"""What scores.py tries: for each set a time, and a dozen settings of either library.

Each was written down before the first score was seen, ours and scikit-learn's alike; which is taken, the
training rows say. The first of either is what configs/ shipped when they were written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

WARM = "schedule: cosine, warm_up: 1"
NESTEROV = "momentum: 0.9, nesterov: true"


@dataclass(frozen=True)
class Trial:
    """seconds: of one fit. holdouts: parts of the training rows that settings are judged by, in turn.

    probe: epochs that tell how long one takes. ours: as --set, parted by two blanks. theirs: as scikit-learn
    names them.
    """

    seconds: float
    holdouts: int
    probe: int
    ours: tuple[str, ...]
    theirs: tuple[dict[str, Any], ...]


def ours(hidden: str, optimizer: str, batch: int, *more: str) -> str:
    """One setting of ours."""
    given = (
        f"network.hidden=[{hidden}]",
        f"optimiser={{{optimizer}}}",
        f"training.batch_size={batch}",
        *more,
    )
    return "  ".join(given)


def theirs(hidden: tuple[int, ...], alpha: float, rate: float, batch: int, **more: Any) -> dict[str, Any]:
    """One setting of theirs."""
    given = {"hidden_layer_sizes": hidden, "alpha": alpha, "learning_rate_init": rate, "batch_size": batch}
    return given | more


EARLY: dict[str, Any] = {"early_stopping": True, "n_iter_no_change": 20}
"""A tenth of its training rows decide when to stop, and which weights are kept."""

ADAPTIVE: dict[str, Any] = {
    "solver": "sgd",
    "learning_rate": "adaptive",
    "n_iter_no_change": 10,
    "tol": 1e-4,
}
"""Nesterov's momentum of 0.9; the rate is divided by 5 when the loss stands still."""


def layer(units: int, **more: Any) -> str:
    """A hidden layer, relu where nothing else is said."""
    return f"{{units: {units}{''.join(f', {key}: {value}' for key, value in more.items())}}}"


def layers(*units: int, **more: Any) -> str:
    """Hidden layers, all alike but for their units."""
    return ", ".join(layer(each, **more) for each in units)


def one_cycle(name: str, rate: float, *more: str) -> str:
    """An optimiser whose rate rises and falls once."""
    return ", ".join((f"name: {name}, learning_rate: {rate}, schedule: one_cycle", *more))


SMOOTH = "loss={{name: {}, label_smoothing: {}}}".format

TRIALS = {
    "digits": Trial(
        seconds=6,
        holdouts=2,
        probe=50,
        ours=(
            ours("64", "name: adam, learning_rate: 0.002, l2: 1e-3", 32),
            ours(layers(128, dropout=0.3), one_cycle("adamw", 0.005), 64),
            ours(layers(256, dropout=0.5), one_cycle("adamw", 0.005), 64),
            ours(layers(256, dropout=0.5), one_cycle("adamw", 0.005), 64, SMOOTH("cross_entropy", 0.1)),
            ours(layers(256, 128, dropout=0.3), one_cycle("adamw", 0.003), 64),
            ours(layers(256, normalisation="batch", dropout=0.3), one_cycle("adamw", 0.005), 64),
            ours(layers(256, normalisation="layer", dropout=0.3), one_cycle("adamw", 0.005), 64),
            ours(layers(128, 128, normalisation="batch"), f"name: adamw, learning_rate: 0.003, {WARM}", 64),
            ours(layers(256, dropout=0.5), f"name: rmsprop, learning_rate: 0.001, {WARM}", 64),
            ours(layers(256, dropout=0.5), one_cycle("sgd", 0.1, NESTEROV, "clip_norm: 1"), 64),
            ours(layers(512, dropout=0.5), one_cycle("adamw", 0.003), 64, SMOOTH("cross_entropy", 0.05)),
            ours(layers(256, activation="gelu", dropout=0.5), one_cycle("adamw", 0.005), 64),
        ),
        theirs=(
            theirs((64,), 0.064, 0.002, 32),
            theirs((128,), 1e-4, 1e-3, 64),
            theirs((256,), 0.01, 1e-3, 64),
            theirs((256,), 0.1, 1e-3, 64),
            theirs((256,), 0.3, 1e-3, 64),
            theirs((512,), 0.01, 1e-3, 64),
            theirs((512,), 0.1, 1e-3, 64),
            theirs((256, 128), 0.01, 1e-3, 64),
            theirs((256,), 0.01, 1e-3, 64, **EARLY),
            theirs((256,), 0.1, 1e-3, 64, activation="tanh"),
            theirs((256,), 0.01, 0.05, 64, **ADAPTIVE),
            theirs((512,), 0.1, 3e-4, 200),
        ),
    ),
    "adult": Trial(
        seconds=8,
        holdouts=1,
        probe=5,
        ours=(
            ours("32", "name: adam, learning_rate: 0.001, l2: 3e-4", 256),
            ours(layers(64, dropout=0.3), one_cycle("adamw", 0.003), 256),
            ours(layers(128, dropout=0.5), one_cycle("adamw", 0.005), 512),
            ours(layers(128, 64, dropout=0.3), one_cycle("adamw", 0.005), 512),
            ours(layers(128, 64, dropout=0.5), one_cycle("adamw", 0.005), 512),
            ours(
                layers(64, normalisation="batch", dropout=0.3),
                f"name: adamw, learning_rate: 0.003, {WARM}",
                256,
            ),
            ours(layers(128, 64, normalisation="layer", dropout=0.3), one_cycle("adamw", 0.003), 512),
            ours("128", one_cycle("adam", 0.003, "l2: 3e-4"), 256),
            ours("64, 32", f"name: adam, learning_rate: 0.002, l2: 3e-4, {WARM}", 256),
            ours(layers(128, dropout=0.5), "name: rmsprop, learning_rate: 0.001, schedule: exponential", 256),
            ours(layers(128, dropout=0.3), one_cycle("sgd", 0.1, NESTEROV, "clip_norm: 1"), 256),
            ours(
                layers(128, dropout=0.3),
                one_cycle("adamw", 0.003),
                256,
                SMOOTH("binary_cross_entropy", 0.05),
                "data.validation=0.1",
            ),
        ),
        theirs=(
            theirs((32,), 0.15, 1e-3, 256),
            theirs((64,), 0.15, 1e-3, 256),
            theirs((128,), 0.3, 1e-3, 256),
            theirs((128,), 1.0, 1e-3, 512),
            theirs((64, 32), 0.15, 1e-3, 256),
            theirs((128, 64), 0.3, 1e-3, 256),
            theirs((64,), 1e-4, 1e-3, 256, **EARLY),
            theirs((128, 64), 0.01, 1e-3, 256, **EARLY),
            theirs((64,), 0.15, 1e-3, 256, activation="tanh"),
            theirs((128,), 0.15, 0.05, 256, **ADAPTIVE),
            theirs((32,), 0.15, 3e-4, 256),
            theirs((64,), 0.6, 1e-3, 512, **EARLY),
        ),
    ),
    "california-housing": Trial(
        seconds=10,
        holdouts=1,
        probe=6,
        ours=(
            ours("128, 64", "name: adam, learning_rate: 0.002, l2: 1e-5", 128),
            ours("128, 64", one_cycle("adamw", 0.005), 128),
            ours("256, 128", one_cycle("adamw", 0.003), 256),
            ours(layers(128, 64, dropout=0.1), one_cycle("adamw", 0.005), 128),
            ours(layers(256, 128, normalisation="batch"), one_cycle("adamw", 0.005), 256),
            ours(layers(128, 64, normalisation="layer"), one_cycle("adamw", 0.005), 128),
            ours("128, 128, 64", one_cycle("adamw", 0.003), 128),
            ours(layers(128, 64, activation="gelu"), one_cycle("adamw", 0.003), 128),
            ours("128, 64", f"name: adam, learning_rate: 0.003, l2: 3e-5, {WARM}", 128),
            ours("256, 64", one_cycle("adamw", 0.003), 256, "loss=huber"),
            ours("128, 64", f"name: rmsprop, learning_rate: 0.001, clip_norm: 1, {WARM}", 128),
            ours("128, 64", one_cycle("sgd", 0.05, NESTEROV, "clip_norm: 1"), 128),
        ),
        theirs=(
            theirs((128, 64), 1.28e-3, 2e-3, 128),
            theirs((128, 64), 1e-4, 1e-3, 128),
            theirs((128, 64), 1e-4, 1e-3, 128, **EARLY),
            theirs((256, 128), 1e-4, 1e-3, 256, **EARLY),
            theirs((256, 128), 0.01, 1e-3, 256),
            theirs((128, 128, 64), 1e-4, 1e-3, 128, **EARLY),
            theirs((128, 64), 0.1, 1e-3, 128),
            theirs((128, 64), 1.0, 1e-3, 128),
            theirs((128, 64), 0.01, 1e-3, 128, activation="tanh"),
            theirs((128, 64), 0.01, 0.02, 128, **ADAPTIVE),
            theirs((64, 64), 0.1, 5e-4, 128),
            theirs((256, 128), 0.3, 3e-4, 256, **EARLY),
        ),
    ),
}
