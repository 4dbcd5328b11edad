"""The library: from mlpcli import train, load."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest
from cli.world import CONFIG, csv_text, rows

import mlpcli
from mlpcli import MlpError, Model, Run, api, load, train
from mlpcli.data.frames import table_from
from mlpcli.data.read import read_table
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

    class Twice(Frame):
        @property
        def columns(self):
            return [*self, "a"]

    with pytest.raises(DataError, match="The column 'a' comes twice"):
        model.predict(Twice(columns()))


def test_rows_may_be_mappings(folder, model):
    expected = model.predict(columns()).values
    names = ("a", "b", "colour", "kind")
    listed = [dict(zip(names, row, strict=True)) for row in rows()]
    np.testing.assert_array_equal(model.predict(listed).values, expected)
    np.testing.assert_array_equal(
        model.predict([dict(reversed(each.items())) for each in listed]).values, expected
    )
    scores = [model.evaluate(each).as_json()["targets"] for each in (listed, folder / "data.csv")]
    assert scores[0] == scores[1]
    for at, row in enumerate(listed[:3]):
        np.testing.assert_allclose(model.predict(row).values, expected[at : at + 1], rtol=1e-14)
        scalars = {
            **row,
            "a": np.float64(row["a"]),
            "b": np.array(row["b"]),
            "colour": np.str_(row["colour"]),
        }
        np.testing.assert_array_equal(model.predict(scalars).values, model.predict(row).values)
    lacking = [listed[0], {"colour": "red", "b": None}]
    missing = {
        "a": [listed[0]["a"], None],
        "b": [listed[0]["b"], None],
        "colour": [listed[0]["colour"], "red"],
    }
    np.testing.assert_array_equal(model.predict(lacking).values, model.predict(missing).values)
    assert model.predict(lacking).counts.filled == {"a": 1, "b": 1}


class NAType:
    """Like the missing value of pandas, which has no truth value: neither it nor what it is compared with."""

    def __eq__(self, other):
        return self

    __ne__ = __eq__

    def __bool__(self):
        raise TypeError("boolean value of NA is ambiguous")


def test_missing_cells_of_data_frames_are_missing(tmp_path):
    """Columns of pandas' types string, boolean and Int64 come as objects with NA among them."""
    (tmp_path / "d.csv").write_text(
        "t,flag,n,y\n" + "u,1,3,a\nv,0,,b\n,,5,a\nw,1,4,b\n" * 3, encoding="utf-8"
    )
    (tmp_path / "c.yaml").write_text("data: {train: d.csv, target: y}\nexecutor: numpy\n", encoding="utf-8")
    model = load(train(tmp_path / "c.yaml", ["training.epochs=2"], runs=tmp_path))
    for lack in (NAType(), None, np.nan):
        frame = {
            "t": np.array(["u", "v", lack, "w"] * 3, object),
            "flag": np.array([True, False, lack, True] * 3, object),
            "n": np.array([3, lack, 5, 4] * 3, object),
        }
        found = model.predict(frame)
        np.testing.assert_array_equal(found.values, model.predict(tmp_path / "d.csv").values)
        assert found.counts.filled == {"flag": 3, "n": 3}
        frame["y"] = np.array(["a", "b", lack, "b"] * 3, object)
        assert model.evaluate(frame).rows == 9


@pytest.mark.parametrize(
    "table",
    [
        *({"a": [1]}, {"a": 1.0}, [{"a": 1}], {"a": ["x"], "b": [1], "colour": ["red"]}, np.zeros((2, 3))),
        *({"a": [1], "b": 2, "colour": "red"}, {}, [], [{}], 3.0, None, [{"a": 1}, [2]], [[1], [1, 2]]),
        {"a": [np.inf], "b": [1], "colour": ["red"]},
    ],
    ids=str,
)
def test_a_table_in_memory_is_not_called_a_file(model, table):
    for use in (model.predict, model.evaluate):
        with pytest.raises(DataError) as refused:
            use(table)
        assert "file" not in str(refused.value)
        assert all(fault.where.startswith("the table") and fault.remedy for fault in refused.value.faults)


def test_an_array_has_the_columns_x1_and_so_on(tmp_path):
    inputs = np.random.default_rng(0).normal(size=(30, 3))
    np.savez(tmp_path / "d.npz", x=inputs, y=inputs[:, :2])
    (tmp_path / "c.yaml").write_text(
        "data: {train: d.npz, target: [y1, y2]}\nexecutor: numpy\n", encoding="utf-8"
    )
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
    assert scores.as_json()["targets"] == model.evaluate(folder / "data.csv").as_json()["targets"]
    again = model.evaluate_file(str(folder / "data.csv"))[1]
    assert model.evaluate(folder / "data.csv").as_json() == again.as_json()


