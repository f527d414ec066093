"""Images as text: eight pixels a character."""

import numpy as np
from numpy.typing import NDArray

# Unicode numbers the dots of a Braille cell down the left column, down the right, then the fourth
# row; this is the bit of each pixel of a block of 4 rows and 2 columns.
_DOTS = np.array([[0, 3], [1, 4], [2, 5], [6, 7]])
_FIRST = 0x2800


def as_text(image: NDArray[np.bool_]) -> list[str]:
    """Lines of Braille characters, ceil(height / 4) of ceil(width / 2).

    Args:
        image: (height, width) bool; True is a dot.

    Examples:
        >>> as_text(np.eye(4, dtype=bool))
        ['⠑⢄']
    """
    height, width = image.shape
    padded = np.pad(image, ((0, -height % 4), (0, -width % 2)))
    blocks = padded.reshape(len(padded) // 4, 4, -1, 2).swapaxes(1, 2)
    codes = (blocks.astype(int) << _DOTS).sum(axis=(2, 3)) + _FIRST
    return ["".join(map(chr, row)) for row in codes]


def side_by_side(pictures: list[list[str]], captions: list[str], *, gap: int = 2) -> list[str]:
    """Pictures of equal size in one row, each with its caption centred below."""
    width = max(len(pictures[0][0]), *map(len, captions))
    rows = [*zip(*pictures, strict=True), tuple(captions)]
    return [(" " * gap).join(part.center(width) for part in row).rstrip() for row in rows]
