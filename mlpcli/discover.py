"""A folder is its own table: each file offers the object it is named after."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar, cast

Choice = TypeVar("Choice")


def choice_name(choice: object) -> str:
    """The name under which a choice stands in its table: that of its file."""
    return type(choice).__module__.rpartition(".")[2]


class Choices(Mapping[str, Choice], Generic[Choice]):
    """Read-only table from the file names of a package to the objects they offer.

    `leaky_relu.py` offers `LeakyRelu` or `leaky_relu`; a file without one is an error.
    A file is imported when it is first asked for, so listing the names costs nothing.
    """

    def __init__(self, package: str, path: Iterable[str]) -> None:
        self._package = package
        self._names = tuple(sorted(module.name for module in pkgutil.iter_modules(path)))

    def __getitem__(self, name: str) -> Choice:
        if name not in self._names:
            raise KeyError(name)
        module = importlib.import_module(f"{self._package}.{name}")
        class_name = "".join(word.capitalize() for word in name.split("_"))
        for candidate in (class_name, name):
            if hasattr(module, candidate):
                return cast(Choice, getattr(module, candidate))
        raise ImportError(f"{module.__name__} offers neither {class_name} nor {name}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
