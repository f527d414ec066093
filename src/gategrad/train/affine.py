"""More images from images: warped copies, made once."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from gategrad.train.warp import Warp, checked_shape

_CHUNK_PIXELS = 1 << 22


def affine_copies(
    x: NDArray,
    image_shape: Sequence[int],
    *,
    copies: int = 1,
    seed: int = 0,
    rotation: float = 10.0,
    shift: float = 1.5,
    scale: float = 0.08,
    shear: float = 0.1,
    flip: bool = False,
    crop: int = 0,
) -> NDArray:
    """Warped copies of images, without the originals; see `Warp`.

    Args:
        x: (n, features) bool, uint8, float32 or float64 images, flattened.
        image_shape: (channels, height, width), or (height, width).
        copies: of each image.
        seed: of the warps.
        rotation: largest angle, degrees, either way.
        shift: largest shift along each axis, pixels.
        scale: largest relative change of size.
        shear: largest shear, pixels a pixel.
        flip: whether half of the copies are mirrored, left to right.
        crop: largest shift by whole pixels.

    Returns:
        (copies * n, features) of the dtype of x; row c * n + i is copy c of image i, so the labels
        are `np.tile(y, copies)`.

    Raises:
        TrainError: another dtype, an image shape of another size, or a range that is none.

    Examples:
        >>> affine_copies(np.eye(16, dtype=bool), (4, 4), copies=3).shape
        (48, 16)
    """
    x = np.asarray(x)
    checked_shape(x, image_shape)
    warp = Warp(image_shape, rotation, shift, scale, shear, flip, crop=crop)
    generator = torch.Generator().manual_seed(seed)
    warped = np.empty((copies * len(x), x.shape[1]), x.dtype)
    for rows, source in _chunks(len(x), copies, x.shape[1]):
        warped[rows] = warp(x[source], generator)
    return warped


def _chunks(n: int, copies: int, features: int) -> Iterator[tuple[slice, slice]]:
    """Rows of the result and the rows that they copy, in runs of bounded size."""
    size = max(1, _CHUNK_PIXELS // max(1, features))
    for copy in range(copies):
        for start in range(0, n, size):
            stop = min(start + size, n)
            yield slice(copy * n + start, copy * n + stop), slice(start, stop)
