"""What the plain data in checkpoint.npz and run.json is made of, and whether what was read is that."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypedDict, Union, get_args, get_origin, get_type_hints, is_typeddict


class DataFile(TypedDict):
    """sha256: None for what could be read once only."""

    file: str
    sha256: str | None


class Continued(TypedDict, total=False):
    """There only where a training began with the weights of another: a digest of them."""

    start_from: str


class Made(Continued):
    """What a training was made of. data: by key of the config. graph: a digest of the step."""

    mlp_version: str
    python: str
    platform: str
    executor: str
    libraries: dict[str, str]
    seed: int
    precision: str
    graph: str
    data: dict[str, DataFile]


class Halving(TypedDict):
    """Of the learning rate: lost in `epoch`, gone on with after `after`, at rate_factor times the rate."""

    epoch: int
    after: int
    rate_factor: float


class Test(TypedDict):
    """Scores on the test rows, by target and name; some of them tables."""

    task: str
    rows: int
    targets: dict[str, dict[str, Any]]


class LookedFor(TypedDict, total=False):
    """There only where the rate was looked for."""

    learning_rate: float


class Scored(LookedFor, total=False):
    """Scores of the epoch that is kept, by name; runs of earlier versions have none."""

    loss: float | None
    scores: dict[str, float | None]


class Outcome(Scored):
    """How a training ended. cost: of the epoch that is kept, None where it is no number.

    Without scores it is an earlier version's, and the cost is that of the last epoch.
    """

    epochs: int
    kept_epoch: int
    cost: float | None
    stopped: str


class Ended(Outcome):
    """The same, and what there is to compare with."""

    seconds: float
    halvings: list[Halving]
    model_sha256: str
    state_sha256: str
    test: Test | None


class Summary(TypedDict):
    """run.json. ended: None while the training is not over."""

    made: Made
    ended: Ended | None


class Change(TypedDict):
    """A remedy: the changes as --set takes them."""

    why: str
    changes: list[str]


class Measured(TypedDict, total=False):
    """There only in what a version wrote that says it: what the value of a finding is."""

    measure: str


class Found(Measured):
    """A finding; that which it explains is of the same kind."""

    rule: str
    severity: str
    cause: str
    where: str
    key: str
    value: float | None
    threshold: float | None
    remedies: list[Change]
    consequences: list[Found]


class Seen(Found):
    """A finding, and when it was seen."""

    epoch: int
    batch: int | None


class Best(TypedDict):
    """The weights that become the model: of that epoch. record, scores, seconds: see BestWeights."""

    epoch: int
    record: dict[str, float | None]
    scores: dict[str, float | None]
    seconds: float


class Begun(TypedDict):
    """What was done of an epoch. totals: of each followed output."""

    totals: dict[str, float]
    rows: int
    batches: int


class Earlier(TypedDict):
    """The epoch before. random: the state of its stream."""

    epoch: int
    random: dict[str, Any] | None


class Stream(TypedDict):
    """The state of the stream that orders are drawn from."""

    shuffle: dict[str, Any]


class Given(TypedDict):
    """What a training was made of, its config as given, and as it is in the folder of the run."""

    made: Made
    config: str
    run_config: str


class Values(Given):
    """A checkpoint. epoch: done so far. stopped: why it is over, "" where it is not. history: columns."""

    epoch: int
    seconds: float
    random: Stream
    counters: dict[str, dict[str, Any]]
    kept: Best
    history: list[str]
    halvings: list[Halving]
    findings: list[Seen]
    part: Begun | None
    earlier: Earlier | None
    stopped: str


def check(value: Any, kind: Any, where: str = "") -> None:
    """Raises ValueError naming the place where `value` is not of the kind, one of the above or a part of it.

    Keys beyond those that are named are let be: a later version may write more. Counts below 0 are none.
    """
    if kind is Any:
        return
    options = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    if value is None and NoneType in options:
        return
    [kind] = [each for each in options if each is not NoneType]
    outer = get_origin(kind) or kind
    if is_typeddict(kind):
        _check_is(value, dict, where)
        for key, inner in _keys(kind).items():
            if key in value:
                check(value[key], inner, _place(where, key))
            elif key in kind.__required_keys__:
                raise ValueError(f"{_place(where, key)} is missing")
    elif outer is dict:
        _check_is(value, dict, where)
        for key, each in value.items():
            check(each, get_args(kind)[1], _place(where, key))
    elif outer is list:
        _check_is(value, list, where)
        for at, each in enumerate(value):
            check(each, get_args(kind)[0], f"{where}[{at}]")
    elif kind is float:
        _check_is(value, (int, float), where)
        if abs(value) > sys.float_info.max and not isinstance(value, float):
            raise ValueError(f"{where} is larger than a number can be")
    else:
        _check_is(value, kind, where)
        if kind is int and value < 0:
            raise ValueError(f"{where} is {value}")


@cache
def _keys(kind: Any) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _place(where: str, key: str) -> str:
    return f"{where}.{key}".lstrip(".")[-100:]


def _check_is(value: Any, kind: Any, where: str) -> None:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f"{where or 'the whole'} is {repr(value)[:40]}")
