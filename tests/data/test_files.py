"""DataFiles: what a command has read of its data files."""

import hashlib
from dataclasses import replace

import pytest

from mlpcli.config.schema import DataConfig
from mlpcli.data.files import DataFiles
from mlpcli.data.schema.schema import Schema
from mlpcli.errors import DataError

TEXT = "a,b\n1,x\n2,y\n"


@pytest.fixture
def path(tmp_path):
    (tmp_path / "rows.csv").write_text(TEXT, encoding="utf-8")
    return str(tmp_path / "rows.csv")


def test_what_was_read_first_counts_whatever_comes_of_the_file(path):
    files = DataFiles(keep_tables=True)
    config = DataConfig(train=path, target="b", test=path)
    typed = files.training_table(config)
    found = files.part_table(config, "test", typed.schema)
    digest = files.sha256(path)
    with open(path, "a", encoding="utf-8") as file:
        file.write("3,z\n")
    again = files.training_table(config)
    assert (again.schema, again.notes, again.table.rows) == (typed.schema, typed.notes, 2)
    assert found is not None
    assert files.part_table(config, "test", typed.schema) == found
    assert files.sha256(path) == digest == hashlib.sha256(TEXT.encode()).hexdigest()
    assert typed.table.rows == 2


def test_tables_are_given_up_unless_they_are_to_be_kept(path):
    files = DataFiles()
    config = DataConfig(train=path, target="b")
    first = files.part_table(replace(config, test=path), "test", Schema())
    again = files.part_table(replace(config, test=path), "test", Schema())
    assert first is not None
    assert again is not None
    assert first[0] is not again[0]


def test_a_file_is_read_again_where_it_is_read_in_another_way(path):
    files = DataFiles(keep_tables=True)
    with_header = files.training_table(DataConfig(train=path, target="b"))
    without = files.training_table(DataConfig(train=path, target="x2", header=False))
    assert (with_header.table.rows, without.table.rows) == (2, 3)


def test_shares_and_folds_have_no_table_of_their_own(path):
    files = DataFiles()
    assert files.part_table(DataConfig(train=path, target="b", test=0.2), "test", Schema()) is None
    assert files.part_table(DataConfig(train=path, target="b"), "validation", Schema()) is None
    assert (
        files.part_table(DataConfig(train=path, target="b", test=path, fold="1/2"), "test", Schema()) is None
    )


def test_a_file_that_is_gone_is_a_data_error(path):
    with pytest.raises(DataError):
        DataFiles().training_table(DataConfig(train=path + ".gone", target="b"))
    assert DataFiles().sha256(path + ".gone") is None
