#!/usr/bin/env bash
# Polars 2.1.0 with fastexcel 0.21.0: read_excel makes text that comes after 100 rows of numbers missing.
#
# One would guess: a sheet is typed as read_csv types a file, which ends with an error at a word below a column of
# numbers; or the column becomes text, as with engine="openpyxl". Seen: with the default engine the first 100 rows fix
# the type, and a later cell that does not fit is null without error or warning, as if its cell were
# empty; where that leaves a row with no cell at all, as in a sheet of one column, the row is gone too. In a column of
# booleans 5 and 2.5 become true. With infer_schema_length=None everything is there, as text.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    polars==2.1.0 fastexcel==0.21.0 openpyxl==3.1.5
cat > "$folder/look.py" <<'PYTHON'
import warnings
from pathlib import Path

import openpyxl
import polars as pl

warnings.simplefilter("error")


def tell(what, read, path, **options):
    try:
        frame = read(path, **options)
        print(f"{what}: {frame.height} rows, {frame['v'].dtype}, late {frame['v'][100:].to_list()}")
    except pl.exceptions.ComputeError:
        print(f"{what}: ComputeError")


def save(values, named):
    book = openpyxl.Workbook()
    for row in [["row", "v"], *([f"r{at}", value] for at, value in enumerate(values))]:
        book.active.append(row if named else row[1:])
    book.save("t.xlsx")


for values in ([1] * 100 + ["12 kg", 2], [True] * 100 + ["maybe", 5, 2.5, 0]):
    print(f"100 times {values[0]}, then {values[100:]}")
    save(values, named=False)
    tell("a sheet of one column", pl.read_excel, "t.xlsx")
    save(values, named=True)
    tell("a sheet of two", pl.read_excel, "t.xlsx")
    tell("a sheet of two, openpyxl", pl.read_excel, "t.xlsx", engine="openpyxl")
    tell("a sheet of two, infer_schema_length=None", pl.read_excel, "t.xlsx", infer_schema_length=None)
Path("t.csv").write_text("v\n" + "1\n" * 100 + "12 kg\n")
tell("read_csv", pl.read_csv, "t.csv")
PYTHON
found=$(cd "$folder" && venv/bin/python look.py)
echo "$found"
diff <(echo "$found") - <<'SEEN'
100 times 1, then ['12 kg', 2]
a sheet of one column: 101 rows, Int64, late [2]
a sheet of two: 102 rows, Int64, late [None, 2]
a sheet of two, openpyxl: 102 rows, String, late ['12 kg', '2']
a sheet of two, infer_schema_length=None: 102 rows, String, late ['12 kg', '2']
100 times True, then ['maybe', 5, 2.5, 0]
a sheet of one column: 103 rows, Boolean, late [True, True, False]
a sheet of two: 104 rows, Boolean, late [None, True, True, False]
a sheet of two, openpyxl: 104 rows, String, late ['maybe', '5', '2.5', '0']
a sheet of two, infer_schema_length=None: 104 rows, String, late ['maybe', '5', '2.5', '0']
read_csv: ComputeError
SEEN
