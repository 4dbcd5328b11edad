"""Rules that see only consequences where a network cannot learn, by the kind of the reason."""

from __future__ import annotations

STANDSTILL = (
    "learning_rate_too_low",
    "seed_dependent",
    "stalled_at_baseline",
    "too_few_epochs",
    "too_little_capacity",
)
"""Consequences where hardly any gradient moves the network: it seems to lack longer or more steps, units or
luck."""
FAILURES = (
    "class_imbalance",
    "cost_oscillates",
    "dead_activation",
    "effectively_linear",
    "exploding_activations",
    "learning_rate_too_high",
    "learning_rate_too_low",
    "overconfident_start",
    "overfitting",
    "saturated_layer",
    "seed_dependent",
    "sorted_rows",
    "stalled_at_baseline",
    "targets_unrelated",
    "too_few_epochs",
    "too_little_capacity",
    "vanishing_gradient",
    "weights_too_large",
    "weights_too_small",
)
"""Consequences where the output or the cost is wrong: the network stays at the baseline, or the cost runs
away, with every rate, seed, width and number of epochs."""
EVEN_SCALING = (*FAILURES, "inputs_unscaled", "targets_unscaled")
"""FAILURES where nothing can be said about the size of inputs and targets either."""
WRONG_SIZE = (
    "cost_oscillates",
    "dead_activation",
    "learning_rate_too_high",
    "learning_rate_too_low",
    "saturated_layer",
    "seed_dependent",
    "stalled_at_baseline",
    "too_few_epochs",
    "too_little_capacity",
    "vanishing_gradient",
)
"""Consequences of values too large or too small at the start, wherever they come from: units that are flat,
steps that do not fit, and what is tried against them in vain."""
NOTHING_LEARNED = (
    *WRONG_SIZE,
    "class_imbalance",
    "exploding_activations",
    "inputs_too_small",
    "inputs_unscaled",
    "over_regularised",
    "overconfident_start",
    "sorted_rows",
    "targets_unscaled",
    "weights_too_large",
    "weights_too_small",
)
"""Consequences where no step goes the right way, or none at all: what the training does is no evidence."""
