#!/usr/bin/env bash
# Polars 2.1.0: beyond the first 100 rows a frame made of rows cuts fractions off, and names that are new are lost.
#
# One would guess: rows of other kinds further down end in an error that asks for a larger infer_schema_length, as they
# do in read_csv, and strict=True (the default) lets no value change. Seen: with whole numbers in the first 100 rows
# (dicts or tuples), a later 2.5 is 2, "7" is 7 and True is 1; only what is no number at all raises. Given by
# columns, 2.5 raises. A name that first comes after 100 rows is dropped by from_dicts and read_ndjson; read_json of
# the same records raises. With infer_schema_length=None all is kept.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check polars==2.1.0
cat > "$folder/look.py" <<'PYTHON'
import json
from pathlib import Path

import polars as pl


def tell(what, make, *arguments, **options):
    try:
        print(f"{what}: {make(*arguments, **options).row(-1, named=True)}")
    except Exception as error:
        print(f"{what}: {type(error).__name__}")


def dicts(late):
    return [{"v": 1}] * 100 + [late]


for late in (2.5, "7", True, "word"):
    tell(f"dicts, {late!r} late", pl.DataFrame, dicts({"v": late}), strict=True)
tell("dicts, 2.5 late, infer_schema_length=None", pl.from_dicts, dicts({"v": 2.5}), infer_schema_length=None)
tell("tuples, 2.5 late", pl.DataFrame, [(1,)] * 100 + [(2.5,)], schema=["v"], orient="row")
tell("columns, 2.5 late", pl.DataFrame, {"v": [1] * 100 + [2.5]})
Path("t.csv").write_text("v\n" + "1\n" * 100 + "2.5\n")
tell("read_csv, 2.5 late", pl.read_csv, "t.csv")
rows = dicts({"v": 2, "w": 3})
Path("t.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))
Path("t.json").write_text(json.dumps(rows))
tell("from_dicts, a name late", pl.from_dicts, rows)
tell("read_ndjson, a name late", pl.read_ndjson, "t.ndjson")
tell("read_json, a name late", pl.read_json, "t.json")
tell("read_ndjson, a name late, infer_schema_length=None", pl.read_ndjson, "t.ndjson", infer_schema_length=None)
PYTHON
found=$(cd "$folder" && venv/bin/python look.py)
echo "$found"
diff <(echo "$found") - <<'SEEN'
dicts, 2.5 late: {'v': 2}
dicts, '7' late: {'v': 7}
dicts, True late: {'v': 1}
dicts, 'word' late: ComputeError
dicts, 2.5 late, infer_schema_length=None: {'v': 2.5}
tuples, 2.5 late: {'v': 2}
columns, 2.5 late: TypeError
read_csv, 2.5 late: ComputeError
from_dicts, a name late: {'v': 2}
read_ndjson, a name late: {'v': 2}
read_json, a name late: ComputeError
read_ndjson, a name late, infer_schema_length=None: {'v': 2, 'w': 3}
SEEN
