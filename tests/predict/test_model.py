"""The library: from mlpcli import train, load."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest
from cli.world import CONFIG, csv_text, rows

import mlpcli
from mlpcli import MlpError, Model, Run, load, train
from mlpcli.data.read import read_table
from mlpcli.data.table import table_from
from mlpcli.errors import ConfigError, DataError, ModelFileError, RunFailed
from mlpcli.execute import EXECUTORS


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    (folder / "good.yaml").write_text(CONFIG, encoding="utf-8")
    (folder / "data.csv").write_text(csv_text(), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def run(folder):
    return train(folder / "good.yaml", ["training.print_every=3"], runs=folder / "runs")


@pytest.fixture(scope="module")
def model(run):
    return load(run)


def test_a_run_tells_what_was_done(folder, run):
    assert isinstance(run, Run)
    assert run.path == folder / "runs" / "good-1"
    assert (run.stopped, run.epochs, run.kept_epoch, run.failed) == ("all epochs done", 6, 6, False)
    assert [record["epoch"] for record in run.history] == [3, 6]
    assert run.history[-1]["cost"] == run.cost
    assert run.test is None


def test_load_takes_a_run_a_folder_or_a_model_file(run, model):
    assert isinstance(model, Model)
    expected = model.predict(columns()).values
    for place in (run.path, str(run.path), run.path / "model.npz", str(run.path / "model.npz")):
        np.testing.assert_array_equal(load(place).predict(columns()).values, expected)


def columns():
    a, b, colour, _ = zip(*rows(), strict=True)
    return {"a": list(a), "b": np.array(b), "colour": list(colour)}


def test_rows_may_come_in_many_forms(folder, model):
    path = folder / "data.csv"
    expected = model.predict(columns())
    assert expected.names == ("no", "yes")
    assert expected.values.shape == (24, 2)
    forms = [path, str(path), read_table(str(path))[0], table_from(columns())]
    for form in forms:
        found = model.predict(form)
        assert found.labels == expected.labels
        np.testing.assert_array_equal(found.values, expected.values)


def test_a_data_frame_need_only_look_like_one(model):
    class Frame(dict):
        @property
        def columns(self):
            return list(self)

    np.testing.assert_array_equal(model.predict(Frame(columns())).values, model.predict(columns()).values)


def test_an_array_has_the_columns_x1_and_so_on(tmp_path):
    inputs = np.random.default_rng(0).normal(size=(30, 3))
    np.savez(tmp_path / "d.npz", x=inputs, y=inputs[:, :2])
    (tmp_path / "c.yaml").write_text("data: {train: d.npz, target: [y1, y2]}\n", encoding="utf-8")
    model = load(train(tmp_path / "c.yaml", ["training.epochs=2"], runs=tmp_path))
    prediction = model.predict(inputs)
    assert prediction.labels is None
    assert prediction.names == ("y1", "y2")
    assert prediction.values.shape == (30, 2)
    np.testing.assert_array_equal(prediction.values, model.predict(tmp_path / "d.npz").values)
    np.testing.assert_array_equal(prediction.values, model.predict(inputs.tolist()).values)
    one = model.predict(inputs[4:5]).values
    np.testing.assert_array_equal(one, prediction.values[4:5])


def test_predicting_changes_neither_rows_nor_model(model):
    given = columns()
    before = {name: np.array(cells).copy() for name, cells in given.items()}
    weights = {name: array.copy() for name, array in model.file.parameters.items()}
    first = model.predict(given).values
    second = model.predict(given).values
    np.testing.assert_array_equal(first, second)
    assert first is not second
    for name, cells in before.items():
        np.testing.assert_array_equal(given[name], cells)
    for name, array in weights.items():
        np.testing.assert_array_equal(model.file.parameters[name], array)


def test_what_was_predicted_stays_when_more_is_predicted(model):
    given = columns()
    first = model.predict(given)
    kept = first.values.copy()
    model.predict({**given, "a": [9.0] * 24})
    np.testing.assert_array_equal(first.values, kept)


def test_evaluate_takes_what_predict_takes(folder, model):
    kind = [row[3] for row in rows()]
    scores = model.evaluate({**columns(), "kind": kind})
    assert scores.rows == 24
    assert scores.as_json() == model.evaluate(folder / "data.csv").as_json()
    assert scores.as_json() == model.evaluate_file(str(folder / "data.csv"))[1].as_json()


def test_a_fault_is_an_mlp_error(folder, model, tmp_path):
    (tmp_path / "bad.yaml").write_text("sead: 3\n", encoding="utf-8")
    faults = [
        (lambda: train(tmp_path / "bad.yaml"), ConfigError, "sead"),
        (lambda: train(tmp_path / "none.yaml"), ConfigError, "none.yaml"),
        (lambda: train(folder / "good.yaml", ["data.target=kin"], tmp_path), DataError, "'kind'"),
        (lambda: load(tmp_path / "none"), ModelFileError, "no such file"),
        (lambda: load(tmp_path), ModelFileError, "model.npz"),
        (lambda: model.predict({"a": [1.0]}), DataError, "'b', 'colour'"),
        (lambda: model.predict({**columns(), "a": ["x"] * 24}), DataError, "not a finite number"),
        (lambda: model.predict({**columns(), "a": [1.0]}), DataError, "length"),
        (lambda: model.predict(np.zeros((2, 3))), DataError, "'a', 'b', 'colour'"),
        (lambda: model.predict({name: [] for name in columns()}), DataError, "rows"),
        (lambda: model.predict(3.0), DataError, "single value"),
        (lambda: model.predict(tmp_path / "none.csv"), DataError, "no such file"),
        (lambda: model.evaluate(columns()), DataError, "'kind'"),
    ]
    for call, kind, words in faults:
        with pytest.raises(kind) as caught:
            call()
        assert isinstance(caught.value, MlpError)
        assert caught.value.exit_code == 2
        assert words in str(caught.value)
    assert not list(tmp_path.glob("*-*"))


def test_a_failed_run_raises_and_keeps_what_was_good(folder, tmp_path):
    options = ["data.target=b", "data.ignore=[kind]", "optimiser={name: sgd, learning_rate: 1e100}"]
    seen = []
    with pytest.raises(RunFailed) as caught:
        train(folder / "good.yaml", options, tmp_path, report=seen.append)
    assert caught.value.exit_code == 1
    run = seen[-1].run
    assert run.failed
    assert np.isfinite(load(run).predict(columns()).values).all() or run.kept_epoch > 0


def test_train_tells_what_happens(folder, tmp_path):
    seen = []
    run = train(folder / "good.yaml", (), tmp_path, seen.append)
    between = len(seen) - 2
    assert [type(event).__name__ for event in seen] == ["Started", *["EpochDone"] * between, "Ended"]
    assert seen[0].folder == run.path
    numbers = [event.number for event in seen[1:-1]]
    assert numbers == sorted(set(numbers))
    assert set(numbers) <= {1, 2, 3, 4, 5, 6}
    assert [event.record["epoch"] for event in seen[1:-1] if event.record] == [2, 4, 6]
    assert seen[-1].run == run


def test_nothing_is_printed(folder, tmp_path, capfd):
    model = load(train(folder / "good.yaml", (), tmp_path))
    model.predict(columns())
    assert capfd.readouterr() == ("", "")


def test_the_front_door():
    assert set(mlpcli.__all__) == {"MlpError", "Model", "Run", "__version__", "load", "resume", "train"}
    for name in mlpcli.__all__:
        assert getattr(mlpcli, name)
    with pytest.raises(AttributeError, match="no attribute 'tain'"):
        _ = mlpcli.tain
    assert issubclass(MlpError, Exception)
    assert Path(mlpcli.__file__).with_name("py.typed").is_file()


@pytest.mark.parametrize("way", [lambda m: pickle.loads(pickle.dumps(m)), copy.copy, copy.deepcopy])
@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_copy_of_a_model_predicts_to_the_same_bits(run, folder, executor, way):
    """Joblib, Dask and scikit-learn copy what they are given."""
    model = load(run, executor)
    again = way(model)
    first, second = (each.predict(folder / "data.csv") for each in (model, again))
    assert first.values.tobytes() == second.values.tobytes()
    assert (first.names, first.labels) == (second.names, second.labels)
    assert again.evaluate(folder / "data.csv").as_json() == model.evaluate(folder / "data.csv").as_json()
    assert again.file.to_bytes() == (run.path / "model.npz").read_bytes()
    for each in (run, first, model.evaluate(folder / "data.csv")):
        assert repr(way(each)) == repr(each)
