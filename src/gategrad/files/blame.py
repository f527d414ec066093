"""Which row of which file it is that a model can't take."""

import re
from collections.abc import Callable

from numpy.typing import NDArray

from gategrad.encoding import EncodingError
from gategrad.engine import InputError
from gategrad.files.errors import FileError
from gategrad.files.piece import Piece

Decide = Callable[[NDArray], NDArray]
REFUSED = (InputError, EncodingError)
# How messages about the only row of an array begin, but for the column.
_PLACE = re.compile(r"^x(?:\[0, \d+\] \(row 0, (column \d+)\)| at row 0, )")


def decide_piece(decide: Decide, name: str, piece: Piece, rows: NDArray) -> NDArray:
    """`decide(rows)`; where it refuses, the error names the row, or the file `name`.

    Raises:
        FileError: the model can't take the rows.
    """
    try:
        return decide(rows)
    except REFUSED as error:
        row = _first_refused(decide, rows)
        if row is None:
            raise FileError(f"{name}: {error}") from error
        reason = _PLACE.sub(r"\1", str(_refusal(decide, rows[row : row + 1]) or error))
        raise FileError(f"{piece.where(row)}, {reason}") from error


def _first_refused(decide: Decide, rows: NDArray) -> int | None:
    """The first row that `decide` refuses; None where it refuses even an array of none."""
    if _refusal(decide, rows[:0]):
        return None
    taken, refused = 0, len(rows)
    while refused - taken > 1:
        middle = (taken + refused) // 2
        if _refusal(decide, rows[:middle]):
            refused = middle
        else:
            taken = middle
    return taken


def _refusal(decide: Decide, rows: NDArray) -> Exception | None:
    try:
        decide(rows)
    except REFUSED as error:
        return error
    return None
