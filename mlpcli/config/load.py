"""A YAML file and --set options -> Config, with the place of every key and the text to keep of it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mlpcli.config import paths
from mlpcli.config.bind import FAILED, Binder, Choices, PathSetting, bare_key
from mlpcli.config.compose import compose
from mlpcli.config.edit import KeyPath, as_options, edit_text, parse_key, parse_overrides, put_all
from mlpcli.config.mapping import IN_MEMORY, write_mapping
from mlpcli.config.schema import Config
from mlpcli.config.tree import SYNONYMS, Items, Place, PlacedFault, Scalar, Section, TextSource, Written
from mlpcli.errors import ConfigError, Fault

LARGEST_FILE = 1024 * 1024
MOST_FAULTS = 50
"""Faults told at once; a file that is something else altogether has thousands."""

ConfigSource = str | os.PathLike[str] | Mapping[str, Any]
"""A config file, or a mapping that says what a file would."""
bare = partial(bare_key, Config)


@dataclass(frozen=True, kw_only=True)
class ConfigFile:
    """A checked config, and what is needed to speak about it and to keep it."""

    config: Config
    path: Path
    text: str
    """The file as written, with the overrides in it; loads to the same config. Line ends are the file's."""
    where: Mapping[str, str]
    """Key -> `iris.yaml line 7` or `--set key=value`, for every key that is given."""
    relative_paths: Mapping[str, str]
    """Keys whose path is written relative to the file -> the absolute path."""
    numbered: bool = True
    """Whether faults name lines; those of a config in memory name keys alone."""

    def error(self, key: str, what: str, remedy: str = "") -> ConfigError:
        """Return the error for a key, with its line or that of the nearest key above."""
        where = "" if key else str(self.path)
        return ConfigError(self.with_location(Fault(where, what, remedy, key)))

    def with_location(self, found: Fault) -> Fault:
        """Add to a fault with a key the line of the key, or of the nearest key above; others stay."""
        if not found.key:
            return found
        key = ".".join(SYNONYMS.get(part, part) for part in found.key.split("."))
        above = key
        while above and above not in self.where:
            above = above[: max(above.rfind("."), above.rfind("["), 0)]
        what = f"{found.where}: {found.what}" if found.where else found.what
        return Fault(f"{self.where.get(above, str(self.path))}, key {key}", what, found.remedy)

    def text_for(self, folder: Path) -> str:
        """Return the text for a copy in another folder: relative paths are written to work from there."""
        rewritten = {key: paths.relative(path, folder) for key, path in self.relative_paths.items()}
        return write_paths(self.text, rewritten)


def load_config(
    config: ConfigSource,
    overrides: str | Sequence[str] = (),
    choices: Choices = MappingProxyType({}),
    *,
    check_files: bool = True,
) -> ConfigFile:
    """Read and check a config: a file, or a mapping, whose relative paths start from the working directory.

    overrides: `key=value`, one or several. choices: tables of activations and the like, name -> settings
    class. Raises ConfigError with every fault of the file and the options, in the order of their lines.
    check_files=False leaves out whether the data files exist.
    """
    if isinstance(config, Mapping):
        if not config and not as_options(overrides):
            raise fault(IN_MEMORY, "It is empty.", "A config needs at least data: {train: a file}.")
        text, path = write_mapping(config), Path(IN_MEMORY)
        return load_config_text(text, path, overrides, choices, check_files=check_files, numbered=False)
    if not isinstance(config, (str, os.PathLike)):
        what = f"A {type(config).__name__} is no config."
        raise fault(IN_MEMORY, what, "Give the path of a YAML file, or a mapping that says the same.")
    path = Path(os.fsdecode(config))
    return load_config_text(read_text(path), path, overrides, choices, check_files=check_files)


