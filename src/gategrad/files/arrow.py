"""Parquet, Arrow IPC and Feather files: columns by name, batch by batch."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gategrad.data.arrow_table import ArrowTable
from gategrad.data.cells import is_missing
from gategrad.data.columns import dates_of
from gategrad.files.piece import BLOCK_ROWS, Piece, counted_from_0, in_memory, rows_a_piece
from gategrad.files.wanted import Wanted

if TYPE_CHECKING:
    import pyarrow

# float32 holds all values of these.
SINGLE = {"bool", "uint8", "int8", "uint16", "int16", "float16", "float32"}
CELL_BYTES = 8
# A batch costs each column some microseconds: so many rows make up for it; of wide tables, where
# they would be too many bytes, the rows of eight pieces.
_BATCH_ROWS, _PIECES = 4096, 8


class ArrowFile:
    """The rows of a `.parquet`, `.arrow` or `.feather` file.

    Raises:
        FileError: pyarrow is missing, the file is damaged, or a column is missing or of a type
            that is neither numbers nor text.
    """

    def __init__(self, path: Path, wanted: Wanted) -> None:
        self._table = ArrowTable(path)
        self.name = str(path)
        self.size = path.stat().st_size
        self._cost = max(CELL_BYTES * wanted.n_features, wanted.encoded_bytes)
        self._columns, self._texts = wanted.columns(self._table.header, self.name)
        self._dates, self._gaps = wanted.dates, wanted.gaps
        for column in self._columns:
            self._table.check_type(
                column, only_numbers=wanted.only_numbers, texts=self._texts, dates=wanted.dates
            )

    def pieces(self, start: int = 0, memory: Any = None) -> Iterator[Piece]:
        """See `Reader`."""
        step = max(
            rows_a_piece(self._cost, least=BLOCK_ROWS),
            min(_BATCH_ROWS, rows_a_piece(self._cost // _PIECES)),
        )
        first = start
        for batch in self._table.batches(self._columns, start, step):
            x = self._matrix(batch, first)
            position = self.size * (first + len(x)) // self._table.n
            where = counted_from_0(self.name, first)
            yield Piece(first, len(x), in_memory(x), position, where)
            first += len(x)

    def _matrix(self, batch: "pyarrow.RecordBatch", first: int) -> NDArray:
        values = [self._values(batch.column(c), c, first) for c in self._columns]
        kinds = {value.dtype.name for value in values}
        x = np.empty((len(values), batch.num_rows), _common(kinds))
        for line, value in zip(x, values, strict=True):
            line[:] = value
        return x.T

    def _values(self, cells: "pyarrow.Array", column: str, first: int) -> NDArray:
        values = self._table.values(cells, column, first, text=column in self._texts)
        if column in self._dates and values.dtype == object:
            texts = ["" if cell is None else cell.strip() for cell in values.tolist()]
            where = counted_from_0(self.name, first)
            return dates_of(where, column, texts, gaps=self._gaps)
        if self._gaps and values.dtype == object:
            return np.array([_or_gap(cell) for cell in values.tolist()], object)
        return values


def _common(kinds: set[str]) -> np.dtype:
    """The dtype that holds all values of columns of these dtypes."""
    if "object" in kinds:
        return np.dtype(object)
    for kind in ("bool", "uint8"):
        if kinds == {kind}:
            return np.dtype(kind)
    return np.dtype(np.float32 if kinds <= SINGLE else np.float64)


def _or_gap(cell: object) -> object:
    return None if isinstance(cell, str) and is_missing(cell.strip()) else cell