def test_a_file_is_read_as_that_of_training_was(tmp_path):
    """With `header: true` the first line holds names, which would else be taken for numbers."""
    text = "2020,2021\n" + "".join(f"{a},{b}\n" for a, b, _, _ in rows())
    (tmp_path / "years.csv").write_text(text, encoding="utf-8")
    (tmp_path / "c.yaml").write_text(
        "executor: numpy\ndata: {train: years.csv, header: true, target: '2021'}\ntraining: {epochs: 1}\n",
        encoding="utf-8",
    )
    model = load(train(tmp_path / "c.yaml", runs=tmp_path))
    assert len(model.predict(tmp_path / "years.csv").values) == 24
    assert model.evaluate(tmp_path / "years.csv").rows == 24


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
        (lambda: model.predict(3.0), DataError, "Expected rows, got float"),
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
    options = ["executor=numpy", "data.target=b", "data.ignore=[kind]"]
    options += ["optimiser={name: sgd, learning_rate: 1e100}"]
    seen = []
    with pytest.raises(RunFailed) as caught:
        train(folder / "good.yaml", options, tmp_path, report=seen.append)
    assert caught.value.exit_code == 1
    run = seen[-1].run
    assert run.failed
    assert np.isfinite(load(run).predict(columns()).values).all() or run.kept_epoch > 0


def test_train_tells_what_happens(folder, tmp_path):
    seen = []
    run = train(folder / "good.yaml", "executor=numpy", tmp_path, seen.append)
    between = len(seen) - 2
    assert [type(event).__name__ for event in seen] == ["Started", *["EpochDone"] * between, "RunEnded"]
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


def mapping(**settings):
    data = {"train": "data.csv", "target": "kind"}
    return {
        "seed": 5,
        "executor": "numpy",
        "data": data,
        "network": {"hidden": [3]},
        "training": {"epochs": 3},
    } | settings


def test_a_mapping_is_a_config(folder, tmp_path, monkeypatch):
    """Its relative paths start from the working directory, and the run's config says the same."""
    monkeypatch.chdir(folder)
    run = train(mapping(), "seed=3", runs=tmp_path / "runs")
    assert run.path.name == "config-1"
    monkeypatch.chdir(tmp_path)
    again = train(run.path / "config.yaml", runs=tmp_path / "again")
    for name, array in load(run).file.parameters.items():
        np.testing.assert_array_equal(array, load(again).file.parameters[name])
    assert mlpcli.resume(run.path, "training.epochs=4").epochs == 4
    assert load(run).evaluate(folder / "data.csv").rows == 24


@pytest.mark.parametrize("more", [{"repeat": {"seeds": 2}}, {"training": {"epochs": 2, "folds": 2}}], ids=str)
def test_a_mapping_may_ask_for_seeds_and_folds(folder, tmp_path, monkeypatch, more):
    monkeypatch.chdir(folder)
    run = train(mapping(**more), runs=tmp_path)
    assert load(run).predict(columns()).values.shape == (24, 2)


def test_a_mapping_is_checked_as_a_file_is(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert mlpcli.check(mapping(), "seed=7").config.seed == 7
    found = mlpcli.gradcheck(mapping(optimiser={"learning_rate": -0.1}), "training.epochs=2")
    assert found.config == "config"
    (best,) = [each.best for each in found.findings if each.finding.rule == "learning_rate_not_positive"]
    assert best is not None
    assert best.effect is not None
    assert np.isfinite(best.effect.loss)  # the remedy was tried, which reads the config again


def test_what_is_no_config_is_an_error(folder):
    for wrong in (3, None, ["data"], {"data": 3}, {}):
        for use in (train, mlpcli.check, mlpcli.gradcheck):
            with pytest.raises(ConfigError):
                use(wrong)
    for wrong in (3, None, {"seed": 3}, [3], ["seed"]):
        for use in (train, mlpcli.check, mlpcli.gradcheck):
            with pytest.raises(ConfigError):
                use(folder / "good.yaml", wrong)


def test_the_front_door():
    offered = {"MlpError", "Model", "Run", "__version__", "check", "data_report", "gradcheck", "load"}
    offered |= {"resume", "train"}
    assert set(mlpcli.__all__) == offered
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


def test_words_that_no_argument_has_are_refused_with_those_that_it_has(tmp_path):
    config = Path(__file__).parents[2] / "configs" / "xor-sigmoid.yaml"
    run = train(config, ["training.epochs=1", "executor=numpy"], tmp_path)
    with pytest.raises(MlpError, match="Known: auto, numpy, native"):
        load(run.path, "gpu")
    with pytest.raises(MlpError, match="Known: fast, usual, full"):
        mlpcli.gradcheck(config, depth="deep")
    with pytest.raises(MlpError, match="0 rows"):
        mlpcli.gradcheck(config, depth="fast", most_rows=0)
    for wrong in (api.show, api.reproduce, lambda value: api.compare(value, run.path)):
        with pytest.raises(MlpError, match="path of a run"):
            wrong(5)


def test_runs_are_reproduced_and_verified_with_one_override_or_several(tmp_path):
    config = Path(__file__).parents[2] / "configs" / "xor-sigmoid.yaml"
    run = train(config, ["training.epochs=2", "executor=numpy"], tmp_path)
    place = f"data.train={config.parents[1] / 'datasets' / 'xor.csv'}"
    assert api.reproduce(run.path, place).same
    described = {"data": {"train": place.partition("=")[2], "target": "y"}, "executor": "numpy"}
    assert api.verify_resume(described, "training.epochs=2").same
