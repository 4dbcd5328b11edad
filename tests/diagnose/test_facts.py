"""Facts before the first epoch: against counts made one by one, and in tables of any size."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gallery.evidence import evidence

from mlpcli import resume, train
from mlpcli.data.part import Part
from mlpcli.diagnose import shared_rows as sharing
from mlpcli.diagnose.monitoring import Monitoring
from mlpcli.diagnose.part_differences import differences
from mlpcli.diagnose.rules import RULES
from mlpcli.diagnose.rules.data import constant_inputs, part_shift
from mlpcli.diagnose.shared_rows import shared_rows
from mlpcli.diagnose.trials import facts as looking
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.diagnose.trials.facts import Facts
from mlpcli.problem.build import prepare
from mlpcli.problem.problem import Problem
from mlpcli.training.events import Started

CONFIGS = Path(__file__).parents[2] / "configs"
HERE = sorted(
    path
    for path in CONFIGS.glob("*.yaml")
    if (CONFIGS / path.read_text(encoding="utf-8").split("train: ")[1].split()[0].rstrip("}")).exists()
)
TABLE = """\
data: {train: table.csv, target: y, task: regression}
executor: numpy
training: {epochs: 1}
"""


def table(rows=60, **more):
    rng = np.random.default_rng(3)
    return {"a": rng.normal(size=rows), "b": rng.normal(size=rows), "y": rng.normal(size=rows)} | more


def part(*rows):
    """Rows of whole numbers; the last of each is its target."""
    cells = np.array(rows, np.float64)
    return Part(inputs=cells[:, :-1], targets=cells[:, -1])


@pytest.mark.parametrize("limit", [1 << 22, 0], ids=["all rows", "some rows"])
def test_rows_in_two_parts_are_counted_as_one_by_one(limit, monkeypatch):
    monkeypatch.setattr(sharing, "ALL_CELLS", limit)
    rng = np.random.default_rng(0)
    for levels, width in ((40, 2), (3, 12), (2, 5), (9, 1)):
        first, second = (rng.integers(-levels, levels, (count, width + 1)) for count in (150, 70))
        second[:20] = first[rng.integers(0, 150, 20)]
        known = [tuple(row) for row in first.tolist()]
        shared = sum(tuple(row) in known for row in second.tolist())
        repeated = sum(known.count(row) > 1 for row in known)
        found = shared_rows(evidence(TABLE, table=table()), part(*first), part(*second * np.array(1.0)))
        if limit == 0 and found is None:  # too much alike for some rows to tell
            assert repeated > 75
            continue
        assert (found.rows, found.shared, found.repeated) == (70, shared, repeated / 150)


def test_minus_zero_is_zero_and_the_target_belongs_to_the_row():
    subject = evidence(TABLE, table=table())
    assert shared_rows(subject, part((0.0, 1, 5)), part((-0.0, 1, 5))).shared == 1
    assert shared_rows(subject, part((0.0, 1, 5)), part((0.0, 1, 6))).shared == 0


def test_equal_columns_are_found_as_pair_by_pair():
    rng = np.random.default_rng(1)
    inputs = rng.integers(0, 2, (2500, 30)).astype(float)
    inputs[:, 20:] = inputs[:, rng.integers(0, 20, 10)]
    inputs[2400, 22] += 1  # which differs late
    inputs[:, 7] = np.where(inputs[:, 3] == 0, -0.0, inputs[:, 3])
    expected = {}
    for at in range(30):
        twins = [first for first in range(at) if (inputs[:, first] == inputs[:, at]).all()]
        if twins:
            expected[at] = twins[0]
    assert len(expected) >= 9
    assert constant_inputs._doubles(inputs, []) == expected


@pytest.mark.parametrize("scaling", ["standard", "minmax", "none"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_constant_columns_are_those_without_a_spread(scaling, precision, tmp_path):
    rows = 60
    late = np.zeros(rows)
    late[-1] = 1
    kind = np.where(np.arange(rows) % 3 == 0, "r", "s")
    columns = table(late=late, same=np.full(rows, 0.1), kind=kind, one=np.full(rows, "t"))
    columns |= {"near": 1e9 + np.arange(rows) % 2}  # the same in float32, where it is not scaled
    lines = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
    (tmp_path / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "c.yaml").write_text(TABLE, encoding="utf-8")
    prepared = prepare(tmp_path / "c.yaml", [f"data.scaling={scaling}", f"precision={precision}"])
    problem = Monitoring(prepared, prepared.initial_values())._problem
    inputs = problem.training_rows["inputs"]
    expected = np.flatnonzero(inputs.max(axis=0) == inputs.min(axis=0)).tolist()
    assert len(expected) == 2 + (scaling == "none" and precision == "float32")
    assert constant_inputs._constant(Evidence(problem)) == (expected, rows)


def test_two_single_rows_that_coincide_are_no_leak():
    once = np.zeros(60)
    once[7] = 1
    assert not list(RULES["target_among_inputs"]().check(evidence(TABLE, table=table(a=once, y=once))))
    often = np.where(np.arange(60) % 7 == 0, 1.0, 0.0)
    (told,) = RULES["target_among_inputs"]().check(evidence(TABLE, table=table(a=often, y=often)))
    assert told.where == "column a"


def test_a_shift_that_some_rows_show_is_told_by_all(monkeypatch):
    """By some rows only, the sentence says by how many."""
    text = (Path(__file__).parents[1] / "gallery/part_shift/moons_other_unit.sick.yaml").read_text(
        encoding="utf-8"
    )
    subject = evidence(text)
    training, other = subject.problem.dataset.training.inputs, subject.problem.dataset.validation.inputs
    shift = np.abs(other.mean(axis=0) - training.mean(axis=0)) / training.std(axis=0)
    ratio = other.std(axis=0) / training.std(axis=0)
    found_shift, found_ratio = differences(subject.facts, training, other)
    assert found_shift == pytest.approx(shift)
    assert found_ratio == pytest.approx(np.maximum(ratio, 1 / ratio))
    monkeypatch.setattr(part_shift, "ALL_CELLS", 0)
    monkeypatch.setattr(looking, "MOST_ROWS", 50)
    monkeypatch.setattr(looking, "LEAST_SAMPLE", 50)
    (told,) = RULES["part_shift"]().check(subject)
    assert "by 50 rows of one and 50 of the other" in told.cause
    # One extreme row among those few is not the file.
    monkeypatch.setattr(part_shift, "_is_off_by_all", lambda *which: False)
    assert not list(RULES["part_shift"]().check(subject))


def test_of_a_table_of_a_billion_cells_a_few_million_are_looked_at(monkeypatch):
    """100,000 rows of 10,000 inputs, which take no memory as they are one row; the parts are files."""
    looked = []
    pieces = Facts.pieces

    def counted(self, rows, width):
        looked.append(rows * width)
        return pieces(self, rows, width)

    monkeypatch.setattr(Facts, "pieces", counted)
    rng = np.random.default_rng(0)
    problem = evidence(TABLE, table=table()).problem
    columns = problem.dataset.preparation.columns
    wide = [replace(columns[0], names=(f"c{at}",)) for at in range(10_000)]
    row, targets = rng.normal(size=10_000).astype(np.float32), rng.normal(size=(100_000, 1))
    inputs = np.broadcast_to(row, (100_000, 10_000))
    both = Part(inputs=inputs, targets=targets)
    preparation = replace(problem.dataset.preparation, columns=tuple(wide))
    dataset = replace(problem.dataset, training=both, test=both, validation=both, preparation=preparation)
    data = replace(problem.config.data, test="test.csv", validation="validation.csv")
    config = replace(problem.config, data=data)
    rows = {"inputs": inputs, "target": targets}
    monkeypatch.setattr(Problem, "rows", lambda self, part: rows)  # in float64 they would take 8 GB
    subject = Evidence(replace(problem, file=replace(problem.file, config=config), dataset=dataset))
    subject.facts.notes = False
    for name in ("constant_inputs", "constant_target", "target_among_inputs", "output_range"):
        assert not list(RULES[name]().check(subject))
    for name in ("rows_in_both_parts", "part_shift"):
        list(RULES[name]().check(subject))
    assert 0 < sum(looked) < 40_000_000


# Told by mlp train


def facts_of(path, *overrides, interrupted=lambda: False):
    prepared = prepare(path, overrides)
    return Monitoring(prepared, prepared.initial_values()).facts(interrupted)


@pytest.mark.parametrize("path", HERE, ids=lambda path: path.stem)
def test_shipped_configs_are_told_nothing(path):
    assert facts_of(path) == []


IRIS = f"train: {(CONFIGS.parent / 'datasets/iris.csv').as_posix()}, target: species"


def config(folder, data, more=""):
    path = folder / "c.yaml"
    path.write_text(f"data: {{{data}}}\n{more}executor: numpy\ntraining: {{epochs: 1}}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("rule", "data", "more"),
    [
        ("rows_in_both_parts", f"{IRIS}, test: copy.csv", ""),
        ("rows_in_both_parts", "train: twice.csv, target: y, validation: twice.csv", ""),
        ("not_a_probability", IRIS, "network: {output: linear}\n"),
        ("target_among_inputs", "train: leak.csv, target: y", ""),
        ("part_shift", f"{IRIS}, test: inches.csv", ""),
    ],
)
def test_what_is_certain_is_said_before_the_first_epoch(rule, data, more, tmp_path):
    text = (CONFIGS.parent / "datasets/iris.csv").read_text(encoding="utf-8")
    (tmp_path / "copy.csv").write_text(text, encoding="utf-8")
    # Rows that repeat by nature: only the file itself says that it is the same.
    (tmp_path / "twice.csv").write_text("x,y\n" + "1.5,2.5\n2.5,0.5\n3.5,1.5\n" * 20, encoding="utf-8")
    leak = "".join(f"{at / 4},{at * 7 % 31},{3.5 * at + 1}\n" for at in range(40))
    (tmp_path / "leak.csv").write_text("a,b,y\n" + leak, encoding="utf-8")
    lines = [line.split(",") for line in text.splitlines()]
    other = [
        ",".join([*(f"{float(cell) / 0.0254 + 1:g}" for cell in cells[:-1]), cells[-1]])
        for cells in lines[1:]
    ]
    (tmp_path / "inches.csv").write_text("\n".join([",".join(lines[0]), *other]) + "\n", encoding="utf-8")
    run = train(config(tmp_path, data, more), [], tmp_path)
    told = [each.finding for each in run.findings if each.epoch == 0]
    assert [(each.rule, each.severity) for each in told] == [(rule, "warning")]
    kept = json.loads((run.path / "findings.json").read_text(encoding="utf-8"))
    assert (kept[0]["epoch"], kept[0]["rule"]) == (0, rule)


def test_notes_and_their_work_are_left_to_gradcheck(tmp_path, monkeypatch):
    def never(*args):
        raise AssertionError("pairs of columns are compared")

    monkeypatch.setattr(constant_inputs, "_doubles", never)
    (tmp_path / "t.csv").write_text("a,b,c,y\n" + "1,2,2,0\n1,5,5,1\n1,3,3,1\n" * 9, encoding="utf-8")
    assert facts_of(config(tmp_path, "train: t.csv, target: y")) == []


def test_whoever_interrupts_does_not_wait_for_facts_and_hears_them_later(tmp_path, monkeypatch):
    monkeypatch.setattr(looking, "AT_ONCE", 16)
    path = config(tmp_path, f"{IRIS}, test: copy.csv")
    text = (CONFIGS.parent / "datasets/iris.csv").read_text(encoding="utf-8")
    (tmp_path / "copy.csv").write_text(text + text.splitlines()[1] + "\n", encoding="utf-8")
    assert [each.rule for each in facts_of(path)] == ["rows_in_both_parts"]
    assert facts_of(path, interrupted=lambda: True) == []
    begun = []
    run = train(
        path, [], tmp_path, lambda event: begun.append(isinstance(event, Started)), lambda: any(begun)
    )
    assert run.interrupted
    assert not [each for each in run.findings if each.epoch == 0]
    again = resume(run.path)
    assert [each.finding.rule for each in again.findings if each.epoch == 0] == ["rows_in_both_parts"]
