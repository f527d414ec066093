"""Files of rows too big for memory: read piece by piece, predicted on all cores, written whole.

    predict.py    from files to a file: `predict`
    reading.py    from a name to its reader: `rows`      (wanted.py: the columns a model takes)
    tables.py     from tables in memory to tables: `TablePredictor`
    npy.py  npz.py  csv_file.py  arrow.py                 pieces of what `gategrad.data` reads; see
                                                          piece.py
    categories.py the categories that a model doesn't know
    blame.py      the file and row that a model can't take
    output.py     labels or scores as they come: .npy, .csv, .parquet
    partial.py    the incomplete output, and how far it is

pyarrow is imported only for the files that need it.
"""

from gategrad.files.errors import FileError
from gategrad.files.predict import Done, Progress, predict, unfinished
from gategrad.files.reading import rows
from gategrad.files.tables import TablePredictor
from gategrad.files.wanted import table_meta

__all__ = [
    "Done",
    "FileError",
    "Progress",
    "TablePredictor",
    "predict",
    "rows",
    "table_meta",
    "unfinished",
]
