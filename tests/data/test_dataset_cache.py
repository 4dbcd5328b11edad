"""Prepared rows from the cache: the bits of a reading without it, whatever happens to the cache."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlpcli.config.schema import DataConfig, MissingConfig
from mlpcli.data import matrix_files
from mlpcli.data.cached_dataset import cached_dataset
from mlpcli.data.dataset import Dataset, read_dataset
from mlpcli.data.dataset_cache import DatasetCache
from mlpcli.data.dataset_key import DatasetOrigin
from mlpcli.data.files import DataFiles
from mlpcli.data.part import Part, Unseen
from mlpcli.data.stored_dataset import HEADER

ROWS = 300


def table(rows: int, seed: int = 0, kinds: str = "abcd", classes: str = "xyz") -> str:
    """A CSV of numbers with holes, categories with holes, weights, and targets of each kind."""
    rng = np.random.default_rng(seed)
    lines = ["size,heavy,kind,weight,answer,p,q,amount"]
    for _ in range(rows):
        size = "" if rng.random() < 0.1 else f"{rng.normal():.3f}"
        kind = "" if rng.random() < 0.1 else rng.choice(list(kinds))
        answer = rng.choice(list(classes)) if rng.random() < 0.95 else ""
        p, q = rng.integers(0, 2, 2)
        lines.append(
            f"{size},{rng.normal() * 1e3:.2f},{kind},{rng.integers(0, 4)},{answer},{p},{q},{rng.normal():.4f}"
        )
    return "\n".join(lines) + "\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "train.csv").write_text(table(ROWS))
    for name in ("first-part.csv", "part.csv"):
        (tmp_path / f"p{name}").write_text(table(40, len(name)))
    (tmp_path / "other.csv").write_text(table(80, 1, kinds="abcdefg", classes="wxyz"))
    rng = np.random.default_rng(2)
    np.save(tmp_path / "pictures.npy", rng.integers(0, 256, (120, 5, 5), np.uint8))
    np.save(tmp_path / "labels.npy", rng.integers(0, 3, 120))
    return tmp_path


@pytest.fixture
def cache(tmp_path: Path) -> DatasetCache:
    return DatasetCache(tmp_path / "home" / "mlp" / "data")


def origin(folder: Path, dtype: str = "float64", seed: int = 0, **settings: Any) -> DatasetOrigin:
    given = {"train": "train.csv", "target": "answer", "cache": True} | settings
    paths = ("train", "labels", "validation", "test")
    given = {
        key: str(folder / each) if key in paths and isinstance(each, str) else each
        for key, each in given.items()
    }
    return DatasetOrigin(
        config=DataConfig(**given),
        rng=np.random.default_rng(seed),
        dtype=dtype,
        loss_of_numbers="",
        files=DataFiles(),
    )


def plain(wanted: DatasetOrigin) -> Dataset:
    return read_dataset(wanted.config, wanted.rng, wanted.dtype, wanted.loss_of_numbers)


def assert_same(found: Any, wanted: Any) -> None:
    """Compare two datasets, or parts of them, to the bit, types included; of the notes of the first the last
    is about the cache."""
    if isinstance(found, range) and isinstance(wanted, np.ndarray):  # numbers of lines, written shorter
        found = np.array(found)
    assert type(found) is type(wanted)
    if isinstance(wanted, np.ndarray):
        assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
        assert found.tobytes() == wanted.tobytes()
    elif isinstance(wanted, (Dataset, Part, Unseen)):
        for field in fields(wanted):
            assert_same(getattr(found, field.name), getattr(wanted, field.name))
    else:
        assert found == wanted


def without_note(dataset: Dataset) -> Dataset:
    assert "cache" in dataset.notes[-1]
    return replace(dataset, notes=dataset.notes[:-1])


def is_mapped(dataset: Dataset) -> bool:
    return not dataset.training.inputs.flags.writeable


NOT_USED = ("answer", "p", "q", "amount")
CONFIGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "drawn parts": {"validation": 0.2, "test": 0.1},
    "a fold": {"fold": "2/5", "validation": 0.1},
    "weights": {"weight": "weight", "class_weights": "balanced", "validation": 0.2},
    "classes of no training row": {"validation": "other.csv", "test": "other.csv", "weight": "weight"},
    "regression": {"target": "amount", "ignore": ("answer",), "validation": 0.2},
    "several labels": {"target": ("p", "q"), "ignore": ("answer", "amount"), "test": 0.25},
    "holes": {"missing": MissingConfig(numeric="median", categorical="most_frequent", indicator=True)},
    "no scaling": {"scaling": "none", "levels": 2, "categorical": ("heavy",)},
    "codes": {"target": "p", "classes": (0.1, 0.9), "ignore": ("answer",)},
    "several files": {"train": "p*part.csv", "validation": 0.2},
    "pictures": {"train": "pictures.npy", "labels": "labels.npy", "target": None, "validation": 0.3},
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CONFIGS)
def test_rows_from_the_cache_have_the_bits_of_the_file(
    folder: Path, cache: DatasetCache, name: str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrix_files, "PIECE_BYTES", 2000)  # some rows at a time
    wanted = plain(origin(folder, dtype, **CONFIGS[name]))
    written = cached_dataset(origin(folder, dtype, **CONFIGS[name]), cache)
    found = cached_dataset(origin(folder, dtype, **CONFIGS[name]), cache)
    assert is_mapped(found)
    assert "are taken from the cache" in found.notes[-1]
    for each in (written, found):
        assert_same(without_note(each), wanted)


def test_a_dataset_says_nothing_that_is_not_kept() -> None:
    """A field that is added to a part, and not written, would be lost on the way through the cache."""
    assert {each.name for each in fields(Dataset)} == {
        "training", "validation", "test", "preparation", "task", "notes", "weighting"
    }  # fmt: skip
    assert {each.name for each in fields(Part)} == {
        "inputs", "targets", "weights", "lines", "source", "unseen"
    }  # fmt: skip
    assert {each.name for each in fields(Unseen)} == {"inputs", "targets", "classes", "weights"}


def test_nothing_can_be_written_to_rows_from_the_cache(folder: Path, cache: DatasetCache) -> None:
    cached_dataset(origin(folder, validation=0.2), cache)
    found = cached_dataset(origin(folder, validation=0.2), cache)
    assert found.validation is not None
    for part in (found.training, found.validation):
        for array in (part.inputs, part.targets, part.lines):
            with pytest.raises(ValueError, match="read-only"):
                array[:1] = 0  # type: ignore[index]


def test_the_key_is_of_all_that_decides_the_rows_and_of_nothing_else(folder: Path) -> None:
    first = origin(folder).key()
    assert first is not None
    same = [
        origin(folder, seed=1),
        origin(folder, source="the attic"),
        origin(folder, cache=None),
    ]
    moved = folder / "elsewhere"
    moved.mkdir()
    shutil.copy(folder / "train.csv", moved)
    same.append(origin(moved))
    assert {each.key() for each in same} == {first}
    others = [
        origin(folder, "float32"),
        origin(folder, target="p"),
        origin(folder, levels=3),
        origin(folder, validation=0.2),
        origin(folder, seed=1, validation=0.2),
        origin(folder, fold="1/5"),
        origin(folder, seed=1, fold="1/5"),
        origin(folder, validation="other.csv"),
        origin(folder, test="other.csv"),
        replace(origin(folder), loss_of_numbers="huber"),
    ]
    keys = [each.key() for each in others]
    with open(folder / "train.csv", "a") as file:
        file.write("1,2,a,1,x,0,1,3\n")
    keys += [first, origin(folder).key()]
    assert len(set(keys)) == len(keys)


def test_notes_name_the_file_where_it_is_now(folder: Path, cache: DatasetCache, tmp_path: Path) -> None:
    cached_dataset(origin(folder), cache)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    shutil.move(folder / "train.csv", moved)
    found = cached_dataset(origin(moved), cache)
    assert "are taken from the cache" in found.notes[-1]
    assert_same(without_note(found), plain(origin(moved)))
    assert found.training.where(0).startswith(str(moved / "train.csv"))


def test_only_large_files_are_kept_unless_the_config_says_so(folder: Path, cache: DatasetCache) -> None:
    size = os.stat(folder / "train.csv").st_size
    for least, kept in ((size + 1, False), (size, True)):
        dataset = cached_dataset(origin(folder, cache=None), cache, least)
        assert is_mapped(dataset) == kept
    assert not is_mapped(cached_dataset(origin(folder, cache=False), cache, 0))


def test_what_can_be_read_once_only_is_not_kept(folder: Path, cache: DatasetCache) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("there are no named pipes")
    os.mkfifo(folder / "pipe")
    assert origin(folder, train="pipe").key() is None
    assert replace(origin(folder), config=DataConfig(train="-", target="answer")).key() is None


def test_further_datasets_of_a_command_are_made_of_its_tables(folder: Path, cache: DatasetCache) -> None:
    several = replace(origin(folder, cache=None, validation=0.2), files=DataFiles(keep_tables=True))
    assert not is_mapped(cached_dataset(several, cache, 0))
    assert is_mapped(cached_dataset(origin(folder, validation=0.2), cache))
    again = replace(several, rng=np.random.default_rng(0))
    assert is_mapped(cached_dataset(again, cache, 0))


def entries(cache: DatasetCache) -> list[Path]:
    assert cache.path is not None
    return sorted(cache.path.iterdir()) if cache.path.exists() else []


def damage(entry: Path) -> Iterator[str]:
    """Damage a dataset in every way, one after the other, and mend it again."""
    for path in sorted(entry.iterdir()):
        content = path.read_bytes()
        path.write_bytes(content[:-1])
        yield f"{path.name} is cut off"
        path.write_bytes(content + b"\0")
        yield f"{path.name} is longer"
        path.unlink()
        yield f"{path.name} is gone"
        path.write_bytes(content)
    header = (entry / HEADER).read_bytes()
    for at in range(0, len(header), 97):
        (entry / HEADER).write_bytes(header[:at] + bytes([header[at] ^ 1]) + header[at + 1 :])
        yield f"byte {at} of the header is another"
    (entry / HEADER).write_bytes(header)


def test_a_damaged_dataset_is_as_good_as_none(folder: Path, cache: DatasetCache) -> None:
    wanted = origin(folder, validation="other.csv", weight="weight")
    cached_dataset(wanted, cache)
    key = wanted.key()
    assert key is not None
    [entry] = entries(cache)
    found = []
    for what in damage(entry):
        assert cache.read(key, wanted.paths) is None, what
        found.append(what)
    assert len(found) > 30
    assert cache.read(key, wanted.paths) is not None


def test_a_damaged_dataset_is_made_anew(folder: Path, cache: DatasetCache) -> None:
    cached_dataset(origin(folder), cache)
    [entry] = entries(cache)
    os.truncate(entry / "training.inputs", 100)
    again = cached_dataset(origin(folder), cache)
    assert "are kept" in again.notes[-1]
    assert_same(without_note(again), plain(origin(folder)))
    assert "are taken" in cached_dataset(origin(folder), cache).notes[-1]
    assert entries(cache) == [entry]


def test_a_header_of_another_kind_is_as_good_as_none(folder: Path, cache: DatasetCache) -> None:
    """Such as one of a later version whose key is the same by an oversight of ours."""
    from mlpcli.data.stored_dataset import _digest

    wanted = origin(folder)
    cached_dataset(wanted, cache)
    [entry] = entries(cache)
    content = json.loads((entry / HEADER).read_bytes().partition(b"\n")[2])
    for key in content:
        for other in (None, 3, "x", [], {}):
            text = json.dumps(content | {key: other}).encode()
            (entry / HEADER).write_bytes(_digest(text) + b"\n" + text)
            if (key, other) not in (("task", "x"), ("notes", []), ("weighting", None)):
                cache.read(entry.name, wanted.paths)  # whatever it finds, nothing is raised


def test_a_folder_that_cannot_be_written_to_is_done_without(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (None, tmp_path / "file" / "mlp" / "data"):
        dataset = cached_dataset(origin(folder), DatasetCache(place))
        assert "are not kept in the cache" in dataset.notes[-1]
        assert_same(without_note(dataset), plain(origin(folder)))


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs owners and modes of files")
def test_a_folder_that_others_may_write_to_is_done_without(folder: Path, cache: DatasetCache) -> None:
    cached_dataset(origin(folder), cache)
    assert cache.path is not None
    cache.path.chmod(0o777)
    dataset = cached_dataset(origin(folder), cache)
    assert "not yours alone" in dataset.notes[-1]
    assert not is_mapped(dataset)


def limited(path: str, folder: Path, cache: DatasetCache, limit: int, answer: Any) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    dataset = cached_dataset(origin(folder, validation=0.3), cache)
    answer.put((dataset.notes[-1], dataset.training.inputs.tobytes()))


@pytest.mark.skipif(os.name != "posix", reason="needs limits of a process")
@pytest.mark.parametrize("limit", [0, 100, 3000, 10_000])
def test_a_disk_that_is_full_is_done_without(folder: Path, cache: DatasetCache, limit: int) -> None:
    """Python ignores the signal of the limit, so that writing fails as on a full disk."""
    context = multiprocessing.get_context("fork")
    answer = context.SimpleQueue()
    process = context.Process(target=limited, args=("", folder, cache, limit, answer))
    process.start()
    note, inputs = answer.get()
    process.join()
    assert "are not kept in the cache" in note
    assert inputs == plain(origin(folder, validation=0.3)).training.inputs.tobytes()
    assert entries(cache) == []


def test_room_is_left_on_the_disk(folder: Path, cache: DatasetCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix_files, "SPARE", 1 << 60)
    dataset = cached_dataset(origin(folder), cache)
    assert "no space left" in dataset.notes[-1]
    assert entries(cache) == []


def test_a_file_that_changes_while_it_is_read_is_not_kept(
    folder: Path, cache: DatasetCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The digest is of what was there before."""
    wanted = origin(folder)
    assert wanted.key() is not None
    from mlpcli.data import cached_dataset as module

    def read(*arguments: Any) -> Dataset:
        with open(folder / "train.csv", "a") as file:
            file.write("1,2,a,1,x,0,1,3\n")
        return read_dataset(*arguments)

    monkeypatch.setattr(module, "read_dataset", read)
    cached_dataset(wanted, cache)
    assert entries(cache) == []


