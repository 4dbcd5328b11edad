"""PROVISIONAL."""

from mlpcli.data.schema.schema import Schema, WORDS
from mlpcli.data.schema.column_schema import *
from mlpcli.data.table import Block


def infer_schema(table, config, targets):
    cs = []
    for c in table.columns:
        if isinstance(c, Block):
            cs += [ColumnSchema(name=n, kind=CATEGORY) for n in c.names if n in config.categorical]
            continue
        present = [w for w in c.words if w.lower() not in WORDS]
        if present or c.name in config.categorical or bool(c.is_empty().all()):
            cs.append(ColumnSchema(name=c.name, kind=CATEGORY))
    return Schema(tuple(cs)), ()
