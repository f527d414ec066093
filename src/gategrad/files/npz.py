"""A `.npz` file: compressed as a whole, so it is read into memory as a whole."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from gategrad.data import load_rows
from gategrad.files.piece import Piece, counted_from_0, in_memory, rows_a_piece, spans
from gategrad.files.wanted import Wanted


class NpzFile:
    """The rows `x`, or else `x_test`, of a `.npz` file."""

    def __init__(self, path: Path, wanted: Wanted) -> None:
        self.name = str(path)
        self.size = path.stat().st_size
        self._path, self._wanted = path, wanted

    def pieces(self, start: int = 0, memory: Any = None) -> Iterator[Piece]:
        """See `Reader`."""
        x = self._rows
        self._wanted.check_width(x.shape[1], self.name)
        step = rows_a_piece(max(x.itemsize * x.shape[1], self._wanted.encoded_bytes))
        for first, n in spans(start, len(x), step):
            rows = x[first : first + n]
            position = self.size * (first + n) // len(x)
            where = counted_from_0(self.name, first)
            yield Piece(first, n, in_memory(rows), position, where)

    @cached_property
    def _rows(self) -> NDArray:
        return load_rows(self._path)
