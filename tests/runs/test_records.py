"""What was read is what it says it is, or the place where it is not is named."""

import copy

import pytest

from mlpcli.data.json_records import read_record
from mlpcli.runs.records import CheckpointHeader, Provenance, RunSummary

MADE = {
    "mlp_version": "1",
    "python": "3",
    "platform": "linux",
    "executor": "numpy",
    "libraries": {"numpy": "2"},
    "seed": 10**30,
    "precision": "float64",
    "graph": "ab",
    "data": {"train": {"file": "a.csv", "sha256": "cd"}},
}
FINDING = {
    "rule": "dead_activation",
    "severity": "problem",
    "cause": "It is dead.",
    "where": "hidden1",
    "key": "",
    "value": 1.5,
    "threshold": None,
    "remedies": [{"why": "it lives", "changes": ["seed=1"]}],
}
HALVING = {"epoch": 2, "after": 1, "rate_factor": 0.5}
VALUES = {
    "epoch": 3,
    "seconds": 0.1,
    "random": {"shuffle": {"state": 1}},
    "counters": {"stopping": {"best": float("inf")}},
    "kept": {"epoch": 3, "record": {"cost": float("nan")}, "scores": {}, "seconds": 1.5},
    "history": ["epoch"],
    "halvings": [HALVING],
    "findings": [
        {
            **FINDING,
            "consequences": [{**copy.deepcopy(FINDING), "consequences": []}],
            "epoch": 1,
            "batch": None,
        }
    ],
    "part": {"totals": {"cost": 1.5}, "rows": 4, "batches": 1},
    "earlier": {"epoch": 2, "random": None},
    "stopped": "",
    "made": MADE,
    "config": "a",
    "run_config": "b",
}
ENDED = {
    "epochs": 3,
    "kept_epoch": 3,
    "cost": None,
    "stopped": "all epochs done",
    "learning_rate": 0.1,
    "seconds": 1.0,
    "halvings": [HALVING],
    "model_sha256": "ab",
    "state_sha256": "cd",
    "test": {"task": "regression", "rows": 3, "targets": {"y": {"rmse": 1.0}}},
}
SUMMARY = {"made": MADE, "ended": ENDED}
WHOLE = [
    (VALUES, CheckpointHeader),
    (SUMMARY, RunSummary),
    (MADE, Provenance),
    ({**SUMMARY, "ended": None}, RunSummary),
]
FREE = ("shuffle", "stopping", "targets.y")
"""What is below these is looked at by those who use it."""
MAY_BE_NONE = "part earlier ended test sha256 value threshold cost batch random".split()
MAY_BE_GONE = ["learning_rate"]


def places(plain, where=""):
    keys = list(plain) if isinstance(plain, dict) else range(len(plain))
    for key in keys:
        inner = f"{where}.{key}".lstrip(".") if isinstance(plain, dict) else f"{where}[{key}]"
        yield inner, plain, key
        if isinstance(plain[key], dict | list) and not inner.endswith(FREE):
            yield from places(plain[key], inner)


CASES = [
    pytest.param(whole, kind, where, id=f"{kind.__name__}-{at}-{where}")
    for at, (whole, kind) in enumerate(WHOLE[:2])
    for where, _, _ in places(whole)
]


def with_change(whole, where, change):
    whole = copy.deepcopy(whole)
    [(container, key)] = [(c, k) for place, c, k in places(whole) if place == where]
    change(container, key)
    return whole


def put(value):
    return lambda container, key: container.__setitem__(key, value)


@pytest.mark.parametrize(("whole", "kind"), WHOLE)
def test_what_a_training_leaves_is_taken_and_more_beside_it(whole, kind):
    read_record(kind, whole)
    read_record(kind, {**whole, "of a later version": [1]})


@pytest.mark.parametrize(("whole", "kind", "where"), CASES)
def test_another_kind_of_value_is_refused_at_its_place(whole, kind, where):
    now = next(c[k] for place, c, k in places(whole) if place == where)
    name = where.rpartition(".")[2]
    wrong = [True, object(), -1 if type(now) is int else 1j, [3] if not isinstance(now, list) else {}]
    wrong += [] if isinstance(now, str) else ["x"]
    wrong += [] if name in MAY_BE_NONE else [None]
    for value in wrong:
        with pytest.raises(ValueError, match="is") as caught:
            read_record(kind, with_change(whole, where, put(value)))
        assert where in str(caught.value), value


@pytest.mark.parametrize(("whole", "kind", "where"), CASES)
def test_what_is_lacking_is_named(whole, kind, where):
    gone = with_change(whole, where, lambda container, key: container.__delitem__(key))
    parent, _, name = where.rpartition(".")
    free = parent.endswith(
        ("libraries", "data", "totals", "counters", "targets", "record")
    ) or where.endswith("]")
    if free or name in MAY_BE_GONE:
        read_record(kind, gone)
    else:
        with pytest.raises(ValueError, match="missing") as caught:
            read_record(kind, gone)
        assert where in str(caught.value)


def test_a_number_no_float_holds():
    with pytest.raises(ValueError, match="seconds"):
        read_record(CheckpointHeader, {**VALUES, "seconds": 10**400})
