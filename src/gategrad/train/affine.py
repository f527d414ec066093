"""More images from images: small random rotations, shifts, scalings and shears."""

from collections.abc import Iterator, Sequence
from math import radians

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from gategrad.train.errors import TrainError

_CHUNK_PIXELS = 1 << 22
_DTYPES = ("bool", "uint8", "float32", "float64")


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
) -> NDArray:
    """Warped copies of images, without the originals.

    Every copy has its own warp, uniform in the given ranges. Pixels are interpolated bilinearly,
    and are 0 outside; bool images are cut at 0.5 again, uint8 ones rounded.

    Args:
        x: (n, features) bool, uint8, float32 or float64 images, flattened.
        image_shape: (channels, height, width), or (height, width).
        copies: of each image.
        seed: of the warps.
        rotation: largest angle, degrees, either way.
        shift: largest shift along each axis, pixels.
        scale: largest relative change of size.
        shear: largest shear, pixels a pixel.

    Returns:
        (copies * n, features) of the dtype of x; row c * n + i is copy c of image i, so the labels
        are `np.tile(y, copies)`.

    Raises:
        TrainError: another dtype, or an image shape of another size.

    >>> affine_copies(np.eye(16, dtype=bool), (4, 4), copies=3).shape
    (48, 16)
    """
    x = np.asarray(x)
    shape = _shape(x, image_shape)
    generator = torch.Generator().manual_seed(seed)
    ranges = (radians(rotation), shift, scale, shear)
    warped = np.empty((copies * len(x), x.shape[1]), x.dtype)
    for rows, source in _chunks(len(x), copies, x.shape[1]):
        images = torch.from_numpy(np.ascontiguousarray(x[source])).float().view(-1, *shape)
        draws = 2 * torch.rand(len(images), 6, generator=generator) - 1
        warped[rows] = _as(x.dtype, _warp(images, _matrices(draws, *ranges)))
    return warped


def _shape(x: NDArray, image_shape: Sequence[int]) -> tuple[int, int, int]:
    shape = tuple(int(n) for n in image_shape)
    shape = (1, *shape) if len(shape) == 2 else shape
    if x.dtype.name not in _DTYPES:
        raise TrainError(f"images have dtype {x.dtype}; expected one of {', '.join(_DTYPES)}")
    if len(shape) != 3 or x.ndim != 2 or x.shape[1] != np.prod(shape):
        raise TrainError(
            f"images have shape {x.shape}; expected (n, channels * height * width) for image_shape "
            f"{tuple(image_shape)}"
        )
    return shape


def _chunks(n: int, copies: int, features: int) -> Iterator[tuple[slice, slice]]:
    """Rows of the result and the rows that they copy, in runs of bounded size."""
    size = max(1, _CHUNK_PIXELS // max(1, features))
    for copy in range(copies):
        for start in range(0, n, size):
            stop = min(start + size, n)
            yield slice(copy * n + start, copy * n + stop), slice(start, stop)


def _matrices(draws: Tensor, rotation: float, shift: float, scale: float, shear: float) -> Tensor:
    """Maps (n, 2, 3) in pixels around the centre, from draws (n, 6) in -1 to 1."""
    angle, right, down, size, slant_x, slant_y = draws.unbind(1)
    cos, sin = torch.cos(rotation * angle), torch.sin(rotation * angle)
    size = 1 + scale * size
    # (1 a; b 1) shears, then turns, then resizes.
    a, b = shear * slant_x, shear * slant_y
    rows = [
        torch.stack([size * (cos - sin * b), size * (cos * a - sin), shift * right], 1),
        torch.stack([size * (sin + cos * b), size * (sin * a + cos), shift * down], 1),
    ]
    return torch.stack(rows, 1)


def _warp(images: Tensor, matrices: Tensor) -> Tensor:
    """Images (n, channels, height, width) read at the mapped places, bilinearly, 0 outside."""
    _, _, height, width = images.shape
    # grid_sample's coordinates go from -1 to 1, so that an axis of n pixels is n / 2 units long.
    half = torch.tensor([width / 2, height / 2, 1.0])
    grid = functional.affine_grid(
        matrices * half / half[:2, None], list(images.shape), align_corners=False
    )
    return functional.grid_sample(images, grid, padding_mode="zeros", align_corners=False)


def _as(dtype: np.dtype, images: Tensor) -> NDArray:
    flat = images.flatten(1)
    if dtype.kind == "b":
        return (flat > 0.5).numpy()
    if dtype.kind == "u":
        return flat.round_().clamp_(0, 255).to(torch.uint8).numpy()
    return flat.numpy().astype(dtype)
