"""Labels or scores, appended to a file as they come: `.npy`, `.csv`, `.parquet`."""

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from gategrad.data.arrow_table import require_pyarrow

# Digits that a header has room for, as numpy leaves it for files that grow.
MAX_DIGITS = 21
CONVERTED_ROWS = 1 << 20


class NpyOutput:
    """A `.npy` file whose header says how many rows there are when it is finished.

    Args:
        sample: (0, ...) array with the dtype and shape of what comes.
        header: names of the columns; a `.npy` has none.
    """

    def __init__(self, sample: NDArray, header: Sequence[str]) -> None:
        self._sample = sample
        self._header = header

    def begin(self, file: BinaryIO) -> None:
        """Write what stands before the rows."""
        file.write(npy_header(self._sample, 0))

    def write(self, file: BinaryIO, values: NDArray) -> None:
        """Append rows."""
        file.write(np.ascontiguousarray(values).data.cast("B") if values.size else b"")

    def finish(self, file: BinaryIO, n: int) -> None:
        """Make the file, which is at its end, one of `n` rows."""
        file.seek(0)
        file.write(npy_header(self._sample, n))
        file.seek(0, os.SEEK_END)

    def convert(self, spooled: Path, target: Path) -> bool:
        """Whether `target` was made from the finished file; False where that is the result."""
        return False


class CsvOutput(NpyOutput):
    """A `.csv` file with a header row."""

    def begin(self, file: BinaryIO) -> None:
        """Write the header row."""
        file.write(_csv_lines([self._header]))

    def write(self, file: BinaryIO, values: NDArray) -> None:
        """Append rows."""
        # As text float32 has its own shortest digits; as a number of Python those of float64.
        shortest = values.dtype == np.float32
        cells = (values.astype(np.str_) if shortest else values).tolist()
        file.write(_csv_lines(cells if values.ndim > 1 else ([cell] for cell in cells)))

    def finish(self, file: BinaryIO, n: int) -> None:
        """Nothing is left to do."""


class ParquetOutput(NpyOutput):
    """A `.parquet` file, which can't be continued once begun: it is made of a finished `.npy`."""

    def __init__(self, sample: NDArray, header: Sequence[str]) -> None:
        super().__init__(sample, header)
        require_pyarrow("a .parquet file as output")

    def convert(self, spooled: Path, target: Path) -> bool:
        """Copy the rows, some at a time."""
        import pyarrow
        from pyarrow import parquet

        values = np.load(spooled, mmap_mode="r")
        columns = (
            values.reshape(len(values), -1).T if len(values) else [values[:0]] * len(self._header)
        )
        types = [pyarrow.array(np.ravel(column)[:0]).type for column in columns]
        schema = pyarrow.schema(list(zip(self._header, types, strict=True)))
        # "x" makes a new file, never what a link leads to.
        with target.open("xb") as file, parquet.ParquetWriter(file, schema) as writer:
            for first in range(0, len(values), CONVERTED_ROWS):
                part = [pyarrow.array(c[first : first + CONVERTED_ROWS]) for c in columns]
                writer.write_table(pyarrow.table(part, schema=schema))
        return True


OUTPUTS = {".npy": NpyOutput, ".csv": CsvOutput, ".parquet": ParquetOutput}


def npy_header(sample: NDArray, n: int) -> bytes:
    """The head of a `.npy` file (version 1.0) of `n` rows like those of `sample`, (0, ...).

    Its length does not depend on `n`.
    """
    shape = (n, *sample.shape[1:])
    fields = {"descr": sample.dtype.str, "fortran_order": False, "shape": shape}
    text = repr(fields)
    longest = len(text) - len(str(n)) + MAX_DIGITS
    before = len(np.lib.format.MAGIC_PREFIX) + 4
    length = -(-(before + longest + 1) // 64) * 64 - before
    padded = text.ljust(length - 1) + "\n"
    return np.lib.format.magic(1, 0) + length.to_bytes(2, "little") + padded.encode("latin1")


def _csv_lines(rows: Iterable[Sequence[object]]) -> bytes:
    rows = list(rows)
    text = _csv_text(rows, csv.QUOTE_MINIMAL)
    # Some versions of Python leave a carriage return without quotes.
    return (_csv_text(rows, csv.QUOTE_NONNUMERIC) if "\r" in text else text).encode()


def _csv_text(rows: Sequence[Sequence[object]], quoting: Literal[0, 2]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n", quoting=quoting).writerows(rows)
    return buffer.getvalue()