def compete(folder: Path, cache: DatasetCache, start: Any, answer: Any) -> None:
    start.wait()
    dataset = cached_dataset(origin(folder, validation=0.2), cache)
    answer.put((dataset.notes[-1], dataset.training.inputs.tobytes()))


@pytest.mark.skipif(os.name != "posix", reason="processes are forked")
def test_several_writers_at_once(folder: Path, cache: DatasetCache) -> None:
    context = multiprocessing.get_context("fork")
    start, answer = context.Event(), context.SimpleQueue()
    processes = [context.Process(target=compete, args=(folder, cache, start, answer)) for _ in range(6)]
    for each in processes:
        each.start()
    start.set()
    found = [answer.get() for _ in processes]
    for each in processes:
        each.join()
    wanted = plain(origin(folder, validation=0.2)).training.inputs.tobytes()
    assert {inputs for _, inputs in found} == {wanted}
    assert all("are kept" in note or "are taken" in note for note, _ in found)
    assert len(entries(cache)) == 1


def killed(folder: Path, cache: DatasetCache) -> None:
    with cache.new_folder() as path:
        (path / "training.inputs").write_bytes(b"half")
        os.kill(os.getpid(), 9)


@pytest.mark.skipif(os.name != "posix", reason="needs signals and locks")
def test_what_a_killed_writer_left_is_removed_and_what_is_being_written_stays(
    folder: Path, cache: DatasetCache
) -> None:
    process = multiprocessing.get_context("fork").Process(target=killed, args=(folder, cache))
    process.start()
    process.join()
    [left] = entries(cache)
    for path in (left / "training.inputs", left):
        os.utime(path, (0, 0))
    with cache.new_folder() as path:
        assert entries(cache) == [path]
        (path / "training.inputs").write_bytes(b"half")
        for each in (path / "training.inputs", path):
            os.utime(each, (0, 0))
        cached_dataset(origin(folder), cache)
        assert path in entries(cache)
    assert path not in entries(cache)


def test_what_was_not_used_for_longest_goes_first(folder: Path, cache: DatasetCache) -> None:
    def use(seed: int) -> str:
        wanted = origin(folder, seed=seed, validation=0.2)
        key = wanted.key()
        assert key is not None
        assert cache.path is not None
        cached_dataset(wanted, DatasetCache(cache.path, limit))
        os.utime(cache.path / key / HEADER, (0, clock.pop()))
        return key

    limit, clock = 1 << 40, list(range(9, 0, -1))
    first, second, third = use(0), use(1), use(2)
    use(0)
    size = sum(each.stat().st_size for each in (cache.path or folder).joinpath(first).iterdir())
    limit = 3 * size + size // 2
    fourth = use(3)
    assert {each.name for each in entries(cache)} == {first, third, fourth}
    assert second not in {each.name for each in entries(cache)}
    limit = 1  # the newest stays, whatever its size
    fifth = use(4)
    assert [each.name for each in entries(cache)] == [fifth]
