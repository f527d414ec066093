"""What every reader gives: a file of rows, piece by piece."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

# Bytes of rows in a piece: enough to hide what a piece costs, little beside any memory.
PIECE_BYTES = 1 << 22
# Rows are predicted 512 at a time.
BLOCK_ROWS = 512


class Scratch(threading.local):
    """A buffer for each thread, used again for piece after piece."""

    def __init__(self) -> None:
        self._buffer = np.empty(0, np.uint8)

    def take(self, n_bytes: int) -> NDArray[np.uint8]:
        """The first `n_bytes` of this thread's buffer, whatever is in them."""
        if len(self._buffer) < n_bytes:
            self._buffer = np.empty(n_bytes, np.uint8)
        return self._buffer[:n_bytes]


@dataclass(frozen=True)
class Piece:
    """Consecutive rows of a file.

    Attributes:
        first: the file's number, from 0, of the first row.
        n_rows: how many.
        read: gives the rows, (n_rows, features); on any thread, and they may lie in the scratch
            buffer that it is given.
        position: bytes of the file up to the end of the piece, for progress.
        where: names the file and one of the rows, for messages.
        memory: what the reader has to know to go on behind this piece; None or JSON.
    """

    first: int
    n_rows: int
    read: Callable[[Scratch], NDArray]
    position: int
    where: Callable[[int], str]
    memory: Any = None


class Reader(Protocol):
    """A file of rows."""

    name: str
    size: int

    def pieces(self, start: int = 0, memory: Any = None) -> Iterator[Piece]:
        """The rows from row `start` on; `memory` is that of the piece before."""


def in_memory(rows: NDArray) -> Callable[[Scratch], NDArray]:
    """`Piece.read` of rows that are in memory."""
    return lambda _: rows


def rows_a_piece(row_bytes: int, *, least: int = 1) -> int:
    """Rows that make a piece, `least` at least: whole blocks where they fit."""
    rows = PIECE_BYTES // max(1, row_bytes)
    return max(least, rows // BLOCK_ROWS * BLOCK_ROWS or rows, 1)


def spans(start: int, n: int, step: int) -> Iterator[tuple[int, int]]:
    """First row and number of rows of each piece of `step` rows from `start` to `n`."""
    for first in range(start, n, step):
        yield first, min(step, n - first)


def counted_from_0(name: str, first: int) -> Callable[[int], str]:
    """A `Piece.where` for files whose rows have no lines."""
    return lambda row: f"{name}, row {first + row} (counted from 0)"
