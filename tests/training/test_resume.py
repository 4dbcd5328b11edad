"""A training that is broken off and gone on with ends with the bits of one that was left alone."""

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from cli.world import mlp

from mlpcli import resume, train
from mlpcli.errors import ConfigError, DataError, ModelFileError, RunFailed
from mlpcli.experiments.digests import digests
from mlpcli.experiments.verify_resume import verify_resume
from mlpcli.runs.array_file import HEADER, read_arrays, write_arrays
from mlpcli.runs.checkpoint import KIND, VERSION, Checkpoint
from mlpcli.training.events import EpochDone, Halved, ReportedFinding, RunEnded, Started
from sampling import sampled

CONFIGS = Path(__file__).parents[2] / "configs"
IRIS = CONFIGS / "iris.yaml"
NATIVE = ["training.epochs=9", "training.print_every=2"]
SHORT = [*NATIVE, "executor=numpy"]


class Killed(BaseException):
    """Nothing is saved any more."""


def killed(config, overrides, runs, after=5, **more):
    """The folder of a training that was killed after some epoch."""
    seen = []

    def report(event):
        if isinstance(event, Started):
            seen.append(event.folder)
        elif isinstance(event, EpochDone) and event.number >= after:
            raise Killed

    with pytest.raises(Killed):
        train(config, overrides, runs, report, keep_every=0.0, **more)
    return seen[0]


@pytest.fixture(scope="module")
def killed_once(tmp_path_factory):
    return killed(IRIS, SHORT, tmp_path_factory.mktemp("killed"))


@pytest.fixture
def broken(killed_once, tmp_path):
    """A copy of the folder of a training that was killed after five epochs."""
    return Path(shutil.copytree(killed_once, tmp_path / "broken"))


@pytest.mark.parametrize(
    "overrides",
    [
        ["executor=auto"],
        ["data.validation=0.3", "training.stop.patience=2", "precision=float32"],
        ["optimiser={name: sgd, learning_rate: 0.1, momentum: 0.9, l2: 0.01}", "training.shuffle=false"],
        ["data.validation=0.3", "training.batch_size=full", "training.on_divergence=halve"],
    ],
    ids=str,
)
def test_the_same_bits(overrides):
    found = verify_resume(IRIS, [*SHORT, *overrides])
    assert found.same, found
    assert len(found.breaks) >= 3
    assert len({each.first for each in found.compared}) == 4


def test_many_short_epochs_in_a_stretch():
    changes = ["training.epochs=3000", "training.print_every=1000"]
    found = verify_resume(CONFIGS / "xor-tanh.yaml", changes)
    assert found.same, found


def test_what_differs_is_seen(tmp_path):
    first, second = (train(IRIS, [*SHORT, f"seed={seed}"], tmp_path).path for seed in (1, 2))
    assert all(a != b for a, b in zip(digests(first).values(), digests(second).values()))


def test_an_interrupted_epoch_is_told_and_kept(tmp_path):
    seen = []
    run = train(IRIS, SHORT, tmp_path, seen.append, lambda: len(seen) > 5)
    assert (run.stopped, run.interrupted) == ("interrupted", True)
    values = Checkpoint.read(run.path / "checkpoint.npz").values
    assert (values["part"]["batches"], values["part"]["rows"], values["epoch"]) == (1, 16, run.epochs - 1)
    assert run.history[-1]["epoch"] == run.epochs
    seen.clear()
    whole = resume(run.path, report=seen.append)
    assert (seen[0].after, seen[0].batches) == (run.epochs - 1, 1)
    assert [record["epoch"] for record in whole.history] == [2, 4, 6, 8, 9]
    assert (run.path / "history.csv").read_text().count("\n") == 6
    assert digests(run.path) == digests(train(IRIS, SHORT, tmp_path).path)


def test_a_complete_run_is_left_as_it_is(tmp_path):
    run = train(IRIS, SHORT, tmp_path)
    before = {path.name: path.read_bytes() for path in run.path.iterdir()}
    seen = []
    again = resume(run.path, report=seen.append)
    assert [(type(event), event.anew) for event in seen] == [(RunEnded, False)]
    assert (again.stopped, again.epochs, again.history) == (run.stopped, run.epochs, run.history)
    assert {path.name: path.read_bytes() for path in run.path.iterdir()} == before


def test_more_epochs_are_those_of_a_longer_run(tmp_path):
    run = train(IRIS, [*SHORT, "training.epochs=4"], tmp_path)
    more = resume(run.path, ["training.epochs=9"])
    assert more.epochs == 9
    assert digests(run.path) == digests(train(IRIS, SHORT, tmp_path).path)
    assert "epochs: 9" in (run.path / "config.yaml").read_text()
    with pytest.raises(ConfigError, match="9 epochs are done"):
        resume(run.path, ["training.epochs=5"])


