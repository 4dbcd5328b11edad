"""Wish: what the config says about one column before it is looked at."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.config.schema import ColumnConfig, DataConfig
from mlpcli.data.schema.column_schema import CATEGORY, DATE, NUMBER, ORDINAL, TRUTH, ColumnSchema
from mlpcli.data.schema.find_notation import NO_HINTS, Hints
from mlpcli.data.schema.missing_words import USUAL, MissingRule, missing_rule

_NOTHING = ColumnConfig()


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is known of a column beforehand.

    kind: the kind it has to be, and why; None: it is found. given: the words and numbers that the config
    names as missing, missing: the rule of them. levels, date_format: as the config gives them. keeps: whether
    it stays even if it looks like an identifier; target: whether it is one. first: whether it comes first in
    the file.
    """

    kind: str | None = None
    why: str = ""
    given: tuple[str, ...] = ()
    missing: MissingRule = USUAL
    hints: Hints = NO_HINTS
    levels: tuple[str, ...] = ()
    date_format: str = ""
    keeps: bool = False
    target: bool = False
    first: bool = False


@dataclass(frozen=True, kw_only=True)
class Roles:
    """The columns that are no plain inputs. aside: weights, and those by which rows are split."""

    targets: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()


def roles_of(config: DataConfig, targets: tuple[str, ...]) -> Roles:
    """Return the targets, and the columns that the config names for weights and for splitting the rows."""
    split = config.split
    names = (config.weight, split.column, split.group, split.sort_by)
    aside = tuple(dict.fromkeys(name for name in names if name is not None and name not in targets))
    return Roles(targets=targets, aside=aside)


CONFIG_SAYS, FILE_SAYS = "the config says so", "the file says so"


def wish_for(
    name: str,
    config: DataConfig,
    roles: Roles,
    comma_is_decimal: bool = False,
    first: bool = False,
    declared: ColumnSchema | None = None,
) -> Wish:
    """Return what the config says about the column `name`, for itself or for all columns; else the file.

    declared: what the file says of it, where its format has types.
    """
    own = config.columns.get(name, _NOTHING)
    values = own.missing if own.missing is not None else config.missing.values
    if values is None and declared is not None and declared.missing:
        values = declared.missing
    decimal, thousands = own.decimal or config.decimal, own.thousands or config.thousands
    if decimal is not None and decimal == thousands:  # what the column says of itself comes first
        thousands, decimal = (None, decimal) if own.decimal else (thousands, "." if decimal == "," else ",")
    kind = own.kind
    if kind is None and (own.decimal or own.thousands):
        kind = NUMBER
    if kind is None and own.levels:
        kind = TRUTH if len(own.levels) == 2 else ORDINAL
    if kind is None and own.format:
        kind = DATE
    if kind is None and name in config.categorical:
        kind = CATEGORY
    levels, date_format, why = own.levels, own.format or "", CONFIG_SAYS
    if kind is None and declared is not None and declared.kind in (CATEGORY, DATE, ORDINAL, TRUTH):
        kind, date_format, why = declared.kind, declared.date_format, FILE_SAYS
        levels = declared.levels if kind in (ORDINAL, TRUTH) else ()
    keeps = name in config.use or name in roles.targets or name in roles.aside
    return Wish(
        kind=kind,
        why=why,
        given=tuple(values or ()),
        missing=missing_rule(values),
        hints=Hints(decimal=decimal, thousands=thousands, comma_is_decimal=comma_is_decimal),
        levels=levels,
        date_format=date_format,
        # What a model was trained with stays an input when its training goes on.
        keeps=keeps or (declared is not None and declared.kind == NUMBER),
        target=name in roles.targets,
        first=first,
    )
