"""What is left out of real data sets, and what is read of them."""

import csv
import gzip

import pytest
from raw_tables import config

from mlpcli.data.column import column_of_cells
from mlpcli.data.schema.infer import infer_schema
from mlpcli.data.table import Table
from shared_data import shared_file

SETS = {
    "abalone/abalone.csv": ("Rings", ()),
    "adult/adult-train.csv.gz": ("income", ()),
    "auto-mpg/mpg.csv": ("mpg", ("name",)),
    "breast_cancer/breast_cancer.csv": ("diagnosis", ()),
    "california-housing/housing.csv": ("median_house_value", ()),
    "concrete/concrete.csv": ("compressive_strength", ()),
    "covertype/covtype-validation.csv": ("Cover_Type", ()),
    "diabetes/diabetes.csv": ("progression", ()),
    "digits/digits.csv": ("digit", ()),
    "iris/iris.csv": ("species", ()),
    "pima-diabetes/pima-indians-diabetes.csv": ("Outcome", ()),
    "titanic/train.csv": ("Survived", ("PassengerId", "Name", "Ticket", "Cabin")),
    "titanic/test.csv": ("Fare", ("PassengerId", "Name", "Ticket", "Cabin")),
    "wine/wine.csv": ("cultivar", ()),
    "wine-quality/winequality-red.csv": ("quality", ()),
}


@pytest.mark.parametrize("name", SETS)
def test_what_is_left_out_of_real_sets(name):
    target, left_out = SETS[name]
    with (gzip.open if name.endswith("gz") else open)(shared_file(name), "rt", newline="") as file:
        separator = ";" if "wine-quality" in name else ","
        names, *rows = [row for row in csv.reader(file, delimiter=separator) if row]
    columns = [column_of_cells(each, cells) for each, cells in zip(names, zip(*rows))]
    table = Table(source=name, columns=tuple(columns), lines=range(2, len(rows) + 2), unit="line")
    assert target in names
    found = infer_schema(table, config(), (target,), separator)
    assert found.schema.unused() == left_out
    assert not found.as_text
    read = found.schema.read(table)
    assert read.names == tuple(each for each in names if each not in left_out)
