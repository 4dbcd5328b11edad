"""`setting`: a dataclass field that carries its limits, so that bind.py can check any section."""

from __future__ import annotations

from dataclasses import MISSING, Field, dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of a setting: what its value may be, in the setting's own unit."""

    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None
    most: int | None = None
    """Items of a list, at most."""
    one_of: tuple[str, ...] = ()
    """Allowed words of a text setting."""
    choice_of: str = ""
    """Name of a table of choices (a folder): the YAML value is a name, or a mapping with `name`."""
    default_choice: str = ""
    """The name that a mapping of settings without one stands for."""
    path: bool = False
    """The text is a path: it is made absolute, relative to the file (or the working directory for --set)."""
    folder: bool = False
    """The path may be that of a folder."""
    short_for: str = ""
    """For a nested section: the key that a bare value stands for (`8` for `{units: 8}`)."""
    spelling: str = ""
    """How YAML and messages write the key, where it differs from the field (optimiser, initialisation)."""


def setting(default: Any = MISSING, factory: Any = None, **limits: Any) -> Any:
    """Return a field of a frozen dataclass with Limits, and a default (none: required) or what makes one."""
    metadata = {"limits": Limits(**limits)}
    return (
        field(default_factory=factory, metadata=metadata)
        if factory
        else field(default=default, metadata=metadata)
    )


def yaml_name(each: Field[Any]) -> str:
    """Return how YAML writes a field."""
    return limits_of(each).spelling or each.name


def limits_of(each: Field[Any]) -> Limits:
    """Return the limits of a field; none where it was made without setting()."""
    limits = each.metadata.get("limits", Limits())
    assert isinstance(limits, Limits)
    return limits
