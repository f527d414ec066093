"""local: the pins of a gate from a small window of an image."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

DEFAULT_RADIUS = 2


def local_connections(
    in_dim: int,
    out_dim: int,
    image_shape: Sequence[int],
    radius: int,
    active: Tensor | ArrayLike | None,
    generator: torch.Generator,
    *,
    pins: int = 2,
) -> Tensor:
    """Wires (pins, out_dim) int64 to pixels within one small window a gate.

    Each gate has a centre, an active pixel; centres are balanced over the active pixels to within
    one. Its pins are different active pixels at most `radius` rows and columns from the centre,
    each in a random channel of those that are active there.

    Args:
        in_dim: number of inputs, channels * height * width.
        out_dim: number of gates.
        image_shape: (channels, height, width), or (height, width) for one channel.
        radius: at least 1; the window is 2 * radius + 1 pixels wide.
        active: bool, the inputs worth reading: (height, width) for all channels alike, or
            (in_dim,) or image_shape. All of them without it.
        generator: source of every draw.
        pins: of a gate.

    Raises:
        ValueError: image_shape does not fit in_dim, radius is below 1, active has another shape,
            or the window of an active pixel holds fewer pixels than a gate has pins.
        TypeError: active is not bool.
    """
    shape = planes_of_image(image_shape, in_dim, radius)
    mask = active_mask(active, shape)
    positions = mask.any(0).flatten().nonzero()[:, 0]
    neighbours, counts = _windows(positions, shape, radius)
    _check_windows(positions, counts, shape, radius, pins)
    centres = torch.randperm(len(positions), generator=generator)[
        torch.randperm(out_dim, generator=generator) % len(positions)
    ]
    chosen = neighbours[centres, different(counts[centres], pins, generator)]
    return _random_channel(chosen, mask.flatten(1), generator) * mask[0].numel() + chosen


def planes_of_image(image_shape: Sequence[int], in_dim: int, radius: int) -> tuple[int, int, int]:
    """(planes, height, width) of an image_shape that fits in_dim; checks the radius too."""
    if isinstance(radius, bool) or not hasattr(radius, "__index__") or radius < 1:
        raise ValueError(f"radius must be an integer of at least 1, got {radius!r}")
    shape = tuple(int(n) for n in image_shape)
    if len(shape) not in (2, 3) or min(shape) < 1:
        raise ValueError(
            f"image_shape must be (channels, height, width) or (height, width), got {image_shape}"
        )
    if np.prod(shape) != in_dim:
        raise ValueError(
            f"image_shape {shape} has {np.prod(shape)} inputs, but in_dim is {in_dim}; "
            "make the two equal"
        )
    return shape if len(shape) == 3 else (1, *shape)


def active_mask(active: Tensor | ArrayLike | None, shape: tuple[int, int, int]) -> Tensor:
    """The active inputs, bool (channels, height, width)."""
    if active is None:
        return torch.ones(shape, dtype=torch.bool)
    mask = torch.as_tensor(active, device="cpu")
    if mask.dtype != torch.bool:
        raise TypeError(f"active must be bool, got {mask.dtype}; give a comparison such as x > 0")
    if mask.shape == shape[1:]:
        mask = mask.expand(shape)
    elif mask.shape in ((int(np.prod(shape)),), shape):
        mask = mask.reshape(shape)
    else:
        raise ValueError(
            f"active must have shape {shape[1:]}, ({np.prod(shape)},) or {shape}, "
            f"got {tuple(mask.shape)}"
        )
    if not mask.any():
        raise ValueError("active names no input at all; at least two pixels must be active")
    return mask


def _windows(positions: Tensor, shape: tuple[int, int, int], radius: int) -> tuple[Tensor, Tensor]:
    """Active pixels around each one: (n, window) with the counts (n,) of valid leading columns."""
    _, height, width = shape
    span = torch.arange(-radius, radius + 1)
    rows = (positions // width)[:, None, None] + span[:, None]
    columns = (positions % width)[:, None, None] + span
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    pixels = (rows * width + columns).flatten(1)
    is_active = torch.zeros(height * width, dtype=torch.bool)
    is_active[positions] = True
    valid = inside.flatten(1) & is_active[pixels.clamp(0, height * width - 1)]
    order = (~valid).int().argsort(dim=1, stable=True)
    return pixels.gather(1, order), valid.sum(1)


def _check_windows(
    positions: Tensor, counts: Tensor, shape: tuple[int, int, int], radius: int, pins: int
) -> None:
    alone = positions[counts < pins]
    if len(alone):
        row, column = divmod(int(alone[0]), shape[2])
        others = (
            "no other active pixel" if pins == 2 else f"fewer than {pins - 1} other active ones"
        )
        raise ValueError(
            f"{len(alone)} of {len(positions)} active pixels have {others} within "
            f"radius {radius}, the first in row {row}, column {column}; "
            "use a larger radius or leave them out of active"
        )


def different(counts: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """`n` different random numbers below each count, (n, *counts.shape)."""
    drawn = below(counts, generator)[None]
    for i in range(1, n):
        number = below(counts - i, generator)
        # Counted among those that are left: each smaller one that is taken moves it up.
        for taken in drawn.sort(dim=0).values:
            number = number + (number >= taken)
        drawn = torch.cat([drawn, number[None]])
    return drawn


def below(counts: Tensor, generator: torch.Generator) -> Tensor:
    """A random integer from 0 to below each count."""
    draws = torch.rand(counts.shape, generator=generator, dtype=torch.float64)
    return (draws * counts).long()


def _random_channel(pixels: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
    """A random active channel of each pixel; mask is (channels, pixels)."""
    order = (~mask).int().argsort(dim=0, stable=True)
    return order[below(mask.sum(0)[pixels], generator), pixels]
