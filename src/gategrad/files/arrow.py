"""Parquet, Arrow IPC and Feather files: columns by name, batch by batch."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gategrad.data.arrow_columns import ArrowColumns
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


class ArrowRows:
    """From batches of a table to rows as a model takes them.

    Args:
        columns: of the table.
        wanted: what the model takes.

    Raises:
        FileError: a column is missing.
        DataError: a column is of a type that is neither numbers nor text.
    """

    def __init__(self, columns: ArrowColumns, wanted: Wanted) -> None:
        self._columns, self._wanted = columns, wanted
        self.names, self._texts = wanted.columns(columns.header, columns.name)
        for name in self.names:
            columns.check_type(
                name, only_numbers=wanted.only_numbers, texts=self._texts, dates=wanted.dates
            )

    @property
    def step(self) -> int:
        """Rows that make a good batch."""
        cost = max(CELL_BYTES * self._wanted.n_features, self._wanted.encoded_bytes)
        return max(
            rows_a_piece(cost, least=BLOCK_ROWS), min(_BATCH_ROWS, rows_a_piece(cost // _PIECES))
        )

    def where(self, first: int) -> Callable[[int], str]:
        """Names the rows of a batch whose first has the number `first`."""
        return counted_from_0(self._columns.name, first)

    def matrix(self, batch: "pyarrow.RecordBatch", first: int) -> NDArray:
        """The rows (n, features) of a batch of the columns `names`.

        Args:
            batch: its columns.
            first: the number of its first row in the table, for messages.
        """
        cells = zip(batch.columns, self.names, strict=True)
        values = [self._values(column, name, first) for column, name in cells]
        kinds = {value.dtype.name for value in values}
        x = np.empty((len(values), batch.num_rows), _common(kinds))
        for line, value in zip(x, values, strict=True):
            line[:] = value
        return x.T

    def _values(self, cells: "pyarrow.Array", name: str, first: int) -> NDArray:
        values = self._columns.values(cells, name, first, text=name in self._texts)
        if name in self._wanted.dates and values.dtype == object:
            texts = ["" if cell is None else cell.strip() for cell in values.tolist()]
            return dates_of(self.where(first), name, texts, gaps=self._wanted.gaps)
        if self._wanted.gaps and values.dtype == object:
            return np.array([_or_gap(cell) for cell in values.tolist()], object)
        return values


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
        self._rows = ArrowRows(self._table.columns, wanted)

    def pieces(self, start: int = 0, memory: Any = None) -> Iterator[Piece]:
        """See `Reader`."""
        rows, first = self._rows, start
        for batch in self._table.batches(rows.names, start, rows.step):
            x = rows.matrix(batch, first)
            position = self.size * (first + len(x)) // self._table.n
            yield Piece(first, len(x), in_memory(x), position, rows.where(first))
            first += len(x)


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
