"""Files bigger than what the process may hold."""

import subprocess
import sys

import numpy as np
import pytest

from tests.files.examples import byte_model, byte_rows, write

MEASURE = """
import resource, sys
import gategrad as gg
from gategrad import files
{warm}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
files.predict(gg.load("m.gg"), sys.argv[1], "y.npy", threads=2)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def growth(path, *, warm=""):
    """Bytes by which the peak of the process grew."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE.format(warm=warm), path.name],
        cwd=path.parent, capture_output=True, text=True, check=True)  # fmt: skip
    return int(done.stdout) * (1 if sys.platform == "darwin" else 1024)


@pytest.mark.skipif(sys.platform == "win32", reason="needs the module resource")
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy(tmp_path, order):
    byte_model(500).save(tmp_path / "m.gg")
    np.lib.format.open_memmap(
        tmp_path / "x.npy", "w+", np.uint8, (1_000_000, 500), order == "F"
    ).flush()
    limit = 200 << 20 if order == "F" else 60 << 20
    assert growth(tmp_path / "x.npy") < limit
    assert np.load(tmp_path / "y.npy", mmap_mode="r").shape == (1_000_000,)


@pytest.mark.skipif(sys.platform == "win32", reason="needs the module resource")
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_tables(tmp_path, kind):
    if kind == "parquet":
        pytest.importorskip("pyarrow", reason="needs gategrad[tables]")
    byte_model().save(tmp_path / "m.gg")
    path = tmp_path / f"x.{kind}"
    if kind == "csv":
        write(path, byte_rows(10_000))
        header, body = path.read_text().split("\n", 1)
        path.write_text(header + "\n" + body * 30)
        # As text cells the whole file takes 200 MB.
        assert growth(path) < 50 << 20
    else:
        _repeat(path, byte_rows(100_000), 50)
        # As rows the whole file takes 60 MB, and its columns as much again.
        warm = "import pyarrow.parquet"
        assert growth(path, warm=warm) < 60 << 20


def _repeat(path, rows, times):
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.table({f"c{i}": column.copy() for i, column in enumerate(rows.T)})
    with parquet.ParquetWriter(path, table.schema) as writer:
        for _ in range(times):
            writer.write_table(table)
