"""Parquet, Arrow IPC and Feather files, through pyarrow: columns by name, batch by batch."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gategrad.files.errors import FileError
from gategrad.files.piece import BLOCK_ROWS, Piece, counted_from_0, rows_a_piece
from gategrad.files.wanted import Wanted

if TYPE_CHECKING:
    import pyarrow

LARGEST_EXACT = 2**53
# float32 holds all values of these.
SINGLE = {"bool", "uint8", "int8", "uint16", "int16", "float16", "float32"}
CELL_BYTES = 8
# A batch costs each column some microseconds: so many rows make up for it; of wide tables, where
# they would be too many bytes, the rows of eight pieces.
_BATCH_ROWS, _PIECES = 4096, 8


def require_pyarrow(what: str) -> ModuleType:
    """The module pyarrow.

    Raises:
        FileError: it isn't installed.
    """
    try:
        import pyarrow
    except ImportError as error:
        raise FileError(
            f"{what} needs pyarrow, which can't be imported here ({error}): "
            "pip install gategrad[arrow]"
        ) from error
    return pyarrow


class ArrowFile:
    """The rows of a `.parquet`, `.arrow` or `.feather` file.

    Raises:
        FileError: pyarrow is missing, the file is damaged, or a column is missing or of a type
            that is neither numbers nor text.
    """

    def __init__(self, path: Path, wanted: Wanted) -> None:
        self._pa = require_pyarrow(f"{path.suffix} ({path})")
        self.name = str(path)
        self.size = path.stat().st_size
        self._path = path
        self._cost = max(CELL_BYTES * wanted.n_features, wanted.encoded_bytes)
        with self._explained():
            schema, self._n = _parquet_head(path) if self._parquet else _ipc_head(path)
        if len(set(schema.names)) < len(schema.names):
            raise FileError(f"{path} has columns of the same name; give each a name of its own")
        self._only_numbers = wanted.only_numbers
        self._columns, self._texts = wanted.columns(schema.names, self.name)
        for column in self._columns:
            self._check_type(column, schema.field(column).type)

    @property
    def _parquet(self) -> bool:
        return self._path.suffix == ".parquet"

    def pieces(self, start: int = 0, memory: Any = None) -> Iterator[Piece]:
        """See `Reader`."""
        step = max(
            rows_a_piece(self._cost, least=BLOCK_ROWS),
            min(_BATCH_ROWS, rows_a_piece(self._cost // _PIECES)),
        )
        batches = (_parquet_batches if self._parquet else _ipc_batches)(
            self._path, self._columns, start, step
        )
        first = start
        while True:
            with self._explained():
                batch = next(batches, None)
            if batch is None:
                return
            x = self._matrix(batch, first)
            position = self.size * (first + len(x)) // self._n
            where = counted_from_0(self.name, first)
            yield Piece(first, len(x), lambda _, x=x: x, position, where)
            first += len(x)

    def _matrix(self, batch: "pyarrow.RecordBatch", first: int) -> NDArray:
        values = [self._values(batch.column(c), c, first) for c in self._columns]
        kinds = {value.dtype.name for value in values}
        if "object" in kinds:
            dtype = object
        elif len(kinds) == 1 and kinds <= {"bool", "uint8"}:
            dtype = kinds.pop()
        else:
            dtype = np.float32 if kinds <= SINGLE else np.float64
        x = np.empty((len(values), batch.num_rows), dtype)
        for line, value in zip(x, values, strict=True):
            line[:] = value
        return x.T

    def _values(self, cells: "pyarrow.Array", column: str, first: int) -> NDArray:
        """The cells of a column: numbers, NaN for a gap, or objects (str, None for a gap)."""
        types = self._pa.types
        if types.is_dictionary(cells.type):
            cells = cells.dictionary_decode()
        if column in self._texts and types.is_integer(cells.type):
            cells = cells.cast(self._pa.string())
        values = cells.to_numpy(zero_copy_only=False)
        if values.dtype == object and types.is_boolean(cells.type):
            values = cells.cast(self._pa.float64()).to_numpy(zero_copy_only=False)
        if types.is_integer(cells.type) and cells.type.bit_width == 64:
            self._check_exact(cells, column, first)
        return values

    def _check_exact(self, cells: "pyarrow.Array", column: str, first: int) -> None:
        values = cells.fill_null(0).to_numpy(zero_copy_only=False)
        bad = values > LARGEST_EXACT
        if values.dtype.kind == "i":
            bad |= values < -LARGEST_EXACT
        if bad.any():
            row = int(np.argmax(bad))
            raise FileError(
                f"{counted_from_0(self.name, first)(row)}: column {column!r} is {values[row]}; "
                "expected at most 2**53, beyond which float64 has gaps: scale it down"
            )

    def _check_type(self, column: str, found: "pyarrow.DataType") -> None:
        types = self._pa.types
        plain = found.value_type if types.is_dictionary(found) else found
        text = types.is_string(plain) or types.is_large_string(plain) or types.is_string_view(plain)
        if types.is_null(plain):
            return
        if column in self._texts and not (text or types.is_integer(plain)):
            raise FileError(
                f"{self.name}: column {column!r} is {found}, but the model's categories there are "
                "text; save it as text"
            )
        number = types.is_integer(plain) or types.is_floating(plain) or types.is_boolean(plain)
        if not number and (self._only_numbers or not text):
            expected = "numbers" if self._only_numbers else "numbers or text"
            raise FileError(
                f"{self.name}: column {column!r} is {found}; expected {expected}: cast it"
            )

    def _explained(self) -> "_Explained":
        return _Explained(self._path, self._pa.ArrowException)


class _Explained:
    """A context in which what pyarrow says about a file becomes a FileError."""

    def __init__(self, path: Path, error: type[Exception]) -> None:
        self._path, self._error = path, error

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        damaged = isinstance(error, self._error) or (
            isinstance(error, OSError) and error.errno is None
        )
        if damaged:
            form = "parquet" if self._path.suffix == ".parquet" else "Arrow IPC"
            reason = str(error).partition("\n")[0]
            raise FileError(f"{self._path} is no complete {form} file: {reason}") from error


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
