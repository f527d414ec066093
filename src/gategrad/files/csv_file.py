"""A `.csv` file, or standard input, part by part."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from gategrad.data import formats
from gategrad.data.csv_columns import Sheet, parts
from gategrad.data.csv_stream import is_number, part_features
from gategrad.files.errors import FileError
from gategrad.files.piece import BLOCK_ROWS, Piece, Scratch, rows_a_piece
from gategrad.files.wanted import Wanted

# What Python needs for the text of a cell.
CELL_BYTES = 64


class CsvFile:
    """The rows of a `.csv` file with a header row, or of standard input where `path` is "-"."""

    def __init__(self, path: Path, wanted: Wanted) -> None:
        self.name = formats.name_of(path)
        self.size = 0 if path == formats.STDIN else path.stat().st_size
        self._path, self._wanted = path, wanted

    def pieces(self, start: int = 0, memory: Any = None) -> Iterator[Piece]:
        """See `Reader`; rows before `start` are read again, but not converted."""
        kinds = dict(memory or {})
        cost = max(CELL_BYTES * self._wanted.n_features, self._wanted.encoded_bytes)
        step = rows_a_piece(cost, least=BLOCK_ROWS)
        with formats.opened(self._path) as text:
            for sheet in parts(
                text.lines,
                Path(self.name),
                start=start,
                n_rows=step,
                decimal=self._wanted.decimal,
            ):
                yield self._piece(sheet, kinds, text.position)

    def _piece(self, sheet: Sheet, kinds: dict[str, Any], position: Callable[[], int]) -> Piece:
        columns, texts = self._wanted.columns(sheet.header, self.name)
        if self._wanted.only_numbers and sheet.rows:
            # All else is an error, so that another thread may read the cells.
            read = partial(_numbers, sheet, columns, dict(kinds))
            kinds.update(dict.fromkeys(columns, "numbers"))
        else:
            read = partial(_given, self._features(sheet, columns, texts, kinds))
        return Piece(sheet.first, len(sheet.rows), read, position(), sheet.where, dict(kinds))

    def _features(
        self, sheet: Sheet, columns: Sequence[str], texts: Sequence[str], kinds: dict[str, Any]
    ) -> NDArray:
        numbers = [columns[place] for place in self._wanted.numbers]
        return part_features(
            sheet, columns, texts, kinds, self._wanted.dates, numbers, gaps=self._wanted.gaps
        )


def _given(x: NDArray, _: Scratch) -> NDArray:
    return x


def _numbers(sheet: Sheet, columns: Sequence[str], kinds: dict[str, Any], _: Scratch) -> NDArray:
    x = part_features(sheet, columns, (), kinds)
    if x.dtype == object:
        raise _no_number(sheet, columns)
    return x


def _no_number(sheet: Sheet, columns: Sequence[str]) -> FileError:
    """The error for the first cell that is no number; there is one."""
    for i, row in enumerate(sheet.rows):
        for column in columns:
            text = row[sheet.position(column)]
            if not is_number(text, sheet.decimal):
                return FileError(
                    f"{sheet.where(i)}: column {column!r} holds {text!r}; the model takes numbers: "
                    "fill the cell or drop the row"
                )
    raise AssertionError("all cells are numbers")
