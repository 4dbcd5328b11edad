"""`dataclass`: the one of the standard library, made in a quarter of the time where it is frozen.

Python 3.11 and 3.12 compile six methods anew for every frozen dataclass, 0.6 ms in all. A training imports a
hundred of them and more, which was a tenth of its start. Here one method is compiled, __init__, and the
others are the same functions for all classes. They do what those of the standard library do, and either kind
of class may inherit from the other.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(
        kind: type | None = None, /, *, frozen: bool = False, eq: bool = True, **options: Any
    ) -> Any:
        """Make a class a dataclass; the options are those of dataclasses.dataclass."""
        if kind is None:
            return lambda each: dataclass(each, frozen=frozen, eq=eq, **options)
        if not frozen:
            return dataclasses.dataclass(kind, eq=eq, **options)
        # Below a frozen class, dataclasses insists on making the methods that refuse a change themselves.
        inherits = any(map(dataclasses.is_dataclass, kind.__bases__))
        own = set(vars(kind))
        dataclasses.dataclass(kind, frozen=inherits, eq=False, repr=False, **options)
        kind.__dataclass_params__.frozen = True
        methods = {"__repr__": _repr} | ({"__eq__": _equal, "__hash__": _hash} if eq else {})
        if not inherits:
            methods |= {"__setattr__": _set_once, "__delattr__": _refuse}
        for name, method in methods.items():
            if name not in own or (name == "__hash__" and kind.__hash__ is None):
                setattr(kind, name, method)
        return kind


def _set_once(self: Any, name: str, value: Any) -> None:
    """Let __init__ set each field, and nobody set it again."""
    if name in self.__dict__ or name not in self.__dataclass_fields__:
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
    self.__dict__[name] = value


def _refuse(self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _values(self: Any) -> tuple[Any, ...]:
    """Return what equality goes by."""
    return tuple(getattr(self, each.name) for each in dataclasses.fields(self) if each.compare)


def _equal(self: Any, other: Any) -> Any:
    return _values(self) == _values(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_values(self))


def _repr(self: Any) -> str:
    shown = (f"{each.name}={getattr(self, each.name)!r}" for each in dataclasses.fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"
