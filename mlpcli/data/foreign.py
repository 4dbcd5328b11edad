"""Files that are no table we read, named by their first bytes, with the way to CSV."""

from __future__ import annotations

import codecs
import re

from mlpcli.errors import DataError, Fault

_PANDAS = "python -c \"import pandas; pandas.read_{}('FILE').to_csv('FILE.csv', index=False)\""
_SHEET = "Open it in a spreadsheet program and save it as CSV, or: `" + _PANDAS.format("excel") + "`."
_UNPACK = "Unpack it with `{}`, and give the file with the table."

_KINDS: tuple[tuple[bytes, str, str], ...] = (
    (rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis\.opendocument", "an OpenDocument file", _SHEET),
    (rb"PK\x03\x04.*(\[Content_Types\]\.xml|_rels/|xl/)", "an Excel file or another Office document", _SHEET),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel file (.xls) or another Office document", _SHEET),
    (rb"PK[\x03\x05]", "a zip file", _UNPACK.format("unzip FILE")),
    (rb"%PDF-", "a PDF document", "Copy its table into a spreadsheet program and save it as CSV."),
    (rb"PAR1|PARE", "a Parquet file", f"Write it as CSV: `{_PANDAS.format('parquet')}`."),
    (rb"ARROW1|FEA1", "an Arrow or Feather file", f"Write it as CSV: `{_PANDAS.format('feather')}`."),
    (rb"\xff\xff\xff\xff.{2}\0\0", "an Arrow stream", "Write it as CSV with pyarrow.csv.write_csv."),
    (rb"ORC[^\x20-\x7e\r\n\t]", "an ORC file", f"Write it as CSV: `{_PANDAS.format('orc')}`."),
    (rb"\x89HDF\r\n\x1a\n", "an HDF5 file", f"Write its table as CSV: `{_PANDAS.format('hdf')}`."),
    (
        rb"CDF[\x01\x02\x05]",
        "a NetCDF file",
        "Write it as CSV: `xarray.open_dataset(FILE).to_dataframe().to_csv(…)`.",
    ),
    (
        rb"SQLite format 3\0",
        "an SQLite database",
        "Write one table as CSV: `sqlite3 -header -csv FILE 'select * from TABLE' > FILE.csv`.",
    ),
    (
        rb"\x80[\x02-\x05](\x95|[\]}(ckX\x8a])",
        "a Python pickle, which is not read: loading it can run any program",
        "Where you trust it, load it and save its table as CSV.",
    ),
    (rb"Obj\x01", "an Avro file", "Write it as CSV, for instance with fastavro and pandas."),
    (
        rb"<stata_dta>|[\x69-\x73][\x01\x02]\x01\0",
        "a Stata file",
        f"Write it as CSV with `export delimited`, or: `{_PANDAS.format('stata')}`.",
    ),
    (
        rb"\0{12}\xc2\xea\x81\x60|HEADER RECORD\*{7}",
        "a SAS file",
        f"Write it as CSV with `proc export`, or: `{_PANDAS.format('sas')}`.",
    ),
    (rb"\$FL[23]", "an SPSS file", f"Write it as CSV: `{_PANDAS.format('spss')}`."),
    (
        rb"(RD[AX][23]\n)?[XAB]\n(\0\0\0[\x02\x03]|[23]\n)",
        "an R data file",
        "Write it as CSV: `write.csv(readRDS(FILE), …)`.",
    ),
    (rb"MATLAB 5\.0 MAT-file", "a MATLAB file", "Write its table as CSV with `writematrix` or `writetable`."),
    (rb"\x28\xb5\x2f\xfd", "a file packed by zstd", _UNPACK.format("zstd -d FILE")),
    (rb"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK.format("7z x FILE")),
    (rb"Rar!\x1a\x07", "a RAR archive", _UNPACK.format("unrar x FILE")),
    (rb".{257}ustar", "a tar archive", _UNPACK.format("tar -xf FILE")),
    (rb"\x1f\x9d", "a file packed by compress", _UNPACK.format("uncompress FILE")),
    (
        rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|RIFF.{4}WEBP",
        "a picture",
        "Give a table, with one picture per row.",
    ),
    (
        rb"(?i)\s*(<!doctype html|<html|<head|<body|<table)",
        "a web page (HTML)",
        "Where a data set was to be fetched, fetch the file itself, not the page about it. A table in it: "
        "`python -c \"import pandas; pandas.read_html('FILE')[0].to_csv('FILE.csv', index=False)\"`.",
    ),
    (
        rb"\s*<\?xml|\s*<[A-Za-z][\w:.-]*(\s[^<>\n]*)?>\s*<",
        "an XML file",
        f"Write it as CSV: `{_PANDAS.format('xml')}`.",
    ),
    (rb"\s*[\[{]\s*([{\[]|\"[^\"\n]*\"\s*:)", "a JSON file", f"Write it as CSV: `{_PANDAS.format('json')}`."),
    (rb"\{\\rtf", "an RTF document", "Save its table as CSV."),
    (
        rb"\xff\xfe|\xfe\xff",
        "text in UTF-16",
        "Save it as UTF-8, for instance with `iconv -f UTF-16 -t UTF-8 FILE`.",
    ),
    (
        rb"version https://git-lfs",
        "a pointer of Git LFS, not the file itself",
        "Fetch it with `git lfs pull`.",
    ),
)
_COMPILED = tuple((re.compile(magic, re.DOTALL), what, remedy) for magic, what, remedy in _KINDS)
_LOOKED_AT = 4096


def refuse_foreign(name: str, head: bytes) -> None:
    """Raise DataError for a file that is known not to be a text table. head: its first bytes, unpacked."""
    start = head[:_LOOKED_AT]
    plain = start.removeprefix(codecs.BOM_UTF8)
    for magic, what, remedy in _COMPILED:
        if magic.match(start) or magic.match(plain):
            raise DataError(Fault(name, f"This is {what}.", remedy))
