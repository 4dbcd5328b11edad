"""Sentences on what was found in a table that is not plain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from mlpcli.data.schema.column_schema import CATEGORY, CONSTANT, COUNTER, EMPTY, ID, TEXT, TRUTH
from mlpcli.data.schema.draft import Draft
from mlpcli.data.schema.remedies import yaml_list
from mlpcli.wording import MOST, listed, plural


def notes_on(source: str, drafts: Iterable[Draft], kept: Collection[str]) -> Iterator[str]:
    """Yield the sentences about all columns: what is left out, what is missing, and what is written how.

    kept: columns that only tell rows apart and stay, as there is no other input.
    """
    every = list(drafts)
    yield from _left_out(source, every)
    if kept:
        tell, stay = ("tells", "stays an input") if len(kept) == 1 else ("tell", "stay inputs")
        yield f"{source}: {_columns(kept)} only {tell} rows apart, and {stay} as there is no other."
    yield from _missing(source, every)
    truths = [
        f"{draft.schema.name} ({', '.join(draft.schema.levels)})"
        for draft in every
        if draft.schema.kind == TRUTH
    ]
    if truths:
        yield f"{source}: truth values, with the words for no and for yes: {listed(truths)}."
    for draft in every:
        for note in draft.notes:
            yield f"{source}: column {draft.schema.name!r}: {note}."


def _columns(names: Collection[str]) -> str:
    return ("column " if len(names) == 1 else "columns ") + listed(map(repr, names))


def _left_out(source: str, drafts: list[Draft]) -> Iterator[str]:
    out = [draft.schema for draft in drafts if not draft.schema.used]
    empty = [schema.name for schema in out if schema.kind == EMPTY]
    keys = [schema for schema in out if schema.kind in (COUNTER, ID, TEXT)]
    if empty:
        have = "has no values and is" if len(empty) == 1 else "have no values and are"
        yield f"{source}: {_columns(empty)} {have} left out."
    if keys:
        reasons = "; ".join(f"{schema.name!r} ({schema.kind}: {schema.why})" for schema in keys[:MOST])
        more = f" and {len(keys) - MOST:,} more" if keys[MOST:] else ""
        names = yaml_list(schema.name for schema in keys[:MOST])
        tell, them = ("it tells", "it") if len(keys) == 1 else ("they tell", "them")
        yield (
            f"{source}: left out, as {tell} rows apart more than anything else: {reasons}{more}. "
            f"To use {them}, say `data: {{use: {names}}}`."
        )


def _missing(source: str, drafts: list[Draft]) -> Iterator[str]:
    """Yield what stands for no value: one sentence for the columns of levels, one for all others."""
    for of_levels in (False, True):
        counts: Counter[str] = Counter()
        names = []
        for draft in drafts:
            schema = draft.schema
            levels = schema.kind == CATEGORY or (schema.kind == CONSTANT and bool(schema.levels))
            if draft.missing and schema.used and levels == of_levels:
                counts.update(draft.missing)
                names.append(schema.name)
        if names:
            words = listed(f"{word!r} ({plural(count, 'cell')})" for word, count in counts.most_common())
            remedy = ""
            if of_levels:
                remedy = " If it is a value, say which words are not: `data: {missing: {values: []}}`."
            yield f"{source}: no value stands in {_columns(names)} where it says {words}.{remedy}"
