"""Why a training ended, as it is kept in run.json and printed."""

ALL_DONE = "all epochs done"
INTERRUPTED = "interrupted"
NOT_FINITE = "the cost is not finite"
WEIGHTS_NOT_FINITE = "the weights are not finite"
NON_FINITE = (NOT_FINITE, WEIGHTS_NOT_FINITE)
"""Reasons of a training that failed."""
