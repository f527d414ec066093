"""`.parquet`, `.arrow` and `.feather` files with other types, columns and bytes, as rows."""

import io
from pathlib import Path
from random import Random

import pyarrow
from pyarrow import feather, parquet

from gategrad import files
from gategrad.data import DataError
from gategrad.engine import InputError
from gategrad.files import FileError
from tests.files.examples import table_model, table_rows
from tests.fuzz import mutate

DOCUMENTED = (FileError, DataError, InputError)
MODEL = table_model()
TYPES = (pyarrow.int8(), pyarrow.uint64(), pyarrow.float16(), pyarrow.bool_(), pyarrow.string(),
         pyarrow.large_string(), pyarrow.binary(), pyarrow.date32(), pyarrow.timestamp("ns"),
         pyarrow.decimal128(30, 3), pyarrow.list_(pyarrow.int8()), pyarrow.null(),
         pyarrow.dictionary(pyarrow.int8(), pyarrow.string()), pyarrow.struct([]))  # fmt: skip
SUFFIXES = (".parquet", ".parquet", ".arrow", ".feather")


def warm_up(folder: Path) -> None:
    """Read a sound file of each kind."""
    for suffix in SUFFIXES:
        use(folder, suffix, written(table(Random(0), 40, {}), suffix))


def run(rng: Random, folder: Path) -> None:
    """Other types or missing values, or other bytes."""
    suffix = rng.choice(SUFFIXES)
    name = rng.choice(("age", "colour", "zip"))
    types = {name: rng.choice(TYPES)} if rng.random() < 0.4 else {}
    content = written(table(rng, rng.choice((0, 1, 40)), types), suffix)
    use(folder, suffix, mutate.raw(rng, content) if rng.random() < 0.8 else content)


def table(rng: Random, n: int, types: dict[str, pyarrow.DataType]) -> pyarrow.Table:
    """Rows for the model with columns of other types, empty where values don't fit these."""
    columns = {}
    for name, column in zip(("age", "colour", "zip"), table_rows(max(n, 1)).T, strict=True):
        values = column[:n].tolist()
        if rng.random() < 0.2:
            values = [None if rng.random() < 0.5 else v for v in values]
        try:
            columns[name] = pyarrow.array(values, types.get(name))
        except (pyarrow.ArrowException, TypeError):
            columns[name] = pyarrow.nulls(n, types[name])
    if rng.random() < 0.1:
        columns.pop(rng.choice(sorted(columns)))
    return pyarrow.table(columns)


def written(rows: pyarrow.Table, suffix: str) -> bytes:
    """A file's bytes; types that the kind can't hold become missing text."""
    sink = io.BytesIO()
    try:
        _write(rows, suffix, sink)
    except pyarrow.ArrowException:
        sink = io.BytesIO()
        _write(pyarrow.table({"age": pyarrow.nulls(len(rows), pyarrow.string())}), suffix, sink)
    return sink.getvalue()


def _write(rows: pyarrow.Table, suffix: str, sink: io.BytesIO) -> None:
    if suffix == ".parquet":
        parquet.write_table(rows, sink, row_group_size=17)
    elif suffix == ".feather":
        feather.write_feather(rows, sink, compression="lz4")
    else:
        with pyarrow.ipc.new_file(sink, rows.schema) as writer:
            writer.write_table(rows, max_chunksize=11)


def use(folder: Path, suffix: str, content: bytes) -> None:
    """Rows for a model, and its predictions."""
    path = folder / f"x{suffix}"
    path.write_bytes(content)
    for rows in files.rows(MODEL, path):
        assert rows.shape[1] == 3
    files.predict(MODEL, path, folder / "out.npy", threads=1)
