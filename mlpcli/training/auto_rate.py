"""The learning rate `auto`: found by a range test before the training."""

from __future__ import annotations

from dataclasses import replace

from mlpcli.problem.problem import Problem, random_stream


def resolve_auto_rate(prepared: Problem) -> Problem:
    """Return the problem with a number instead of the learning rate `auto`, found on the training rows.

    A problem whose learning rate is a number already is returned as it is.
    """
    if not prepared.optimizer.automatic:
        return prepared
    from mlpcli.training.range_test import range_test  # seldom needed

    found = range_test(
        prepared.executor,
        prepared.network,
        prepared.optimizer,
        prepared.initial_values(),
        prepared.rows(prepared.dataset.training),
        prepared.batch_rows,
        random_stream(prepared.config.seed, "range_test"),
    )
    return replace(prepared, optimizer=prepared.optimizer.at_rate(found.chosen), found_rate=found)