def test_other_rules_for_stopping(tmp_path):
    run = train(IRIS, ["executor=numpy", "data.validation=0.3", "training.stop.cost_below=10"], tmp_path)
    assert run.epochs == 1
    assert resume(run.path).epochs == 1
    assert resume(run.path, ["training.stop.cost_below=null", "training.epochs=3"]).epochs == 3


@pytest.mark.parametrize(
    "change", ["seed=7", "optimiser.learning_rate=1", "network.hidden[0].units=3", "training.batch_size=5"]
)
def test_a_change_of_what_was_done_is_refused(broken, change):
    with pytest.raises(ConfigError) as caught:
        resume(broken, [change])
    [fault] = caught.value.faults
    assert change.partition("=")[0] in fault.where
    assert "train anew" in fault.remedy
    text = (broken / "config.yaml").read_text()
    (broken / "config.yaml").write_text(text.replace("epochs: 9", "epochs: 9, shuffle: false"))
    with pytest.raises(ConfigError, match=r"training\.shuffle"):
        resume(broken)


def data_of_its_own(tmp_path):
    (tmp_path / "mine.csv").write_bytes((CONFIGS.parent / "datasets" / "iris.csv").read_bytes())
    return [*SHORT, f"data.train={tmp_path / 'mine.csv'}"]


def test_data_that_changed_are_named(tmp_path):
    path = killed(IRIS, data_of_its_own(tmp_path), tmp_path)
    rows = (tmp_path / "mine.csv").read_text()
    (tmp_path / "mine.csv").write_text(rows.replace("5.1", "5.2", 1))
    with pytest.raises(DataError, match=r"mine\.csv(.|\n)*sha256 differs"):
        resume(path)
    (tmp_path / "moved.csv").write_text(rows)
    assert resume(path, [f"data.train={tmp_path / 'moved.csv'}"]).epochs == 9


def test_another_executor_is_refused(tmp_path):
    pytest.importorskip("llvmlite")
    path = killed(IRIS, NATIVE, tmp_path)
    with pytest.raises(ModelFileError, match="executor native; here it would be numpy"):
        resume(path, ["executor=numpy"])
    assert resume(path, ["executor=native"]).epochs == 9


def test_another_version_is_said_and_another_computation_refused(broken):
    found = Checkpoint.read(broken / "checkpoint.npz")

    def changed(**made):
        Checkpoint({**found.values, "made": {**found.values["made"], **made}}, found.groups).write(
            broken / "checkpoint.npz"
        )

    changed(mlp_version="0.0.1", graph="other")
    with pytest.raises(ModelFileError, match=r"Resume with mlp 0\.0\.1"):
        resume(broken)
    changed(mlp_version="0.0.1", libraries={"numpy": "1.0"})
    seen = []
    resume(broken, report=seen.append)
    assert any(note.startswith("mlp was 0.0.1") for note in seen[0].notes)
    assert any(note.startswith("numpy was 1.0") for note in seen[0].notes)


def test_a_damaged_checkpoint_is_never_a_fresh_start(broken):
    whole = (broken / "checkpoint.npz").read_bytes()
    for at in range(0, len(whole), 331):
        (broken / "checkpoint.npz").write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        with pytest.raises(ModelFileError):
            resume(broken)
        (broken / "checkpoint.npz").write_bytes(whole[:at])
        with pytest.raises(ModelFileError):
            resume(broken)
    (broken / "checkpoint.npz").unlink()
    with pytest.raises(ModelFileError, match=r"no checkpoint\.npz, though the training had begun"):
        resume(broken)


NEW_VALUES = [None, 3, "x", [], {}, [1, 2], -1]


@pytest.mark.parametrize("turn", sampled([0, 1], lambda turn: turn == 0))
@pytest.mark.parametrize("number", range(len(NEW_VALUES)), ids=lambda number: repr(NEW_VALUES[number]))
def test_a_checkpoint_with_other_values_is_refused_or_of_use(broken, number, turn):
    """One turn of two is always run: every value is exchanged in it, for every other of the new ones."""
    header, arrays = read_arrays(broken / "checkpoint.npz", KIND, VERSION)
    for key in list(header["values"])[(number + turn) % 2 :: 2]:
        values = {**header["values"], key: NEW_VALUES[number]}
        write_arrays(broken / "checkpoint.npz", {**header, "values": values}, arrays)
        try:
            resume(broken)
        except (ModelFileError, ConfigError, DataError):
            continue
        finally:
            write_arrays(broken / "checkpoint.npz", header, arrays)


def test_older_and_newer_checkpoints(broken):
    header, arrays = read_arrays(broken / "checkpoint.npz", KIND, VERSION)
    for version, words in ((1, "did not keep all"), (7, f"version 7; this mlp reads up to {VERSION}")):
        write_arrays(broken / "checkpoint.npz", {**header, "format_version": version}, arrays)
        with pytest.raises(ModelFileError, match=words):
            resume(broken)