def load_config_text(
    text: str,
    path: str | Path,
    overrides: str | Sequence[str] = (),
    choices: Choices = MappingProxyType({}),
    *,
    check_files: bool = True,
    numbered: bool = True,
) -> ConfigFile:
    """Read and check a text that is (or would be) in the file `path`; see load_config.

    numbered: whether faults name its lines.
    """
    path = Path(path)
    source = TextSource(str(path), Path(os.path.abspath(path.parent)), numbered=numbered)
    tree, faults = compose(text, source)
    options, unreadable = parse_overrides(overrides, Path.cwd())
    tree = top_level(tree, bool(overrides))
    tree, misfits = put_all(tree, options, bare)
    binder = Binder(choices=choices, root=Config)
    config = binder.section(Config, tree)
    faults += unreadable + misfits + binder.faults
    if check_files:
        source_of_data = config.data.source if isinstance(config, Config) else None
        faults += missing_files(binder.paths, source_of_data)
    raise_faults(faults, path)
    assert config is not FAILED
    for option in options:
        text = edit_text(text, option.path, option.value, bare)
    given = {key: found for key, found in binder.paths.items() if paths.is_relative(found.text)}
    from_options = {
        key: paths.relative(found.absolute, source.folder)
        for key, found in given.items()
        if found.place.source.order
    }
    return ConfigFile(
        config=config,
        path=path,
        text=write_paths(text, from_options),
        where=MappingProxyType({key: str(place) for key, place in binder.places.items()}),
        relative_paths=MappingProxyType({key: found.absolute for key, found in given.items()}),
        numbered=numbered,
    )


def read_text(path: Path) -> str:
    """Return the text of a config file, without byte order mark. Raises ConfigError for what is none."""
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except (FileNotFoundError, ValueError):
        raise fault(path, "There is no such file.", paths.nearest_file(str(path))) from None
    except IsADirectoryError:
        raise fault(path, "This is a folder, not a config file.", "Name a YAML file in it.") from None
    except OSError as error:
        what = f"The file cannot be read: {error.strerror or error}."
        raise fault(path, what, "Check the path and its permissions.") from error
    if len(data) > LARGEST_FILE:
        raise fault(path, "The file is larger than 1 MiB.", "A config names its data file under data.train.")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise fault(path, "The file is saved as UTF-16.", "Save it as UTF-8.")
    if b"\0" in data:
        raise fault(path, "This is a binary file, not a config.", "A config is a YAML text file.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise fault(f"{path} line {line}", "The file is not UTF-8 text.", "Save it as UTF-8.") from None


def fault(where: str | Path, what: str, remedy: str = "") -> ConfigError:
    """Return a ConfigError with one fault."""
    return ConfigError(Fault(str(where), what, remedy))


def top_level(tree: Written, overridden: bool) -> Section:
    """Return the tree as the section it has to be, standing for the file as a whole."""
    place = Place(tree.place.source)
    empty = (isinstance(tree, Scalar) and tree.is_null) or (isinstance(tree, Section) and not tree.entries)
    if empty and not overridden:
        raise fault(str(place), "The file is empty.", "A config needs at least data: {train: a file}.")
    if empty:
        return Section(place=place, start=tree.start, end=tree.end)
    if not isinstance(tree, Section):
        kind = "a list" if isinstance(tree, Items) else "a text"
        raise fault(str(tree.place), f"The file is {kind}, not a config.", "Write lines like 'key: value'.")
    return Section(place=place, start=tree.start, end=tree.end, tag=tree.tag, entries=tree.entries)


def missing_files(settings: Mapping[str, PathSetting], source: str | None) -> list[PlacedFault]:
    """Return a fault for every path that is no file; source: where the config says the data can be had."""
    faults = []
    hint = f"\nWhere to get it: {source}" if source else ""
    for key, setting in settings.items():
        # Where an option says it, it is to be mended there.
        elsewhere = f" If it lies elsewhere: --set {key}=PATH" if not setting.place.source.order else ""
        trouble = paths.trouble(setting.absolute, setting.folder, elsewhere)
        if trouble:
            what, remedy = trouble
            if setting.folder:  # a run: data.source says nothing of it
                faults.append((setting.place, Fault(f"{setting.place}, key {key}", what, remedy)))
                continue
            faults.append((setting.place, Fault(f"{setting.place}, key {key}", what, remedy + hint)))
            hint = ""  # once is enough
    return faults


def raise_faults(placed: Sequence[PlacedFault], path: Path) -> None:
    """Raise what was found, if anything: the file's faults by line, then those of the options in turn."""
    ordered = sorted(placed, key=lambda found: (found[0].source.order, found[0].line))
    faults = [found for _, found in ordered]
    if len(faults) > MOST_FAULTS:
        rest = Fault(str(path), f"{len(faults) - MOST_FAULTS} more faults are not shown.")
        faults = [*faults[:MOST_FAULTS], rest]
    if faults:
        raise ConfigError(faults)


def write_paths(text: str, settings: Mapping[str, str]) -> str:
    """Return the text with these paths at these keys."""
    place = Place(TextSource("", Path()))
    for key, path in settings.items():
        keys: KeyPath = parse_key(key, place)
        text = edit_text(text, keys, Scalar(place=place, text=path, quoted=True), bare)
    return text
