"""Data sets: embedded, found on this machine, or downloaded with a checksum; and your own files.

    registry.py    what each set is: `info`, `names`
    sources.py     its published files, their checksums, where they are published
    locate.py      where it is on this machine: `status`
    download.py    how it gets here: `fetch`           (archives.py, progress.py)
    sets.py        what its files say: `load`          (idx.py, cifar.py, tables.py, embedded.py)
    own_files.py   your own `.npz` and `.csv`: `load_file`, `load_rows`
                   (csv_columns.py, csv_stream.py, csv_lines.py, npz_arrays.py)
    several.py     their targets that are no classes: labels and numbers
    split.py       a seeded, stratified split: `split`

Imports numpy only; the download libraries are imported when something is downloaded, and pyarrow,
if it is there, for the numbers of a long `.csv`.
"""

from gategrad.data.download import fetch
from gategrad.data.errors import DataError, DataUnavailableError
from gategrad.data.locate import status
from gategrad.data.own_files import OwnData, load_file, load_rows
from gategrad.data.registry import Info, info, names
from gategrad.data.sets import load
from gategrad.data.split import split

__all__ = [
    "DataError",
    "DataUnavailableError",
    "Info",
    "OwnData",
    "fetch",
    "info",
    "load",
    "load_file",
    "load_rows",
    "names",
    "split",
    "status",
]
