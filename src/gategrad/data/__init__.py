"""Data sets: embedded, found on this machine, or downloaded with a checksum; and your own files.

    registry.py    what each set is: `info`, `names`
    sources.py     its published files, their checksums, where they are published
    locate.py      where it is on this machine: `status`
    download.py    how it gets here: `fetch`           (archives.py, progress.py)
    sets.py        what its files say: `load`          (idx.py, cifar.py, tables.py, embedded.py)
    own_files.py   your own arrays and tables: `load_file`, `load_rows`
    formats.py     what a file's name says, and its text     (npz_arrays.py, arrow_table.py,
                   csv_columns.py, csv_header.py, csv_lines.py, csv_stream.py)
    columns.py     what a column is taken for                (cells.py: a cell)
    labels.py      from labels to 0, 1, 2, ...
    several.py     their targets that are no classes: labels and numbers
    split.py       a seeded, stratified split: `split`

`files/`, which reads what is too big for memory, takes these readers. Imports numpy only; the
download libraries are imported when something is downloaded, and pyarrow for the files that need
it, or, if it is there, for long numbers of a long `.csv`.
"""

from gategrad.data.download import fetch
from gategrad.data.errors import DataError, DataUnavailableError
from gategrad.data.locate import status
from gategrad.data.own_files import OwnData, load_file, load_rows
from gategrad.data.registry import Info, info, names
from gategrad.data.sets import load, load_breast_cancer_whole
from gategrad.data.split import split

__all__ = [
    "DataError",
    "DataUnavailableError",
    "Info",
    "OwnData",
    "fetch",
    "info",
    "load",
    "load_breast_cancer_whole",
    "load_file",
    "load_rows",
    "names",
    "split",
    "status",
]
