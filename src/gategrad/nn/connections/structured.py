"""structured: neighbouring pixels, other channels and adjacent thresholds of an image."""

from collections.abc import Sequence

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from gategrad.nn.connections.local import active_mask, below, planes_of_image

# Gates whose second pins are listed at a time, which bounds the memory.
_GATES_AT_ONCE = 1 << 15


def structured_connections(
    in_dim: int,
    out_dim: int,
    image_shape: Sequence[int],
    thresholds: int,
    radius: int,
    active: Tensor | ArrayLike | None,
    generator: torch.Generator,
) -> Tensor:
    """Wires (2, out_dim) int64 to an input of an image and one that is close to it in every way.

    First pins are balanced over the active inputs to within one: all are used when out_dim is at
    least their number. The second pin is a random one of the active inputs at most `radius` rows
    and columns away, of any channel, whose threshold is the same or an adjacent one; never another
    threshold of the same pixel and channel, which holds next to nothing new.

    Args:
        in_dim: number of inputs, thresholds * channels * height * width.
        out_dim: number of gates.
        image_shape: (thresholds * channels, height, width) as encoders lay bits out, threshold by
            threshold; or (height, width).
        thresholds: levels of each channel; divides the first number of image_shape.
        radius: at least 1.
        active: bool, the inputs worth reading; see `local_connections`.
        generator: source of every draw.

    Raises:
        ValueError: sizes that do not fit, or an active input without a partner.
        TypeError: active is not bool.
    """
    shape = planes_of_image(image_shape, in_dim, radius)
    if isinstance(thresholds, bool) or not hasattr(thresholds, "__index__") or thresholds < 1:
        raise ValueError(f"thresholds must be an integer of at least 1, got {thresholds!r}")
    if shape[0] % thresholds:
        raise ValueError(
            f"thresholds={thresholds} does not divide the {shape[0]} planes of image_shape; "
            "planes are thresholds times channels"
        )
    mask = active_mask(active, shape)
    inputs = mask.flatten().nonzero()[:, 0]
    place = torch.randperm(out_dim, generator=generator) % len(inputs)
    first = inputs[torch.randperm(len(inputs), generator=generator)[place]]
    second = [
        _partners(part, mask, thresholds, radius, generator) for part in first.split(_GATES_AT_ONCE)
    ]
    pins = torch.stack([first, torch.cat(second)])
    # Which of the two comes first must not tell which one is balanced.
    swapped = torch.rand(out_dim, generator=generator) < 0.5
    return torch.where(swapped, pins.flip(0), pins)


def _partners(
    first: Tensor, mask: Tensor, thresholds: int, radius: int, generator: torch.Generator
) -> Tensor:
    """A random partner (n,) of each input (n,)."""
    planes, height, width = mask.shape
    channels = planes // thresholds
    steps = torch.arange(-radius, radius + 1)
    level, channel, row, column = torch.meshgrid(
        torch.arange(-1, 2), torch.arange(channels), steps, steps, indexing="ij"
    )
    plane, pixel = first // (height * width), first % (height * width)
    levels = (plane // channels)[:, None] + level.flatten()
    colours = (plane % channels)[:, None] + channel.flatten()
    rows = (pixel // width)[:, None] + row.flatten()
    columns = (pixel % width)[:, None] + column.flatten()
    fits = (levels >= 0) & (levels < thresholds)
    fits &= (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    # Channel offset 0 at offset 0 of the pixel: the same pixel and channel, at some threshold.
    fits &= ((channel != 0) | (row != 0) | (column != 0)).flatten()
    found = ((levels * channels + colours % channels) * height + rows) * width + columns
    fits &= mask.flatten()[found.clamp(0, mask.numel() - 1)]
    counts = fits.sum(1)
    if (counts == 0).any():
        raise ValueError(
            f"active input {int(first[counts == 0][0])} has no other active input within radius "
            f"{radius} at an adjacent threshold; use a larger radius or leave it out of active"
        )
    order = (~fits).int().argsort(dim=1, stable=True)
    chosen = order.gather(1, below(counts, generator)[:, None])
    return found.gather(1, chosen)[:, 0]
