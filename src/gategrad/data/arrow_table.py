"""Parquet, Arrow IPC and Feather files, through pyarrow: columns by name, batch by batch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gategrad.data.arrow_columns import ArrowColumns
from gategrad.data.cells import EITHER, few
from gategrad.data.errors import DataError
from gategrad.data.formats import suffix

if TYPE_CHECKING:
    import pyarrow

# Rows that are read at a time where all are wanted.
_BATCH_ROWS = 1 << 16


def require_pyarrow(what: str) -> ModuleType:
    """The module pyarrow.

    Raises:
        DataError: it isn't installed.
    """
    try:
        import pyarrow
    except ImportError as error:
        raise DataError(
            f"{what} needs pyarrow, which can't be imported here ({error}): "
            "pip install gategrad[tables]"
        ) from error
    return pyarrow


class ArrowTable:
    """The columns of a `.parquet`, `.arrow` or `.feather` file.

    Raises:
        DataError: pyarrow is missing, the file is damaged, or two columns have one name.
    """

    def __init__(self, path: Path) -> None:
        self.pa = require_pyarrow(f"{path.suffix} ({path})")
        self.path = path
        with self._explained():
            schema, self.n = _parquet_head(path) if self._parquet else _ipc_head(path)
            self.columns = ArrowColumns(schema, str(path))

    def batches(
        self, columns: Sequence[str], start: int, step: int
    ) -> Iterator["pyarrow.RecordBatch"]:
        """Batches of at most `step` rows from row `start` on.

        Raises:
            DataError: the file is damaged.
        """
        read = _parquet_batches if self._parquet else _ipc_batches
        batches = read(self.path, columns, start, step)
        while True:
            with self._explained():
                batch = next(batches, None)
                # Whoever reads an unsound one, whose texts begin anywhere, reads any memory.
                if batch is not None:
                    batch.validate(full=True)
            if batch is None:
                return
            yield batch

    @property
    def _parquet(self) -> bool:
        return suffix(self.path) == ".parquet"

    def _explained(self) -> "_Explained":
        return _Explained(self.path, self.pa.ArrowException)


@dataclass(frozen=True)
class ArrowSheet:
    """All rows of a file, as a `gategrad.data.columns.Sheet`."""

    table: ArrowTable
    decimal: str = EITHER

    @property
    def path(self) -> Path:
        """Of the file."""
        return self.table.path

    @property
    def header(self) -> tuple[str, ...]:
        """The columns."""
        return self.table.columns.header

    def where(self, row: int) -> str:
        """Row and file, for messages."""
        return f"{self.path}, row {row} (counted from 0)"

    def position(self, column: str) -> int:
        """The place of a column; raises DataError that lists the columns."""
        if column not in self._places:
            raise DataError(
                f"{self.path} has no column {column!r}; its columns are: {few(self.header)}"
            )
        return self._places[column]

    def cells(self, column: str) -> list[str] | NDArray[np.float64]:
        """Texts, "" for a gap; or float64, NaN for a gap."""
        self.position(column)
        self.table.columns.check_type(column, only_numbers=False, texts=(), dates=self.header)
        parts, first = [], 0
        for batch in self.table.batches([column], 0, _BATCH_ROWS):
            parts.append(self.table.columns.values(batch.column(0), column, first, text=False))
            first += batch.num_rows
        values = np.concatenate(parts) if parts else np.empty(0)
        if values.dtype != object and not self.table.columns.is_text(column):
            return values.astype(np.float64)
        return ["" if cell is None else str(cell).strip() for cell in values.tolist()]

    def is_date(self, column: str) -> bool:
        """Whether the file says that a column holds dates or times."""
        return self.table.columns.is_date(column)

    def plain(self, columns: Sequence[str]) -> NDArray[np.float64] | None:
        """The columns as float64 where the file says that they are numbers, without a gap."""
        for column in columns:
            self.position(column)
        if not columns or any(
            self.table.columns.is_text(c) or self.table.columns.is_date(c) for c in columns
        ):
            return None
        x = np.empty((self.table.n, len(columns)))
        for j, column in enumerate(columns):
            cells = self.cells(column)
            if not isinstance(cells, np.ndarray):
                return None
            x[:, j] = cells
        return x if np.isfinite(x).all() else None

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.header)}


class _Explained:
    """A context in which what pyarrow says about a file becomes a DataError."""

    def __init__(self, path: Path, error: type[Exception]) -> None:
        self._path, self._error = path, error

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        damaged = isinstance(error, (self._error, UnicodeDecodeError)) or (
            isinstance(error, OSError) and error.errno is None
        )
        if damaged:
            form = "parquet" if suffix(self._path) == ".parquet" else "Arrow IPC"
            reason = str(error).partition("\n")[0]
            raise DataError(f"{self._path} is no complete {form} file: {reason}") from error


def _parquet_head(path: Path) -> tuple["pyarrow.Schema", int]:
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        return file.schema_arrow, file.metadata.num_rows


def _parquet_batches(
    path: Path, columns: Sequence[str], start: int, step: int
) -> Iterator["pyarrow.RecordBatch"]:
    """Batches of at most `step` rows from row `start` on; row groups before are not read."""
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
        ends = np.cumsum(sizes, dtype=np.int64)
        group = int(np.searchsorted(ends, start, side="right"))
        skip = start - int(ends[group - 1]) if group else start
        groups = list(range(group, len(sizes)))
        for batch in file.iter_batches(step, row_groups=groups, columns=list(columns)):
            if skip < batch.num_rows:
                yield batch.slice(skip)
            skip = max(0, skip - batch.num_rows)


def _ipc_head(path: Path) -> tuple["pyarrow.Schema", int]:
    import pyarrow

    with pyarrow.OSFile(str(path)) as file, pyarrow.ipc.open_file(file) as reader:
        n = sum(reader.get_batch(i).num_rows for i in range(reader.num_record_batches))
        return reader.schema, n


def _ipc_batches(
    path: Path, columns: Sequence[str], start: int, step: int
) -> Iterator["pyarrow.RecordBatch"]:
    """Slices of at most `step` rows of the file's record batches, from row `start` on."""
    import pyarrow

    with pyarrow.OSFile(str(path)) as file, pyarrow.ipc.open_file(file) as reader:
        first = 0
        for i in range(reader.num_record_batches):
            batch = reader.get_batch(i).select(list(columns))
            for begin in range(max(0, start - first), batch.num_rows, step):
                yield batch.slice(begin, step)
            first += batch.num_rows
