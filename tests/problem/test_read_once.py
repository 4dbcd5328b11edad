"""A command reads and hashes each data file once."""

from pathlib import Path

import pytest

from mlpcli import api
from mlpcli.data import files as data_files
from mlpcli.diagnose.trials.runner import TrialRunner

CONFIGS = Path(__file__).parents[2] / "configs"
IRIS = CONFIGS / "iris.yaml"


@pytest.fixture
def counted(monkeypatch):
    """How often each file was read, and hashed."""
    counts = {"read_file": [], "sha256_of": []}
    for name, calls in counts.items():
        original = getattr(data_files, name)

        def call(path, *rest, original=original, calls=calls):
            calls.append(Path(path).name)
            return original(path, *rest)

        monkeypatch.setattr(data_files, name, call)
    return counts


@pytest.mark.parametrize(
    "more",
    [["training.folds=3"], ["repeat.seeds=3"], ["repeat.seeds=2", "data.validation=0.2"], []],
    ids=["folds", "seeds", "seeds with splits", "alone"],
)
def test_a_training_reads_and_hashes_its_file_once(more, counted, tmp_path):
    run = api.train(IRIS, ["training.epochs=2", *more], tmp_path)
    assert counted == {"read_file": ["iris.csv"], "sha256_of": ["iris.csv"]}
    counted["read_file"].clear(), counted["sha256_of"].clear()
    if any("folds" in each for each in more):
        (run.path / "folds.csv").unlink()
        (run.path / "checkpoint.npz").unlink()
        (run.path / "history.csv").unlink()
        (run.path / "model.npz").unlink()
        api.resume(run.path)
        assert counted == {"read_file": ["iris.csv"], "sha256_of": ["iris.csv"]}


def test_parts_with_files_of_their_own_are_read_once_each(counted, tmp_path):
    lines = (CONFIGS.parent / "datasets" / "iris.csv").read_text(encoding="utf-8").splitlines()
    other = tmp_path / "other.csv"
    other.write_text("\n".join([lines[0], *lines[1::3]]), encoding="utf-8")
    api.train(IRIS, ["training.epochs=2", "training.folds=2", f"data.validation={other}"], tmp_path / "runs")
    assert sorted(counted["read_file"]) == ["iris.csv", "other.csv"]
    assert sorted(counted["sha256_of"]) == ["iris.csv", "other.csv"]


def test_a_diagnosis_and_its_repair_read_the_file_once_and_train_no_config_twice(
    counted, monkeypatch, tmp_path
):
    (tmp_path / "c.yaml").write_text(
        (CONFIGS / "xor-hard-sigmoid.yaml")
        .read_text(encoding="utf-8")
        .replace("../datasets", str(CONFIGS.parent / "datasets")),
        encoding="utf-8",
    )
    trained = []
    run = TrialRunner.run

    def counting(self, rate=None, seed_offset=0, epochs=None, shuffle=None, watch=None, stops=True):
        trained.append((self.problem.file.text, rate, seed_offset, epochs, shuffle, stops))
        return run(self, rate, seed_offset, epochs, shuffle, watch, stops)

    monkeypatch.setattr(TrialRunner, "run", counting)
    report = api.gradcheck(tmp_path / "c.yaml")
    assert report.findings
    made = api.repair(tmp_path / "c.yaml", evidence=report.evidence)
    assert made.done
    assert counted == {"read_file": ["xor.csv"], "sha256_of": []}
    assert len(trained) == len(set(trained))
