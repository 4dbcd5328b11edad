"""The way from a config to its dataset by the cache, where prepared rows are kept for the next training."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace

from mlpcli.config.schema import DataConfig
from mlpcli.data.array_files import reason
from mlpcli.data.dataset import Dataset, read_dataset
from mlpcli.data.dataset_cache import DatasetCache, user_dataset_cache
from mlpcli.data.dataset_key import DatasetOrigin
from mlpcli.data.matrix_files import MatrixFiles
from mlpcli.data.several import files_of
from mlpcli.data.stored_dataset import write_dataset
from mlpcli.data.table_size import exceeds_memory

LEAST = 64 << 20
"""Bytes of a training file from which on its prepared rows are kept, unless the config says otherwise."""
DO_WITHOUT = "`data: {cache: false}` does without"


def cached_dataset(origin: DatasetOrigin, cache: DatasetCache | None = None, least: int = LEAST) -> Dataset:
    """Return a dataset from the cache, or read it and keep it there, as data.cache says. Raises DataError.

    What memory may be too small for goes by files in any case. cache: None: the user's. least: bytes of a
    training file from which on it is cached where the config says nothing of it.
    """
    config = origin.config
    cache = user_dataset_cache() if cache is None else cache
    large = exceeds_memory(origin.paths.values())
    wanted = _is_wanted(config, least) or (large and config.cache is None)
    key = origin.key() if wanted else None
    if key is None:
        return _read_by_files(origin, cache) if large else _read(origin)
    found = cache.read(key, origin.paths)
    if found is not None:
        return _noted(found, origin, f"prepared rows are taken from the cache, {cache.path}; {DO_WITHOUT}")
    # Further datasets of the same command are made of the tables in memory.
    if origin.files.keeps_tables and config.cache is None and not large:
        return _read(origin)
    return _read_and_keep(origin, cache, key, large)


def _read_by_files(origin: DatasetOrigin, cache: DatasetCache) -> Dataset:
    """Read a dataset whose matrices lie in files that are gone when it is."""
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(cache.new_folder())
        except OSError:
            return _read(origin)
        return _read(origin, MatrixFiles(folder, must=True))


def _read_and_keep(origin: DatasetOrigin, cache: DatasetCache, key: str, large: bool) -> Dataset:
    """Read a dataset and write it to the cache; where that fails, it is returned all the same.

    large: whether memory may be too small for it.
    """
    before = origin.stamps()
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(cache.new_folder())
        except OSError as error:
            return _noted(_read(origin), origin, _not_kept(error))
        matrices = MatrixFiles(folder, must=large)
        dataset = _read(origin, matrices)
        if matrices.failure is not None:
            return _noted(dataset, origin, _not_kept(matrices.failure))
        if origin.stamps() != before:  # what was read is perhaps not what the key says
            return dataset
        try:
            write_dataset(dataset, folder, origin.paths)
            cache.publish(folder, key)
        except OSError as error:
            return _noted(dataset, origin, _not_kept(error))
    kept = f"prepared rows are kept for the next training in the cache, {cache.path}; {DO_WITHOUT}"
    found = cache.read(key, origin.paths)
    return _noted(dataset if found is None else found, origin, kept)


def _is_wanted(config: DataConfig, least: int) -> bool:
    """Tell whether the prepared rows are to be kept."""
    if config.cache is not None:
        return config.cache
    try:
        return sum(os.stat(path).st_size for path in files_of(config.train)) >= least
    except OSError:  # standard input; or there is no such file, which is said when it is read
        return False


def _read(origin: DatasetOrigin, matrices: MatrixFiles | None = None) -> Dataset:
    return read_dataset(
        origin.config,
        origin.rng,
        origin.dtype,
        origin.loss_of_numbers,
        origin.files,
        matrices,
        origin.known,
    )


def _noted(dataset: Dataset, origin: DatasetOrigin, note: str) -> Dataset:
    files = [path for role, path in origin.paths.items() if role.startswith("train.")]
    name = files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"
    return replace(dataset, notes=(*dataset.notes, f"{name}: {note}."))


def _not_kept(error: OSError) -> str:
    return f"prepared rows are not kept in the cache for the next training: {reason(error)}"
