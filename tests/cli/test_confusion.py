"""The confusion matrix as text: whole where a terminal has room, else the worst confusions."""

from __future__ import annotations

import numpy as np
import pytest

from mlpcli.cli.text.network_and_data import describe_evaluation
from mlpcli.data.preparation_warnings import PreparationWarnings
from mlpcli.runs.folder import RunFolder
from mlpcli.runs.summary import read_summary, write_summary
from mlpcli.scoring.evaluation import Evaluation
from mlpcli.scoring.metrics import class_scores


def described(true, called, names, weights=None):
    """What `mlp evaluate` prints of the rows' true and predicted classes."""
    scores = class_scores(np.eye(len(names))[called], np.array(true), weights)
    weighted = "by column 'w'" if weights is not None else ""
    return describe_evaluation(
        Evaluation(
            task="classification",
            rows=len(true),
            words=(tuple(names),),
            class_scores={"y": scores},
            counts=PreparationWarnings(),
            weighted=weighted,
        )
    )


def confusion(text):
    return text[text.index("\nconfusion") + 1 :].splitlines()


def test_a_matrix_that_fits_is_whole():
    lines = confusion(described([0, 1, 1, 2], [0, 1, 2, 2], ["a", "b", "c"]))
    assert [line.split() for line in lines[1:]] == [
        ["a", "b", "c"],
        ["a", "1", "0", "0"],
        ["b", "0", "1", "1"],
        ["c", "0", "0", "1"],
    ]


@pytest.mark.parametrize("classes", [30, 300])
def test_many_classes_have_the_ten_worst(classes):
    """Against counting by hand: class k is called k + 1, k times, for k up to 12; the rest is right."""
    names = [f"n{at}" for at in range(classes)]
    wrong = [(k, k + 1) for k in range(1, 13) for _ in range(k)]
    pairs = wrong + [(k, k) for k in range(classes)]
    true, called = (list(each) for each in zip(*pairs, strict=True))
    text = described(true, called, names)
    head, titles, *lines = confusion(text)
    assert head == "confusion (the worst 10 of 12; --json has all)"
    assert titles.split() == ["true", "class", "predicted", "rows"]
    assert [line.split() for line in lines] == [[f"n{k}", f"n{k + 1}", str(k)] for k in range(12, 2, -1)]
    assert max(map(len, text.splitlines())) <= 80
    assert len(text) < 20_000


def test_the_record_of_many_classes_can_be_read_again(tmp_path):
    every = np.arange(1100)
    scores = class_scores(np.eye(1100)[(every * 7) % 1100], every)
    words = (tuple(f"class {at}" for at in every),)
    test = Evaluation(
        task="classification",
        rows=1100,
        words=words,
        class_scores={"y": scores},
        counts=PreparationWarnings(),
    )
    made = {"mlp_version": "", "python": "", "platform": "", "executor": "", "libraries": {}}
    made |= {"seed": 0, "precision": "", "graph": "", "data": {}}
    ended = {"epochs": 1, "kept_epoch": 1, "cost": 1.0, "stopped": "", "seconds": 0.0, "halvings": []}
    ended |= {"model_sha256": "", "state_sha256": "", "test": test.as_json(zeros=False)}
    write_summary(RunFolder(tmp_path), {"made": made, "ended": ended})
    found = read_summary(RunFolder(tmp_path))["ended"]["test"]["targets"]["y"]["confusion"]
    assert found == {f"class {at}": {f"class {at * 7 % 1100}": 1} for at in every.tolist()}


def test_many_classes_of_which_all_are_right():
    every = list(range(40))
    assert confusion(described(every, every, list(map(str, every)))) == [
        "confusion: none, every row is called what it is"
    ]


def test_weights_and_few_confusions_of_long_names():
    names = ["n" * 50, "m" * 50]
    lines = confusion(described([0, 0, 1], [1, 1, 1], names, np.array([0.5, 1.0, 1.5])))
    assert lines[0] == "confusion (1 pair, in weights; --json has all)"
    one, other, weight = lines[3].split()
    assert (one[:9], one[-9:], other[:9], weight) == ("n" * 9, "n" * 9, "m" * 9, "1.5")
    assert max(map(len, lines)) <= 80
