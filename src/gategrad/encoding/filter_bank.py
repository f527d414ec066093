"""Filters by name."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gategrad.encoding.errors import EncodingError

Plane = tuple[str, NDArray[np.int16], int, int]
"""Name, weights (C, 5, 5), shift and offset."""

_SIZE, _MIDDLE = 5, 2
_COLOURS = ("red", "green", "blue")


def _blank(channels: int) -> NDArray[np.int16]:
    return np.zeros((channels, _SIZE, _SIZE), np.int16)


def _at(channels: int, *places: tuple[int, int, int]) -> NDArray[np.int16]:
    """Weights of all channels at some (down, right) of the middle."""
    weights = _blank(channels)
    for down, right, weight in places:
        weights[:, _MIDDLE + down, _MIDDLE + right] += weight
    return weights


def _pixels(channels: int) -> list[Plane]:
    names = _COLOURS if channels == 3 else [f"channel {c}" for c in range(channels)]
    made = []
    for c in range(channels):
        weights = _blank(channels)
        weights[c, _MIDDLE, _MIDDLE] = 1
        made.append((names[c] if channels > 1 else "pixel", weights, 0, 0))
    return made


def _opponents(channels: int) -> list[Plane]:
    if channels != 3:
        raise EncodingError(
            f'"opponents" are differences of three colours; the images have {channels} channels'
        )
    weights = np.zeros((2, 3, _SIZE, _SIZE), np.int16)
    weights[0, :, _MIDDLE, _MIDDLE] = 1, -1, 0
    weights[1, :, _MIDDLE, _MIDDLE] = 1, 1, -2
    return [("red - green", weights[0], 0, 128), ("yellow - blue", weights[1], 1, 128)]


def _difference(
    name: str, channels: int, *places: tuple[int, int, int], shift: int = 0
) -> list[Plane]:
    """Of sums of all channels; they may be three times as large as one."""
    return [(name, _at(channels, *places), shift + (1 if channels > 1 else 0), 128)]


def _steps(channels: int) -> list[Plane]:
    across = _difference("across", channels, (0, 1, 1), (0, 0, -1))
    return across + _difference("down", channels, (1, 0, 1), (0, 0, -1))


def _slopes(channels: int) -> list[Plane]:
    across = _difference("slope across", channels, (0, 1, 1), (0, -1, -1))
    return across + _difference("slope down", channels, (1, 0, 1), (-1, 0, -1))


def _diagonals(channels: int) -> list[Plane]:
    falling = _difference("falling", channels, (1, 1, 1), (-1, -1, -1))
    return falling + _difference("rising", channels, (1, -1, 1), (-1, 1, -1))


def _spots(channels: int) -> list[Plane]:
    ring = [(y, x, -1) for y in (-2, 0, 2) for x in (-2, 0, 2) if (y, x) != (0, 0)]
    return _difference("spot", channels, (0, 0, 8), *ring, shift=2)


_BANKS = {
    "pixels": _pixels,
    "opponents": _opponents,
    "steps": _steps,
    "slopes": _slopes,
    "diagonals": _diagonals,
    "spots": _spots,
}
KNOWN = tuple(_BANKS)
"""Names of filters: `pixels`, as they are; `opponents`, red less green and yellow less blue; and of
the brightness `steps`, to the pixel on the right and below; `slopes`, from the pixel before to the
one behind; `diagonals`, the same cornerwise; `spots`, a pixel less what is around it."""


def bank(
    filters: Sequence[str], channels: int
) -> tuple[tuple[str, ...], NDArray[np.int16], NDArray[np.uint8], NDArray[np.uint8]]:
    """Names of planes, weights (P, C, K, K), shifts and offsets (P,) of filters by name.

    Raises:
        EncodingError: none, an unknown one, one twice, or one that images of so many channels don't
            have.
    """
    names = [filters] if isinstance(filters, str) else list(filters)
    if not names or len(set(names)) < len(names):
        raise EncodingError(f"filters are {filters!r}; expected some of {', '.join(KNOWN)}, once")
    planes: list[Plane] = []
    for name in names:
        if name not in _BANKS:
            raise EncodingError(f"unknown filter {name!r}; known: {', '.join(KNOWN)}")
        planes += _BANKS[name](channels)
    said, weights, shift, offset = zip(*planes, strict=True)
    return said, np.stack(weights), np.array(shift, np.uint8), np.array(offset, np.uint8)
