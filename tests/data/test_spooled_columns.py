"""Columns in files: the cells of the same pieces joined in memory, and datasets to the same bits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data.test_dataset_cache import (
    CONFIGS,
    assert_same,
    cache,
    entries,
    folder,
    is_mapped,
    origin,
    plain,
    without_note,
)
from data.test_dataset_cache import (
    table as table_text,
)
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.data import matrix_files, spooled_columns, table_size
from mlpcli.data.available_memory import UNKNOWN, available_memory
from mlpcli.data.cached_dataset import cached_dataset
from mlpcli.data.column import Column, column_of_cells, join_columns
from mlpcli.data.dataset_cache import DatasetCache
from mlpcli.data.read import read_file
from mlpcli.data.read_in_pieces import read_in_pieces
from mlpcli.data.spooled_columns import spooled
from mlpcli.data.table import Block, Table
from mlpcli.data.table_size import exceeds_memory
from mlpcli.errors import DataError

__all__ = ["cache", "folder"]

CELLS = st.sampled_from(["", "1", "2.5", "-3", "a", "b", " a ", "007", "x y", "é"])


def table_of(columns: list[list[str]], lines: Any) -> Table:
    cells = tuple(column_of_cells(f"c{at}", column) for at, column in enumerate(columns))
    return Table(source="t.csv", columns=cells, lines=lines, unit="line")


def assert_same_column(found: Column, wanted: Column) -> None:
    assert (found.name, found.words) == (wanted.name, wanted.words)
    for one, other in ((found.numbers, wanted.numbers), (found.codes, wanted.codes)):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)


@given(
    st.integers(1, 3).flatmap(
        lambda width: st.lists(
            st.integers(1, 5).flatmap(
                lambda rows: st.lists(
                    st.lists(CELLS, min_size=rows, max_size=rows), min_size=width, max_size=width
                )
            ),
            min_size=1,
            max_size=5,
        )
    )
)
def test_pieces_are_joined_as_in_memory(pieces: list[list[list[str]]]) -> None:
    tables, first = [], 2
    for columns in pieces:
        rows = len(columns[0])
        tables.append(table_of(columns, np.arange(first, first + rows)))
        first += rows
    found = spooled(iter(tables), Path())
    assert found is not None
    assert found.lines == range(2, first)
    for name in tables[0].names:
        assert_same_column(found.column(name), join_columns([each.column(name) for each in tables]))
    assert not [each for each in os.listdir() if each.startswith("tmp")]


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4), min_size=1, max_size=5))
def test_lines_are_kept_whatever_they_are(pieces: list[list[int]]) -> None:
    found = spooled((table_of([["1"] * len(lines)], np.array(lines)) for lines in pieces), Path())
    assert found is not None
    assert list(found.lines) == [line for lines in pieces for line in lines]


@pytest.mark.parametrize("pooled", [True, False])
def test_blocks_keep_their_type_or_take_one_that_holds_all(tmp_path: Path, pooled: bool) -> None:
    rng = np.random.default_rng(0)
    for kinds in (("u1", "u1"), ("u1", "f4"), ("f4", "i8"), ("f8", "u1")):
        values = [rng.integers(0, 200, (7, 3)).astype(kind) for kind in kinds]
        tables = [
            Table(source="t", columns=(Block(("a", "b", "c"), each, pooled),), lines=range(1, 8))
            for each in values
        ]
        found = spooled(iter(tables), tmp_path)
        assert found is not None
        matrix = found.matrix(("a", "b", "c"))
        wanted = np.concatenate(values)
        assert matrix.dtype == wanted.dtype
        np.testing.assert_array_equal(matrix, wanted)


def test_there_may_be_no_piece(tmp_path: Path) -> None:
    assert spooled(iter(()), tmp_path) is None


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch, cache: DatasetCache) -> list[int]:
    """Memory for no table at all, and pieces of some rows."""
    memory = [0]
    assert cache.path is not None
    monkeypatch.setattr(table_size, "available_memory", lambda: memory[0])
    monkeypatch.setattr(spooled_columns, "CELLS", 100)
    monkeypatch.setattr(table_size, "cache_folder", lambda name: cache.path)
    monkeypatch.setattr(matrix_files, "PIECE_BYTES", 2000)
    return memory


@pytest.mark.parametrize("kept", [True, False, None])
@pytest.mark.parametrize("name", CONFIGS)
def test_a_dataset_of_a_table_larger_than_memory_has_the_same_bits(
    folder: Path, cache: DatasetCache, little_memory: list[int], name: str, kept: bool | None
) -> None:
    little_memory[0] = UNKNOWN
    wanted = plain(origin(folder, **CONFIGS[name]))
    little_memory[0] = 0
    found = cached_dataset(origin(folder, **CONFIGS[name] | {"cache": kept}), cache)
    assert is_mapped(found)
    assert_same(found if kept is False else without_note(found), wanted)
    assert len(entries(cache)) == (kept is not False)


def test_columns_are_in_memory_where_it_is_enough(folder: Path, little_memory: list[int]) -> None:
    path = str(folder / "train.csv")
    size = os.stat(path).st_size
    for memory, there in ((3 * size - 1, True), (3 * size, False)):
        assert exceeds_memory([path], memory) == there
        assert exceeds_memory([path, "-", "/no/such/file"], memory) == there
    zipped = folder / "train.csv.gz"
    zipped.write_bytes(b"x" * 100)
    assert exceeds_memory([str(zipped)], 1499)
    assert not exceeds_memory([str(zipped)], 1500)


def test_a_file_that_is_damaged_far_down_is_refused_as_ever(folder: Path, little_memory: list[int]) -> None:
    path = folder / "train.csv"
    path.write_text(path.read_text() + "1,2\n")
    messages = []
    for place in (None, folder):
        with pytest.raises(DataError) as error:
            read_file(str(path), folder=place)
        messages.append(str(error.value))
    assert messages[0] == messages[1]


def test_columns_that_cannot_be_written_are_an_error_with_a_remedy(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not fit into memory, and its columns cannot be kept in"):
        read_file(str(folder / "train.csv"), folder=tmp_path / "nowhere")


def test_matrices_that_cannot_be_written_are_an_error_where_memory_is_too_small(
    folder: Path, cache: DatasetCache, little_memory: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrix_files, "SPARE", 1 << 60)
    with pytest.raises(DataError, match="do not fit into memory, and cannot be kept in"):
        cached_dataset(origin(folder), cache)
    assert entries(cache) == []


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


MEMORY = "MemTotal:  24105 kB\nMemAvailable:  8000 kB\n"
STATUS = "Name:\tmlp\nVmSize:\t  100 kB\nVmData:\t  50 kB\n"


def machine(root: Path, groups: str, files: dict[str, str]) -> int:
    write(root / "proc/meminfo", MEMORY)
    write(root / "proc/self/status", STATUS)
    write(root / "proc/self/cgroup", groups)
    for name, text in files.items():
        write(root / "sys/fs/cgroup" / name, text)
    return available_memory(root)


V1 = {
    "memory/box/memory.limit_in_bytes": "5000\n",
    "memory/box/memory.usage_in_bytes": "4000\n",
    "memory/box/memory.stat": "cache 1\ntotal_inactive_file 700\n",
}
V2 = {
    "box/memory.max": "max\n",
    "box/memory.current": "4000\n",
    "memory.max": "9000\n",
    "memory.current": "4000\n",
    "memory.stat": "anon 3\ninactive_file 200\n",
}


@pytest.mark.parametrize(
    ("groups", "files", "wanted"),
    [
        ("", {}, 8000 * 1024),
        ("4:memory:/box\n3:cpu:/\n", V1, 1700),
        ("4:memory:/box/inner\n", V1, 1700),
        ("0::/box\n", V2, 5200),
        ("0::/elsewhere\n", V2, 5200),
        ("0::/box\n", {"box/memory.max": "max\n"}, 8000 * 1024),
    ],
)
def test_memory_is_what_machine_and_groups_leave(
    tmp_path: Path, groups: str, files: dict[str, str], wanted: int
) -> None:
    assert machine(tmp_path, groups, files) == wanted


def test_limits_of_the_process_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    limits = {resource.RLIMIT_AS: 300 * 1024, resource.RLIMIT_DATA: resource.RLIM_INFINITY}
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (limits[kind], -1))
    assert machine(tmp_path, "", {}) == 200 * 1024
    limits[resource.RLIMIT_DATA] = 60 * 1024
    assert machine(tmp_path, "", {}) == 10 * 1024


def test_columns_that_are_read_as_they_are_are_not_written_again(tmp_path: Path) -> None:
    whole = spooled((table_of([["1", "2"], ["a", "b"]], range(at, at + 2)) for at in (2, 4, 6)), tmp_path)
    assert whole is not None
    made: list[Table] = []

    def read(piece: Table, late: bool = False) -> Table:
        number, word = piece.columns
        assert isinstance(number, Column)
        assert number.numbers is not None
        doubled = Column(name="double", numbers=2 * number.numbers)
        made.append(piece)
        if late and len(made) > 1:
            number = Column(name="c0", numbers=number.numbers + 1)
        return replace(piece, columns=(word, doubled, number))

    found = read_in_pieces(whole, read, tmp_path)
    assert found.names == ("c1", "double", "c0")
    assert found.columns[0] is whole.columns[1]
    assert found.columns[2] is whole.columns[0]
    assert found.numbers("double").tolist() == [2, 4, 2, 4, 2, 4]


def test_a_column_that_changes_further_down_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spooled_columns, "CELLS", 2)
    whole = table_of([["1", "2", "3", "4", "5"]], range(2, 7))

    def read(piece: Table) -> Table:
        [column] = piece.columns
        assert isinstance(column, Column)
        assert column.numbers is not None
        missing = column.numbers == 4
        if not missing.any():
            return piece
        return replace(piece, columns=(Column(name="c0", numbers=np.where(missing, np.nan, column.numbers)),))

    found = read_in_pieces(whole, read, tmp_path)
    np.testing.assert_array_equal(found.numbers("c0"), [1, 2, 3, np.nan, 5])
    picked = whole.take(np.array([4, 3, 0]))
    np.testing.assert_array_equal(read_in_pieces(picked, read, tmp_path).numbers("c0"), [5, np.nan, 1])


def write_json(path: Path) -> None:
    rows = [{"a": at, "b": "xy"[at % 2]} if at < 40 else {"a": at, "late": f"w{at}"} for at in range(60)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_libsvm(path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [f"{at % 2} 1:{rng.normal():.3f} {at // 10 + 2}:{at}" for at in range(60)]
    path.write_text("\n".join(rows) + "\n")


def write_arff(path: Path) -> None:
    rows = "".join(f"{at / 7},{'yes no'.split()[at % 2]}\n" for at in range(60))
    path.write_text(f"@relation r\n@attribute a numeric\n@attribute b {{yes,no}}\n@data\n{rows}")


WRITERS: dict[str, Any] = {
    "rows.csv": lambda path: path.write_text(table_text(60)),
    "rows.npy": lambda path: np.save(path, np.random.default_rng(0).normal(size=(60, 3)).astype("f4")),
    "pictures.npy": lambda path: np.save(path, np.arange(60 * 4, dtype=np.uint8).reshape(60, 2, 2)),
    "rows.npz": lambda path: np.savez(path, x=np.ones((60, 2)), y=np.array(["p", "q"] * 30)),
    "rows.jsonl": write_json,
    "rows.svm": write_libsvm,
    "rows.arff": write_arff,
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_is_read_in_pieces_as_it_is_read_whole(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    WRITERS[name](path)
    whole = read_file(str(path))
    monkeypatch.setattr(spooled_columns, "CELLS", 30)
    found = read_file(str(path), folder=tmp_path)
    assert found.notes == whole.notes
    assert found.table.names == whole.table.names
    assert list(found.table.lines) == list(whole.table.lines)
    assert (found.table.unit, found.table.declared) == (whole.table.unit, whole.table.declared)
    for one, other in zip(found.table.columns, whole.table.columns, strict=True):
        assert type(one) is type(other)
        if isinstance(one, Column) and isinstance(other, Column):
            assert_same_column(one, other)
        elif isinstance(one, Block) and isinstance(other, Block):
            assert (one.names, one.pooled, one.values.dtype) == (
                other.names,
                other.pooled,
                other.values.dtype,
            )
            np.testing.assert_array_equal(one.values, other.values)


@pytest.mark.skipif(os.name != "posix", reason="needs limits of a process")
def test_more_columns_than_a_process_may_have_files_are_read_into_memory(tmp_path: Path) -> None:
    names = ",".join(f"c{at}" for at in range(300))
    (tmp_path / "wide.csv").write_text(f"{names}\n" + ",".join(["1"] * 300) + "\n")
    script = (
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))\n"
        "from pathlib import Path\n"
        "from mlpcli.data.read import read_file\n"
        f"table = read_file({str(tmp_path / 'wide.csv')!r}, folder=Path({str(tmp_path)!r})).table\n"
        "print(len(table.names), table.column('c299').numbers)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["300", "[1.]"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit of the address space")
def test_a_limit_in_which_mapped_files_count_is_named(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.zeros((1 << 20, 10)))
    script = (
        "import resource\n"
        "from pathlib import Path\n"
        "from mlpcli.data.read import read_file\n"
        "from mlpcli.data.available_memory import _numbers\n"
        "limit = (_numbers(Path('/proc/self/status'))['VmSize'] << 10) + (60 << 20)\n"
        "resource.setrlimit(resource.RLIMIT_AS, (limit, limit))\n"
        f"read_file({str(tmp_path / 'rows.npy')!r}, folder=Path({str(tmp_path)!r}))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "limit memory by `ulimit -d` instead" in done.stderr
    assert done.returncode
