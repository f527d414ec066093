"""A `.npy` file, in C or Fortran order, read piece by piece into one buffer a thread."""

import math
from collections.abc import Iterator
from functools import partial
from io import RawIOBase
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gategrad.files.errors import FileError
from gategrad.files.piece import (
    Piece,
    Scratch,
    counted_from_0,
    rows_a_piece,
    spans,
)
from gategrad.files.wanted import Wanted

# In Fortran order a piece is one read a column; larger pieces make these longer.
FORTRAN_PIECES = 8


class NpyFile:
    """The rows of a `.npy` file; samples of more dimensions are flattened.

    Raises:
        FileError: the file is incomplete, holds no plain numbers, or rows of another width.
    """

    def __init__(self, path: Path, wanted: Wanted) -> None:
        self.name = str(path)
        self.size = path.stat().st_size
        self._path = path
        mapped = _map(path)
        self._dtype, self._offset = mapped.dtype, mapped.offset
        if mapped.ndim < 2:
            raise FileError(
                f"{path} has shape {mapped.shape}; expected (rows, {wanted.n_features}): save a "
                "single row as x.reshape(1, -1)"
            )
        self._n, *sample = mapped.shape
        self._width = math.prod(sample)
        wanted.check_width(self._width, self.name)
        self._fortran = not mapped.flags.c_contiguous
        # The place in the file of each feature's column: samples are flattened in C order.
        self._order = np.arange(self._width).reshape(sample[::-1]).T.ravel()
        self._cost = max(self._width * self._dtype.itemsize, wanted.encoded_bytes)

    def pieces(self, start: int = 0, memory: Any = None) -> Iterator[Piece]:
        """See `Reader`."""
        step = rows_a_piece(self._cost) * (FORTRAN_PIECES if self._fortran else 1)
        read = self._read_columns if self._fortran else self._read_rows
        for first, n in spans(start, self._n, step):
            position = self.size * (first + n) // self._n
            where = counted_from_0(self.name, first)
            yield Piece(first, n, partial(read, first, n), position, where)

    def _read_rows(self, first: int, n: int, scratch: Scratch) -> NDArray:
        row_bytes = self._width * self._dtype.itemsize
        buffer = scratch.take(n * row_bytes)
        with open(self._path, "rb", buffering=0) as file:
            self._fill(file, self._offset + first * row_bytes, buffer)
        return buffer.view(self._dtype).reshape(n, self._width)

    def _read_columns(self, first: int, n: int, scratch: Scratch) -> NDArray:
        size = self._dtype.itemsize
        buffer = scratch.take(self._width * n * size).reshape(self._width, n * size)
        with open(self._path, "rb", buffering=0) as file:
            for column, place in zip(buffer, self._order.tolist(), strict=True):
                self._fill(file, self._offset + (place * self._n + first) * size, column)
        return buffer.view(self._dtype).T

    def _fill(self, file: RawIOBase, offset: int, buffer: NDArray[np.uint8]) -> None:
        file.seek(offset)
        view = buffer.data
        while len(view):
            got = file.readinto(view)
            if not got:
                raise FileError(f"{self.name} became shorter while it was read; start again")
            view = view[got:]


def _map(path: Path) -> np.memmap:
    """The file as numpy maps it, which reads and checks the header only; nothing is executed."""
    with path.open("rb") as file:
        if file.read(2) == b"PK":
            raise FileError(f"{path} is an archive of arrays; rename it to .npz")
    try:
        with np.errstate(all="ignore"):
            return np.lib.format.open_memmap(path, mode="r")
    # A header may hold any shape, negative or beyond what numpy can count, or be no Python at all.
    except (ValueError, EOFError, OverflowError, TypeError, SyntaxError, TokenError) as error:
        raise FileError(
            f"{path} is no complete .npy file of plain numbers ({error}); write it by np.save"
        ) from error
