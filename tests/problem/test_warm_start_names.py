"""`start_from` goes by names: of columns and levels, of classes and targets; what is new or gone is said."""

import itertools

import numpy as np
import pytest
from cli.world import mlp

from mlpcli import load, train
from mlpcli.errors import ConfigError
from mlpcli.problem.build import prepare
from mlpcli.problem.matching import input_names
from mlpcli.runs.model_file import ModelFile
from mlpcli.training.provenance import provenance
from mlpcli.training.start import step_of

CONFIG = """
seed: 3
executor: numpy
data: {{train: {data}, target: {target}}}
network: {network}
optimiser: sgd
training: {{epochs: 2, monitors: false}}
"""
NETWORKS = {"deep": "{hidden: [{units: 5, activation: tanh}, 4]}", "flat": "{hidden: []}"}
ROWS = [
    {
        "size": at % 7,
        "colour": "AB"[at % 2],
        "age": (3 * at) % 11,
        "kind": "abc"[at % 3],
        "u": at % 5,
        "v": at % 4,
    }
    for at in range(30)
]


def write(folder, name, rows, columns, target="kind", network="deep", more=""):
    lines = [",".join(columns), *(",".join(str(row[column]) for column in columns) for row in rows)]
    (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = CONFIG.format(data=f"{name}.csv", target=target, network=NETWORKS.get(network, network))
    (folder / f"{name}.yaml").write_text(text + more, encoding="utf-8")
    return folder / f"{name}.yaml"


def weights(run, layer="hidden1"):
    return ModelFile.read(run / "model.npz").parameters[f"{layer}.weights"]


@pytest.fixture(scope="module", params=NETWORKS)
def first(request, tmp_path_factory):
    """A network, and a run of it on columns of numbers and of levels A and B, classes a, b, c."""
    folder = tmp_path_factory.mktemp("first")
    config = write(folder, "first", ROWS, ["size", "colour", "age", "kind"], network=request.param)
    return request.param, train(config, runs=folder).path


@pytest.mark.parametrize("columns", list(itertools.permutations(["size", "colour", "age"])), ids=" ".join)
def test_the_order_of_columns_does_not_matter(first, tmp_path, columns):
    network, run = first
    config = write(tmp_path, "c", ROWS, ["kind", *columns], network=network, more=f"start_from: {run}")
    prepared = prepare(config)
    assert len(prepared.start.notes) == 1
    model = ModelFile.read(run / "model.npz")
    found = ModelFile(**{**vars(model), "preparation": prepared.dataset.preparation})
    found = ModelFile(**{**vars(found), "parameters": prepared.initial_values()})
    rows = [{name: row[name] for name in columns} for row in ROWS]
    np.testing.assert_allclose(
        type(load(run))(found).predict(rows).values, load(run).predict(rows).values, rtol=1e-12
    )
    if columns == ("size", "colour", "age"):
        assert not prepared.start.places  # whole arrays, and their bits


def test_levels_keep_their_weights_whatever_place_they_have(first, tmp_path):
    """A and B there, B and C here, one column gone and one new: nothing goes to another name."""
    network, run = first
    rows = [{**row, "colour": "BC"[at % 2], "new": at % 6} for at, row in enumerate(ROWS)]
    config = write(
        tmp_path, "c", rows, ["new", "colour", "size", "kind"], network=network, more=f"start_from: {run}"
    )
    prepared = prepare(config)
    layer = "hidden1" if network == "deep" else "output"
    name, old = f"{layer}.weights", weights(run, layer)  # there: size, A, B, age
    values, drawn = prepared.initial_values(), prepare(config, ["start_from=null"]).initial_values()
    expected = np.stack([drawn[name][0], old[2], drawn[name][2], old[0]])  # here: new, B, C, size
    np.testing.assert_array_equal(values[name], expected)
    assert prepared.start.notes[1:] == (
        f"{layer}: drawn for inputs that the model does not have: new, colour=C",
        f"{layer}: inputs of the model that are not here are left out: colour=A, age",
    )
    other_seed = prepared.initial_values(seed_offset=1)[name]
    np.testing.assert_array_equal(other_seed[[1, 3]], expected[[1, 3]])
    assert (other_seed[[0, 2]] != expected[[0, 2]]).any()


def test_classes_keep_their_units(first, tmp_path):
    network, run = first
    rows = [{**row, "kind": "dcb"[at % 3]} for at, row in enumerate(ROWS)]
    config = write(
        tmp_path, "c", rows, ["size", "colour", "age", "kind"], network=network, more=f"start_from: {run}"
    )
    prepared = prepare(config)
    values, drawn = prepared.initial_values(), prepare(config, ["start_from=null"]).initial_values()
    model = ModelFile.read(run / "model.npz").parameters
    for role in ("weights", "biases"):
        name = f"output.{role}"
        expected = np.stack([model[name].T[1], model[name].T[2], drawn[name].T[2]]).T  # b, c, d of a, b, c
        np.testing.assert_array_equal(values[name], expected)
    assert prepared.start.notes[1:] == (
        "output: drawn for outputs that the model does not have: d",
        "output: outputs of the model that are not here are left out: a",
    )


@pytest.mark.parametrize(
    "output", ["linear", "{name: maxout, pieces: 3}", "{name: prelu, shared: true}", "prelu"]
)
def test_targets_keep_their_units_and_all_that_belongs_to_them(tmp_path, output):
    network = f"{{hidden: [3], output: {{activation: {output}}}}}"
    config = write(tmp_path, "first", ROWS, ["size", "u", "v"], "[u, v]", network)
    run = train(config, runs=tmp_path).path
    rows = [{**row, "w": row["age"]} for row in ROWS]
    config = write(tmp_path, "c", rows, ["size", "u", "v", "w"], "[w, v, u]", network, f"start_from: {run}")
    prepared = prepare(config)
    values, drawn = prepared.initial_values(), prepare(config, ["start_from=null"]).initial_values()
    for name, array in ModelFile.read(run / "model.npz").parameters.items():
        if not name.startswith("output") or array.shape[-1] == 1:
            np.testing.assert_array_equal(values[name], array)
            continue
        pieces = array.shape[-1] // 2
        for piece in range(pieces):
            here, there = 3 * piece, 2 * piece
            np.testing.assert_array_equal(values[name][..., here], drawn[name][..., here])
            np.testing.assert_array_equal(values[name][..., here + 1], array[..., there + 1])
            np.testing.assert_array_equal(values[name][..., here + 2], array[..., there])
    assert train(config, runs=tmp_path).epochs == 2


@pytest.mark.parametrize(
    ("kinds", "target", "words"),
    [
        ("xyz", "kind", "its outputs are others: x, y, z here, a, b, c there"),
        ("ab", "kind", "it has 1 unit here, 3 there"),
        ("abc", "[size, age, u]", "its outputs are others: size, age, u here, a, b, c there"),
    ],
)
def test_an_output_layer_of_other_names_is_drawn(tmp_path, kinds, target, words):
    config = write(tmp_path, "first", ROWS, ["v", "colour", "kind"])
    run = train(config, runs=tmp_path).path
    rows = [{**row, "kind": kinds[at % len(kinds)]} for at, row in enumerate(ROWS)]
    columns = ["v", "colour", *target.strip("[]").split(", ")]
    config = write(tmp_path, "c", rows, columns, target, more=f"start_from: {run}")
    prepared = prepare(config)
    assert f"output: drawn anew, since {words}" in prepared.start.notes
    np.testing.assert_array_equal(
        prepared.initial_values()["output.weights"],
        prepare(config, ["start_from=null"]).initial_values()["output.weights"],
    )


def test_one_unit_is_taken_for_its_two_classes_alone(tmp_path):
    """Numbers name classes however they are written: 1 and 2, 1.0 and 2.0."""
    two = [{**row, "kind": at % 2 + 1} for at, row in enumerate(ROWS)]
    run = train(write(tmp_path, "first", two, ["size", "age", "kind"]), runs=tmp_path).path
    for kinds, taken in ((("2.0", "1.0"), True), (("2", "3"), False)):
        rows = [{**row, "kind": kinds[at % 2]} for at, row in enumerate(ROWS)]
        config = write(tmp_path, "c", rows, ["age", "size", "kind"], more=f"start_from: {run}")
        values = prepare(config).initial_values()
        assert np.array_equal(values["output.weights"], weights(run, "output")) == taken
        np.testing.assert_array_equal(values["hidden1.weights"], weights(run)[::-1])


def test_nothing_in_common_is_refused_at_the_key(first, tmp_path):
    network, run = first
    rows = [{"x": row["size"], "kind": row["kind"]} for row in ROWS]
    result = mlp(
        "check", write(tmp_path, "c", rows, ["x", "kind"], network=network, more=f"start_from: {run}")
    )
    assert result.exit_code == 2
    assert "key start_from" in result.stderr
    assert "x here, size, colour=A, colour=B, age there" in result.stderr
    if network == "flat":
        rows = [{**row, "kind": "xyz"[at % 3]} for at, row in enumerate(ROWS)]
        config = write(tmp_path, "c", rows, ["size", "kind"], network=network, more=f"start_from: {run}")
        with pytest.raises(ConfigError, match="x, y, z here, a, b, c there"):
            prepare(config)


def test_long_lists_are_cut_with_a_count(tmp_path):
    many = [{**row, "colour": f"l{at}"} for at, row in enumerate(ROWS)]
    more = "data.categorical=[colour]"
    source = write(tmp_path, "first", many, ["size", "colour", "kind"])
    run = train(source, [more], runs=tmp_path).path
    other = [{**row, "colour": f"k{at}"} for at, row in enumerate(ROWS)]
    config = write(tmp_path, "c", other, ["size", "colour", "kind"], more=f"start_from: {run}")
    notes = prepare(config, [more]).start.notes[1:]
    assert [note.rpartition(" and ")[2] for note in notes] == ["22 more", "22 more"]
    assert all(len(note) < 200 for note in notes)


def test_what_was_taken_is_part_of_what_a_run_is_made_of(first, tmp_path):
    """The fingerprint of whole arrays is that of earlier versions; other places make another start."""
    network, run = first
    found = set()
    for columns in (["size", "colour", "age", "kind"], ["age", "size", "colour", "kind"]):
        prepared = prepare(write(tmp_path, "c", ROWS, columns, network=network, more=f"start_from: {run}"))
        found.add(provenance(prepared, step_of(prepared))["start_from"])
    assert len(found) == 2


KINDS = """
seed: 3
executor: numpy
data:
  train: {data}
  target: kind
  levels: 2
  missing: {{indicator: true}}
network: {{hidden: [{{units: 5, activation: tanh}}]}}
optimiser: sgd
training: {{epochs: 2, monitors: false}}
"""


def write_kinds(folder, name, columns, more=""):
    """Rows with a date, a number that is missing at times, and a word of which two are common."""
    days = np.datetime64("2023-12-20") + np.arange(60)
    lines = [",".join(columns)]
    for at, day in enumerate(days):
        row = {
            "day": day,
            "size": "" if at % 5 == 2 else at % 7,
            "word": "ABABCD"[at * 7 % 6],
            "day year": at % 9,
        }
        lines.append(",".join(str({**row, "kind": "xy"[at % 2]}[column]) for column in columns))
    (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / f"{name}.yaml").write_text(KINDS.format(data=f"{name}.csv") + more, encoding="utf-8")
    return folder / f"{name}.yaml"


@pytest.mark.parametrize("gone", [(), ("day",), ("word",), ("size",)], ids=str)
def test_dates_indicators_and_rare_levels_keep_their_weights(tmp_path, gone):
    """In any order of columns, and where one is gone; a number named as a part of the date is not that
    part."""
    columns = ["day", "size", "word", "day year"]
    run = train(write_kinds(tmp_path, "first", [*columns, "kind"]), runs=tmp_path).path
    left = [column for column in reversed(columns) if column not in gone]
    prepared = prepare(write_kinds(tmp_path, "c", ["kind", *left], f"start_from: {run}\n"))
    old = ModelFile.read(run / "model.npz")

    def rows_by_name(preparation, weights):
        """One name for each input, of the transform and its part; (name, row of weights)."""
        return {key: row.tolist() for (key, _), row in zip(input_names(preparation), weights, strict=True)}

    before = rows_by_name(old.preparation, weights(run))
    now = rows_by_name(prepared.dataset.preparation, prepared.initial_values()["hidden1.weights"])
    assert now == {key: before[key] for key in now}
    names = {name for _, name in input_names(prepared.dataset.preparation)}
    assert ("word=(other)" in names) == ("word" not in gone)
    assert ("size is missing" in names) == ("size" not in gone)
    assert sum(name.startswith("day ") for name in names) >= (1 if "day" in gone else 6)
