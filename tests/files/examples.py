"""Models, rows and files of every kind for the tests of this folder."""

import csv

import numpy as np

import gategrad as gg
from gategrad.encoding import Table, Thermometer

KINDS = ("csv", "npy", "npz", "parquet", "arrow", "feather")
NAMES = ["age", "colour", "zip"]


def byte_model(width=12, *, labels=("low", "high", "other")):
    """Three classes by the XOR of neighbouring bytes' thresholds."""
    rng = np.random.default_rng(0)
    first = 2 + rng.integers(0, width, (30, 2))
    circuit = gg.Circuit(width, first, np.full(30, 6), np.arange(2 + width, 32 + width))
    readout = gg.Readout.group_sum(30, 3, tau=2.0)
    encoder = Thermometer.fixed([127.5], width)
    return gg.Model(circuit, readout, encoder=encoder, labels=labels)


def byte_rows(n=3000, width=12):
    """Random bytes."""
    return np.random.default_rng(1).integers(0, 256, (n, width), dtype=np.uint8)


def table_model(*, missing="zero", named=True):
    """A table of a number, a category of text, and a category of text that reads as numbers."""
    rows = [[float(i), ("red", "green")[i % 2], ("10", "20", "x")[i % 3]] for i in range(12)]
    names = NAMES if named else None
    encoder = Table.fit(rows, 3, names=names, missing=missing, categorical=[2])
    n = encoder.n_inputs
    circuit = gg.Circuit(n, [[2, n - 1], [3, n]], [6, 8], [2 + n, 3 + n, n, n + 1])
    return gg.Model(circuit, gg.Readout.group_sum(4, 2), encoder=encoder)


def table_rows(n=3000):
    """Rows for `table_model`, as `load_rows` gives them."""
    rng = np.random.default_rng(2)
    x = np.empty((n, 3), object)
    x[:, 0] = rng.integers(0, 50, n) / 4
    x[:, 1] = rng.choice(["red", "green", "blue"], n)
    x[:, 2] = rng.choice(["10", "20"], n)
    return x


def write(path, rows, *, names=None):
    """Rows as a file of the kind that the suffix says; `names` of a table's columns."""
    names = names or [f"c{i}" for i in range(rows.shape[1])]
    if path.suffix == ".npy":
        np.save(path, rows)
    elif path.suffix == ".npz":
        np.savez(path, x=rows)
    elif path.suffix == ".csv":
        with path.open("w", newline="") as stream:
            csv.writer(stream).writerows([names, *rows.tolist()])
    else:
        _write_arrow(path, rows, names)
    return path


def _write_arrow(path, rows, names):
    import pyarrow
    from pyarrow import feather, parquet

    columns = [pyarrow.array(column.tolist()) for column in rows.T]
    table = pyarrow.table(dict(zip(names, columns, strict=True)))
    if path.suffix == ".parquet":
        parquet.write_table(table, path, row_group_size=701)
    elif path.suffix == ".feather":
        feather.write_feather(table, path, compression="lz4", chunksize=1301)
    else:
        with pyarrow.OSFile(str(path), "wb") as sink, pyarrow.ipc.new_file(sink, table.schema) as w:
            w.write_table(table, max_chunksize=997)
