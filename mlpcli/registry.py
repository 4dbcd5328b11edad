"""A folder is its own table: each file offers the object it is named after."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar, cast

Choice = TypeVar("Choice")


def choice_name(choice: object) -> str:
    """Return the name under which a choice stands in its table: that of its file."""
    return type(choice).__module__.rpartition(".")[2]


class Registry(Mapping[str, Choice], Generic[Choice]):
    """Read-only table from the file names of a package to the objects they offer.

    `leaky_relu.py` offers `LeakyRelu` or `leaky_relu`; or, where its name means something elsewhere too, the
    class with the kind behind it: `LeakyReluActivation`. A file is imported when it is first asked for, so
    listing the names costs nothing.

    package, path: __name__ and __path__ of the folder. groups: folders in it that the files lie in; empty:
    the folder itself. Names are unique over all groups. kind: what the name of a class may end in.
    """

    def __init__(self, package: str, path: Iterable[str], groups: Iterable[str] = (), kind: str = "") -> None:
        self._kind = kind
        self._groups: dict[str, tuple[str, ...]] = {}
        self._modules: dict[str, str] = {}
        folders = list(path)
        for group in tuple(groups) or ("",):
            where = [f"{folder}/{group}" for folder in folders] if group else folders
            names = tuple(sorted(module.name for module in pkgutil.iter_modules(where)))
            self._groups[group] = names
            self._modules |= {name: f"{package}.{group}.{name}".replace("..", ".") for name in names}

    def group(self, group: str) -> tuple[str, ...]:
        """Return the names in one of the groups; imports nothing."""
        return self._groups[group]

    def __getitem__(self, name: str) -> Choice:
        module = importlib.import_module(self._modules[name])
        class_name = "".join(word.capitalize() for word in name.split("_"))
        for candidate in (class_name + self._kind, class_name, name):
            if hasattr(module, candidate):
                return cast(Choice, getattr(module, candidate))
        raise ImportError(f"{module.__name__} offers neither {class_name} nor {name}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)
