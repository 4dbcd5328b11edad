"""The records in checkpoint.npz, run.json and findings.json; data/json_records.py reads them."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class DataFile(TypedDict):
    """A data file. sha256: None for what could be read once only, such as a pipe."""

    file: str
    sha256: str | None


class Provenance(TypedDict):
    """The data, versions and settings that a training was made of.

    graph: a digest of the step. data: by key of the config. schema: what the columns mean, see
    Schema.to_json. start_from: a digest of the initial weights, where they were taken over from another
    training.
    """

    mlp_version: str
    python: str
    platform: str
    executor: str
    libraries: dict[str, str]
    seed: int
    precision: str
    graph: str
    data: dict[str, DataFile]
    schema: NotRequired[dict[str, Any]]
    start_from: NotRequired[str]


class Halving(TypedDict):
    """A halving of the learning rate: the cost of `epoch` was not finite, and training resumed after `after`.

    rate_factor: what the configured rate is multiplied by from there on.
    """

    epoch: int
    after: int
    rate_factor: float


class TestScores(TypedDict):
    """The scores on the test rows, by target and name; some of them are tables."""

    task: str
    rows: int
    targets: dict[str, dict[str, Any]]


class RunOutcome(TypedDict):
    """How a training ended. cost, loss, scores: those of the kept epoch; None where they are not finite.

    A record of an earlier version has no scores, and its cost is that of the last epoch. learning_rate: where
    it was found by a range test.
    """

    epochs: int
    kept_epoch: int
    cost: float | None
    stopped: str
    loss: NotRequired[float | None]
    scores: NotRequired[dict[str, float | None]]
    learning_rate: NotRequired[float]


class Ended(RunOutcome):
    """The outcome of a training, and the digests that another run is compared by."""

    seconds: float
    halvings: list[Halving]
    model_sha256: str
    state_sha256: str
    test: TestScores | None


class RunSummary(TypedDict):
    """The content of run.json. ended: None while the training is not over.

    experiment: a digest of what all seeds have in common, while they are trained.
    """

    made: Provenance
    ended: Ended | None
    experiment: NotRequired[str]


class Change(TypedDict):
    """A remedy. changes: as --set takes them."""

    why: str
    changes: list[str]


class FindingRecord(TypedDict):
    """A finding, see runs/finding.py. measure: what the value is; earlier versions do not say it."""

    rule: str
    severity: str
    cause: str
    where: str
    key: str
    value: float | None
    threshold: float | None
    remedies: list[Change]
    consequences: list[FindingRecord]
    measure: NotRequired[str]


class ReportedFindingRecord(FindingRecord):
    """A finding that was reported during a training. batch: of that epoch, where it is known."""

    epoch: int
    batch: int | None


class KeptEpoch(TypedDict):
    """The epoch whose weights become the model. record: its row of the history. scores: of its weights."""

    epoch: int
    record: dict[str, float | None]
    scores: dict[str, float | None]
    seconds: float


class PartialEpoch(TypedDict):
    """The part of an epoch that was done before an interrupt. totals: the sum of each followed output."""

    totals: dict[str, float]
    rows: int
    batches: int


class Earlier(TypedDict):
    """The epoch before. random: the state of its random stream."""

    epoch: int
    random: dict[str, Any] | None


class Stream(TypedDict):
    """The state of the random stream that the order of the rows is drawn from."""

    shuffle: dict[str, Any]


class RunOrigin(TypedDict):
    """The provenance of a training, its config as it was given, and as it is in the run folder."""

    made: Provenance
    config: str
    run_config: str


class CheckpointHeader(RunOrigin):
    """The content of a checkpoint beside its arrays.

    epoch: whole epochs done. history: names of its columns. part: what was done of the next epoch. stopped:
    why the training is over; "" where it is not.
    """

    epoch: int
    seconds: float
    random: Stream
    counters: dict[str, dict[str, Any]]
    kept: KeptEpoch
    history: list[str]
    halvings: list[Halving]
    findings: list[ReportedFindingRecord]
    part: PartialEpoch | None
    earlier: Earlier | None
    stopped: str
