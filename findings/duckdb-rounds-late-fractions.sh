#!/usr/bin/env bash
# DuckDB 2.0.1: a fraction below the rows that fixed a column's type is rounded, in CSV, JSON lines and Parquet alike.
#
# One would guess: where the first rows made a column whole numbers and 0.5 comes later, the reader ends with an error,
# as it does for a word, or reads the file as numbers with a point. Seen: the type is fixed by the first 20,480 lines
# or so of a text file, or by the first of several Parquet files; then 0.5 is 1, -0.7 is -1 and 0.49 is 0, without
# error or warning, and a time behind a date is cut off. store_rejects=true, which lists a word, does not list them. In
# JSON lines and Parquet 0.5 and 2.5 go to the even number (0, 2), in CSV away from 0 (1, 3). With sample_size=-1 or
# union_by_name=true the numbers stay.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check duckdb==2.0.1
cat > "$folder/look.py" <<'PYTHON'
from pathlib import Path

import duckdb

LATE = ["0.5", "0.49", "-0.7", "2.5"]


def tell(what, table, options=""):
    values = duckdb.sql(f"SELECT v FROM {table.format(options)}").fetchall()[-len(LATE) :]
    print(f"{what}{options}: {', '.join(str(value) for (value,) in values)}")


def csv(first, late):
    Path("t.csv").write_text("i,v\n" + f"0,{first}\n" * 30_000 + "".join(f"0,{each}\n" for each in late))


csv("1", LATE)
for options in ("", ", sample_size=-1"):
    tell("CSV", "read_csv('t.csv'{})", options)
for late in (LATE, ["word"]):
    csv("1", late)
    duckdb.sql("SELECT v FROM read_csv('t.csv', store_rejects=true)").fetchall()
    (count,) = duckdb.sql("SELECT count(*) FROM reject_errors").fetchall()[0]
    print(f"rejected with {', '.join(late)}: {count}")
csv("2024-01-01", ["2024-01-02 13:30:00"] * 4)
tell("CSV with times", "read_csv('t.csv'{})")
Path("t.json").write_text('{"v":1}\n' * 30_000 + "".join(f'{{"v":{each}}}\n' for each in LATE))
for options in ("", ", sample_size=-1"):
    tell("JSON lines", "read_json('t.json'{})", options)
duckdb.sql("COPY (SELECT 1::BIGINT AS v) TO '1.parquet'")
duckdb.sql(f"COPY (SELECT unnest([{', '.join(LATE)}])::DOUBLE AS v) TO '2.parquet'")
for options in ("", ", union_by_name=true"):
    tell("Parquet", "read_parquet(['1.parquet', '2.parquet']{})", options)
PYTHON
found=$(cd "$folder" && venv/bin/python look.py)
echo "$found"
diff <(echo "$found") - <<'SEEN'
CSV: 1, 0, -1, 3
CSV, sample_size=-1: 0.5, 0.49, -0.7, 2.5
rejected with 0.5, 0.49, -0.7, 2.5: 0
rejected with word: 1
CSV with times: 2024-01-02, 2024-01-02, 2024-01-02, 2024-01-02
JSON lines: 0, 0, -1, 2
JSON lines, sample_size=-1: 0.5, 0.49, -0.7, 2.5
Parquet: 0, 0, -1, 2
Parquet, union_by_name=true: 0.5, 0.49, -0.7, 2.5
SEEN