def test_a_run_killed_before_its_first_checkpoint(tmp_path):
    path = killed(IRIS, SHORT, tmp_path, after=1)
    for name in ("checkpoint.npz", "history.csv", "run.json"):
        (path / name).unlink(missing_ok=True)
    seen = []
    resume(path, report=seen.append)
    assert any("starts from its config.yaml" in note for note in seen[0].notes)
    assert digests(path) == digests(train(IRIS, SHORT, tmp_path).path)


DIVERGING = [
    "optimiser={name: sgd, learning_rate: 1e30}",
    "data.target=petal_width_cm",
    "data.ignore=[species]",
    "training.epochs=30",
    "training.print_every=1",
    "network.hidden[0].activation=relu",
]


@pytest.mark.parametrize("executor", ["numpy", "auto"])
def test_at_half_the_rate_after_a_lost_cost(tmp_path, executor):
    """The rate is so high that all halvings are used up; each is told, and the last good weights are kept."""
    seen = []
    overrides = [*DIVERGING, f"executor={executor}", "training.on_divergence=halve"]
    with pytest.raises(RunFailed):
        train(IRIS, overrides, tmp_path, seen.append)
    halved = [event for event in seen if isinstance(event, Halved)]
    assert [event.factor for event in halved] == [0.5, 0.25, 0.125, 0.0625, 0.03125]
    assert all(event.after < event.epoch for event in halved)
    [run] = tmp_path.iterdir()
    recorded = json.loads((run / "run.json").read_text())["ended"]["halvings"]
    assert [each["rate_factor"] for each in recorded] == [event.factor for event in halved]
    with pytest.raises(RunFailed, match="not finite"):
        resume(run)


HALVED = [
    (layers, more, executor)
    for layers in (1, 2)
    for more in ((), ("data.validation=0.3",))
    for executor in ("numpy", "auto")
]


@pytest.mark.parametrize(
    ("layers", "more", "executor"),
    sampled(HALVED, lambda case: case in (HALVED[1], HALVED[6])),  # every value of each is in one
)
def test_halving_saves_a_training_and_goes_on_to_the_same_bits(tmp_path, executor, more, layers):
    rate, hidden = {1: (1, "[{units: 16, activation: relu}]"), 2: (20, "[16, 8]")}[layers]
    overrides = [
        *DIVERGING[1:3],
        "data.target_scaling=none",
        "precision=float32",
        f"optimiser={{name: sgd, learning_rate: {rate}}}",
        f"network.hidden={hidden}",
        "training.epochs=12",
        "training.print_every=1",
        "training.on_divergence=halve",
        f"executor={executor}",
        *more,
    ]
    seen = []
    run = train(IRIS, overrides, tmp_path / "whole", seen.append)
    halved = [event for event in seen if isinstance(event, Halved)]
    assert 0 < len(halved) <= 5
    assert np.isfinite(run.cost)
    assert [record["epoch"] for record in run.history] == list(range(1, 13))
    findings = [event.finding.rule for event in seen if isinstance(event, ReportedFinding)]
    assert findings.count("cost_not_finite") == len(halved)
    found = verify_resume(IRIS, overrides)
    assert found.same, found


def test_nothing_of_it_is_there_without_halving(tmp_path):
    run = train(IRIS, SHORT, tmp_path)
    with zipfile.ZipFile(run.path / "checkpoint.npz") as archive:
        assert not any("rate_factor" in name for name in archive.namelist())
        assert json.loads(archive.read(HEADER))["values"]["halvings"] == []


def test_what_the_clock_ends_is_not_verified():
    with pytest.raises(ConfigError, match=r"key training\.stop\.max_time"):
        verify_resume(IRIS, ["training.stop.max_time=0.5"])


@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_a_complete_run_without_its_model_is_no_complete_run(damage, tmp_path):
    run = train(IRIS, SHORT, tmp_path)
    model = run.path / "model.npz"
    whole = model.read_bytes()
    model.unlink()
    if damage == "cut":
        model.write_bytes(whole[:-9])
    with pytest.raises(ModelFileError, match="its model.npz is gone" if damage == "gone" else "damaged"):
        resume(run.path)
    if damage == "gone":
        assert "model.npz is gone: train again" in mlp("show", run.path).stdout


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle"])
def test_a_schedule_over_all_epochs_has_no_more(schedule, tmp_path):
    run = train(IRIS, [*SHORT, f"optimiser.schedule={schedule}"], tmp_path)
    with pytest.raises(ConfigError, match=f"key training.epochs\n  The schedule {schedule} is laid out"):
        resume(run.path, ["training.epochs=99"])


def test_a_cost_lost_before_any_step_is_not_the_rate(tmp_path):
    formula = "network.hidden=[{units: 3, activation: {formula: log(x)}}]"
    changes = [formula, "training.epochs=2", "executor=numpy"]
    with pytest.raises(RunFailed, match="No learning rate helps"):
        train(IRIS, changes, tmp_path)
