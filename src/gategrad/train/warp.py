"""Warp images: small random rotations, shifts, scalings, shears and flips."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import prod, radians

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from gategrad import _core
from gategrad.engine import isa
from gategrad.train.errors import TrainError

DTYPES = ("bool", "uint8", "float32", "float64")
# Pixels, about 0.2 ms, under which a further thread costs more than it helps.
_PIXELS_A_THREAD = 1 << 15


@dataclass(frozen=True, repr=False)
class Warp:
    """A random warp for every image of a batch, uniform in the given ranges.

    Pixels are interpolated bilinearly, and are 0 outside; bool images are cut at 0.5 again, uint8
    ones rounded. Those two are computed in fixed point by the native core.

    Attributes:
        image_shape: (channels, height, width), or (height, width), of a flattened row.
        rotation: largest angle, degrees, either way.
        shift: largest shift along each axis, pixels.
        scale: largest relative change of size, below 1.
        shear: largest shear, pixels a pixel.
        flip: whether half of the images are mirrored, left to right.
        share: of the images that are warped; the others stay as they are, flips and crops apart.
        crop: largest shift along each axis by whole pixels, which interpolates nothing: a crop of
            an image that is padded so far on every side.

    Raises:
        TrainError: a range that is none.

    Examples:
        >>> eye = np.eye(4, dtype=bool).reshape(1, 16)
        >>> Warp((4, 4))(eye, torch.Generator().manual_seed(0)).shape
        (1, 16)
    """

    image_shape: Sequence[int]
    rotation: float = 10.0
    shift: float = 1.5
    scale: float = 0.08
    shear: float = 0.1
    flip: bool = False
    share: float = 1.0
    crop: int = 0

    def __post_init__(self) -> None:
        """Check the ranges."""
        limits = {"rotation": 180, "shift": 4096, "scale": 0.99, "shear": 1, "share": 1}
        for name, most in limits.items():
            if not 0 <= (value := getattr(self, name)) <= most:
                raise TrainError(f"{name} is {value!r}; expected 0 to {most}")
        if self.crop != int(self.crop) or not 0 <= self.crop <= limits["shift"]:
            raise TrainError(f"crop is {self.crop!r}; expected a whole number of pixels")

    def __repr__(self) -> str:
        """The ranges, which checkpoints note; older ones had no crop."""
        shown = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "crop"}
        shown |= {"crop": self.crop} if self.crop else {}
        return f"Warp({', '.join(f'{name}={value!r}' for name, value in shown.items())})"

    def __call__(self, x: NDArray, generator: torch.Generator) -> NDArray:
        """Warped images.

        Args:
            x: (n, features) bool, uint8, float32 or float64 images, flattened.
            generator: CPU generator that the draws advance.

        Returns:
            (n, features) of the dtype of x.

        Raises:
            TrainError: another dtype, or an image shape of another size.
        """
        images = np.ascontiguousarray(x).reshape(-1, *checked_shape(x, self.image_shape))
        matrices = self._matrices(len(x), generator)
        if x.dtype.kind == "f":
            floats = torch.from_numpy(images).float()
            warped = warp_floats(floats, torch.from_numpy(matrices)).numpy()
            return warped.astype(x.dtype).reshape(x.shape)
        return warp_bytes(images, matrices).reshape(x.shape)

    def _matrices(self, n: int, generator: torch.Generator) -> NDArray[np.float32]:
        draws = 2 * torch.rand(n, 6, generator=generator).numpy() - 1
        if self.share < 1:
            draws[torch.rand(n, generator=generator).numpy() >= self.share] = 0
        ranges = (radians(self.rotation), *map(float, (self.shift, self.scale, self.shear)))
        matrices = affine_matrices(draws, *ranges)
        if self.flip:
            mirrored = torch.rand(n, generator=generator).numpy() < 0.5
            matrices[mirrored, 0] *= -1
        if self.crop:
            steps = torch.randint(-self.crop, self.crop + 1, (n, 2), generator=generator)
            matrices[:, :, 2] += steps.numpy()
        return matrices


def checked_shape(x: NDArray, image_shape: Sequence[int]) -> tuple[int, int, int]:
    """(channels, height, width) of the rows x.

    Raises:
        TrainError: rows that are no such images, or a dtype that images don't have.
    """
    shape = tuple(int(n) for n in image_shape)
    shape = (1, *shape) if len(shape) == 2 else shape
    if x.dtype.name not in DTYPES:
        raise TrainError(f"images have dtype {x.dtype}; expected one of {', '.join(DTYPES)}")
    if len(shape) != 3 or x.ndim != 2 or x.shape[1] != prod(shape):
        raise TrainError(
            f"images have shape {x.shape}; expected (n, channels * height * width) for image_shape "
            f"{tuple(image_shape)}"
        )
    return shape


def affine_matrices(
    draws: NDArray[np.float32], rotation: float, shift: float, scale: float, shear: float
) -> NDArray[np.float32]:
    """Maps (n, 2, 3) in pixels around the centre, from draws (n, 6) in -1 to 1; radians."""
    angle, right, down, size, slant_x, slant_y = draws.T
    # By torch, whose calls cost more than numpy's, as these differ in the last place.
    turn = torch.from_numpy(rotation * angle)
    cos, sin = turn.cos().numpy(), turn.sin().numpy()
    size = 1 + scale * size
    # (1 a; b 1) shears, then turns, then resizes.
    a, b = shear * slant_x, shear * slant_y
    maps = np.empty((len(draws), 2, 3), np.float32)
    maps[:, 0, 0] = size * (cos - sin * b)
    maps[:, 0, 1] = size * (cos * a - sin)
    maps[:, 0, 2] = shift * right
    maps[:, 1, 0] = size * (sin + cos * b)
    maps[:, 1, 1] = size * (sin * a + cos)
    maps[:, 1, 2] = shift * down
    return maps


def warp_bytes(images: NDArray, matrices: NDArray[np.float32]) -> NDArray:
    """Images (n, channels, height, width) of bool or uint8, see `Warp`; of the same dtype."""
    warped = np.empty_like(images)
    threads = max(1, min(torch.get_num_threads(), images.size // _PIXELS_A_THREAD))
    is_bits = images.dtype.kind == "b"
    arrays = (images.view(np.uint8), matrices, is_bits, warped.view(np.uint8))
    _core.warp(isa.choose()[0], *arrays, threads)
    return warped


def warp_floats(images: Tensor, matrices: Tensor) -> Tensor:
    """Images (n, channels, height, width) of floats read at the mapped places, see `Warp`."""
    _, _, height, width = images.shape
    # grid_sample's coordinates go from -1 to 1, so that an axis of n pixels is n / 2 units long.
    half = torch.tensor([width / 2, height / 2, 1.0])
    grid = functional.affine_grid(
        matrices * half / half[:2, None], list(images.shape), align_corners=False
    )
    return functional.grid_sample(images, grid, padding_mode="zeros", align_corners=False)
