"""PROVISIONAL."""

from __future__ import annotations
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
import numpy as np
from mlpcli.data.column import Column
from mlpcli.data.json_records import as_tagged
from mlpcli.data.schema.column_schema import CATEGORY, NUMBER, ColumnSchema
from mlpcli.data.table import Block, Table

WORDS = frozenset({"?", "na", "nan", "n/a", "null", "none", "#n/a"})


class TextNeeded(Exception):
    columns: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Schema:
    columns: tuple[ColumnSchema, ...] = ()

    @cached_property
    def _by_name(self) -> Mapping[str, ColumnSchema]:
        return {c.name: c for c in self.columns}

    def kind(self, name: str) -> str:
        return self._by_name[name].kind if name in self._by_name else NUMBER

    def words(self, name: str) -> tuple[str, ...]:
        return self._by_name[name].levels if name in self._by_name else ()

    def as_text(self) -> frozenset[str]:
        return frozenset()

    def fault(self) -> str:
        return ""

    def to_json(self) -> Any:
        return {
            "columns": [
                {k: (list(v) if isinstance(v, tuple) else v) for k, v in __import__("dataclasses").asdict(c).items()}
                for c in self.columns
            ]
        }

    def read(self, table: Table) -> Table:
        from dataclasses import replace

        out: list[Column | Block] = []
        for c in table.columns:
            if isinstance(c, Block):
                out.append(c)
                continue
            keep = [w.lower() not in WORDS for w in c.words]
            names = [w for w, k in zip(c.words, keep, strict=True) if k]
            codes = c.codes
            if codes is not None:
                m = np.cumsum(keep) - 1
                m = np.where(keep, m, -1)
                codes = np.array([*m, -1], np.int32)[codes]
            if self.kind(c.name) == CATEGORY:
                out.append(
                    Column(
                        name=c.name,
                        numbers=c.numbers,
                        codes=codes if codes is not None else None,
                        words=tuple(names),
                    )
                )
            else:
                out.append(
                    Column(
                        name=c.name, numbers=c.numbers if c.numbers is not None else np.full(c.rows, np.nan)
                    )
                )
        return replace(table, columns=tuple(out))
