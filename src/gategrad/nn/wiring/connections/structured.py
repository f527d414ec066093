"""structured: neighbouring pixels, other channels and adjacent thresholds of an image."""

from collections.abc import Sequence

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from gategrad.nn.wiring.connections.local import active_mask, below, planes_of_image
from gategrad.nn.wiring.connections.random import shuffled_pins

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
    *,
    pins: int = 2,
) -> Tensor:
    """Wires (pins, out_dim) int64 to an input of an image and others close to it in every way.

    First pins are balanced over the active inputs to within one: all are used when out_dim is at
    least their number. The other pins are random ones of the active inputs at most `radius` rows
    and columns away, of any channel, whose threshold is the same or an adjacent one; never two
    thresholds of one pixel and channel, of which the second holds next to nothing new.

    Args:
        in_dim: number of inputs, thresholds * channels * height * width.
        out_dim: number of gates.
        image_shape: (thresholds * channels, height, width) as encoders lay bits out, threshold by
            threshold; or (height, width).
        thresholds: levels of each channel; divides the first number of image_shape.
        radius: at least 1.
        active: bool, the inputs worth reading; see `local_connections`.
        generator: source of every draw.
        pins: of a gate.

    Raises:
        ValueError: sizes that do not fit, or an active input with too few partners.
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
    others = [
        _partners(part, mask, thresholds, radius, pins - 1, generator)
        for part in first.split(_GATES_AT_ONCE)
    ]
    wires = torch.cat([first[None], torch.cat(others, dim=1)])
    # Which of them comes first must not tell which one is balanced.
    if pins > 2:
        return shuffled_pins(wires.t(), generator)
    swapped = torch.rand(out_dim, generator=generator) < 0.5
    return torch.where(swapped, wires.flip(0), wires)


def _partners(
    first: Tensor,
    mask: Tensor,
    thresholds: int,
    radius: int,
    count: int,
    generator: torch.Generator,
) -> Tensor:
    """Random partners (count, n) of each input (n,), all of different pixels or channels."""
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
    places = fits.view(len(first), 3, -1).any(1).sum(1)
    if (places < count).any():
        few = "no other active input" if count == 1 else f"fewer than {count} other active ones"
        raise ValueError(
            f"active input {int(first[places < count][0])} has {few} within radius "
            f"{radius} at an adjacent threshold; use a larger radius or leave it out of active"
        )
    if count > 1:
        return _different_places(found, fits, count, generator)
    order = (~fits).int().argsort(dim=1, stable=True)
    chosen = order.gather(1, below(fits.sum(1), generator)[:, None])
    return found.gather(1, chosen).t()


def _different_places(
    found: Tensor, fits: Tensor, count: int, generator: torch.Generator
) -> Tensor:
    """`count` of the inputs `found` (n, 3 levels of places) that fit, no two of one place."""
    keys = torch.rand(fits.shape, generator=generator).masked_fill_(~fits, -1.0)
    best, level = keys.view(len(keys), 3, -1).max(1)
    place = best.topk(count, dim=1).indices
    n_places = best.shape[1]
    return found.gather(1, level.gather(1, place) * n_places + place).t()
