"""Wires within the receptive field of a convolution's kernels.

A wire is a place in the field, `(channel * kernel height + dy) * kernel width + dx`; each kernel
has one set of them, whatever its positions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from gategrad.nn.checks import known_name
from gategrad.nn.wiring.connections.candidates import ALL, DEFAULT_CANDIDATES, random_candidates

FIELD_CONNECTIONS = ("random", "local", "learned")
# Kernels whose leaves ran out of neighbours are drawn again.
_TRIES = 200
# Those that read the same as another one, which few places leave no room for.
_TRIES_TO_DIFFER = 20


@dataclass(frozen=True)
class Field:
    """What kernels may read.

    Attributes:
        in_channels: of the input.
        kernel: height and width.
        channels: that one kernel reads.
        groups: that input and output channels are split into alike.
        thresholds: levels of each channel of the image; threshold by threshold, as encoders give
            them, channels are `level * colours + colour`.
    """

    in_channels: int
    kernel: tuple[int, int]
    channels: int = 1
    groups: int = 1
    thresholds: int = 1

    @property
    def area(self) -> int:
        """Places of one channel."""
        return self.kernel[0] * self.kernel[1]

    @property
    def size(self) -> int:
        """Places of all channels."""
        return self.in_channels * self.area

    @property
    def of_kernel(self) -> int:
        """Places of the channels that one kernel reads."""
        return self.channels * self.area


Draw: TypeAlias = Callable[[Field, Tensor, int, int, torch.Generator], Tensor]


def connect_field(
    connections: str | Tensor | ArrayLike,
    field: Field,
    out_channels: int,
    leaves: int,
    *,
    pins: int,
    candidates: int | str | None,
    generator: torch.Generator,
) -> Tensor:
    """Wires (leaves, out_channels) int64 of kernels, or for "learned" candidates (..., K).

    The input channels are shared out to kernels evenly; a kernel reads each of its own at least
    once, if it has leaves enough. Its leaves are different places, drawn

    - "random": from all of them;
    - "local": the leaves of each gate at most one row and one column from its first one, and never
      two thresholds of one pixel and colour, of which the second holds next to nothing new;
    - "learned": not at all: each leaf chooses among K different places.

    Kernels that would read the same are drawn again, as long as there is something else to read.

    Args:
        connections: a name, or integers (leaves, out_channels, 3): channel, row and column.
        field: that they lie in.
        out_channels: kernels.
        leaves: of a kernel.
        pins: leaves of a gate, those of one gate following each other.
        candidates: K, or "all" of the places that a kernel may read; only for "learned", where
            None is 16, or all if those are fewer.
        generator: source of every draw.

    Raises:
        ValueError: an unknown name, places that are none of the field, or leaves that have no
            room in it.
        TypeError: wires are no integers.
    """
    named = isinstance(connections, str)
    if candidates is not None and not (named and connections == "learned"):
        raise ValueError('candidates are for connections="learned", where leaves choose among them')
    if not named:
        return given_places(connections, field, out_channels, leaves)
    known_name("connections", connections, FIELD_CONNECTIONS)
    chosen = _channels(field, out_channels, generator)
    if connections == "learned":
        places = _candidates(field, out_channels, leaves, candidates, generator)
    else:
        _check_room(field, leaves)
        draw = _local_places if connections == "local" else _random_places
        places = _different_kernels(draw, field, chosen, leaves, pins, generator).t()
    # From places among a kernel's own channels to those of the whole field.
    kernels = torch.arange(out_channels).view(-1, *[1] * (places.ndim - 2))
    planes = chosen[kernels, places // field.area]
    return (planes * field.area + places % field.area).contiguous()


def given_places(wires: Tensor | ArrayLike, field: Field, out_channels: int, leaves: int) -> Tensor:
    """Wires (leaves, out_channels) int64 from (channel, row, column) of one's own, checked.

    Raises:
        TypeError: no integers.
        ValueError: another shape, or places outside the field or the kernel's group.
    """
    array = wires.detach().cpu().numpy() if isinstance(wires, Tensor) else np.asarray(wires)
    if array.dtype.kind not in "iu":
        raise TypeError(f"connections must be a name or integers, got dtype {array.dtype}")
    if array.shape != (leaves, out_channels, 3):
        raise ValueError(
            f"connections must have shape ({leaves}, {out_channels}, 3), the input channel, row "
            f"and column of each leaf of each output channel, got {array.shape}"
        )
    limits = np.array([field.in_channels, *field.kernel])
    bad = (array < 0) | (array >= limits)
    if bad.any():
        leaf, kernel, _ = (int(i) for i in np.argwhere(bad)[0])
        raise ValueError(
            f"leaf {leaf} of output channel {kernel} reads (channel, row, column) "
            f"{tuple(array[leaf, kernel].tolist())}; expected (0, 0, 0) to "
            f"{tuple((limits - 1).tolist())}, places within the receptive field"
        )
    _check_groups(array[:, :, 0], field)
    channel, row, column = torch.from_numpy(array.astype(np.int64)).unbind(2)
    return ((channel * field.kernel[0] + row) * field.kernel[1] + column).contiguous()


def _check_groups(channels: np.ndarray, field: Field) -> None:
    """ValueError where a leaf (leaves, out_channels) reads a channel of another group."""
    kernels = np.arange(channels.shape[1])
    own = kernels * field.groups // channels.shape[1]
    bad = channels * field.groups // field.in_channels != own
    if bad.any():
        leaf, kernel = (int(i) for i in np.argwhere(bad)[0])
        raise ValueError(
            f"leaf {leaf} of output channel {kernel} reads input channel "
            f"{int(channels[leaf, kernel])}, which is not of its group, {own[kernel]} of "
            f"{field.groups}; expected channels of the kernel's own group"
        )


def _check_room(field: Field, leaves: int) -> None:
    if leaves > field.of_kernel:
        height, width = field.kernel
        raise ValueError(
            f"a kernel of {height}x{width} over {field.channels} channels has {field.of_kernel} "
            f"places, too few for {leaves} different leaves; use a larger kernel_size, more "
            "channels, or less depth"
        )


def _channels(field: Field, out_channels: int, generator: torch.Generator) -> Tensor:
    """Input channels (out_channels, channels) that each kernel reads, each about as often."""
    of_group, kernels = field.in_channels // field.groups, out_channels // field.groups
    drawn = [
        random_candidates(of_group, kernels, field.channels, generator, pins=1)[0]
        + group * of_group
        for group in range(field.groups)
    ]
    return torch.cat(drawn)


def _candidates(
    field: Field,
    out_channels: int,
    leaves: int,
    count: int | str | None,
    generator: torch.Generator,
) -> Tensor:
    """Places (leaves, out_channels, K) among those of a kernel, those of a leaf all different."""
    if count is None:
        count = min(DEFAULT_CANDIDATES, field.of_kernel)
    if count != ALL and not (hasattr(count, "__index__") and 0 < count <= field.of_kernel):
        raise ValueError(
            f'candidates must be "all" or an integer from 1 to {field.of_kernel}, the places of '
            f"{field.channels} channels that a kernel may read, got {count!r}"
        )
    count = field.of_kernel if count == ALL else int(count)
    keys = torch.rand(leaves, out_channels, field.of_kernel, generator=generator)
    return keys.argsort(dim=2)[:, :, :count]


def _different_kernels(
    draw: Draw, field: Field, chosen: Tensor, leaves: int, pins: int, generator: torch.Generator
) -> Tensor:
    """Places (out_channels, leaves), where kernels that read the same are drawn again."""
    places = draw(field, chosen, leaves, pins, generator)
    for _ in range(_TRIES_TO_DIFFER):
        again = _repeats(field, chosen, places, pins)
        if not len(again):
            break
        places[again] = draw(field, chosen[again], leaves, pins, generator)
    return places


def _repeats(field: Field, chosen: Tensor, places: Tensor, pins: int) -> Tensor:
    """Kernels (n,) whose gates read what those of one before them read, in whatever order."""
    read = chosen.gather(1, places // field.area) * field.area + places % field.area
    read = read.view(len(read), -1, pins).sort(dim=2).values.flatten(1)
    sets, of_kernel = read.unique(dim=0, return_inverse=True)
    first = torch.full((len(sets),), len(places))
    first.scatter_reduce_(0, of_kernel, torch.arange(len(places)), "amin")
    return (first[of_kernel] < torch.arange(len(places))).nonzero().flatten()


def _random_places(
    field: Field, chosen: Tensor, leaves: int, pins: int, generator: torch.Generator
) -> Tensor:
    """Different places (out_channels, leaves), of every channel some."""
    kernels = len(chosen)
    keys = torch.rand(kernels, field.channels, field.area, generator=generator)
    # The smallest key of each channel goes before all keys of others.
    keys = keys - (keys == keys.amin(2, keepdim=True)).to(keys.dtype)
    places = keys.flatten(1).argsort(dim=1)[:, :leaves]
    order = torch.rand(kernels, leaves, generator=generator).argsort(dim=1)
    return places.gather(1, order)


def _local_places(
    field: Field, chosen: Tensor, leaves: int, pins: int, generator: torch.Generator
) -> Tensor:
    """Different places (out_channels, leaves), those of a gate next to its first one."""
    places = torch.empty(len(chosen), leaves, dtype=torch.int64)
    open_ = torch.arange(len(chosen))
    for _ in range(_TRIES):
        drawn = _draw_local(field, chosen[open_], leaves, pins, generator)
        stuck = (drawn < 0).any(1) | _misses_a_channel(field, drawn)
        places[open_[~stuck]] = drawn[~stuck]
        open_ = open_[stuck]
        if not len(open_):
            return places
    height, width = field.kernel
    raise ValueError(
        f'connections="local" finds no {leaves} different leaves in a kernel of {height}x{width} '
        f"over {field.channels} channels such that those of each gate are neighbours; use a larger "
        'kernel_size, more channels, or connections="random"'
    )


def _draw_local(
    field: Field, chosen: Tensor, leaves: int, pins: int, generator: torch.Generator
) -> Tensor:
    """One draw (kernels, leaves), with -1 where no place was left for a leaf."""
    kernels, place = torch.arange(len(chosen)), torch.arange(field.of_kernel)
    row, column = place % field.area // field.kernel[1], place % field.kernel[1]
    colour = chosen.repeat_interleave(field.area, 1) % (field.in_channels // field.thresholds)
    free = torch.ones(len(chosen), field.of_kernel, dtype=torch.bool)
    drawn = torch.full((len(chosen), leaves), -1)
    for leaf in range(leaves):
        fits = free.clone()
        for other in range(leaf - leaf % pins, leaf):
            at = drawn[:, other].clamp(min=0)
            far_y = (row - row[at][:, None]).abs()
            far_x = (column - column[at][:, None]).abs()
            if other % pins == 0:
                fits &= (far_y <= 1) & (far_x <= 1)
            twin = (far_y + far_x == 0) & (colour == colour.gather(1, at[:, None]))
            fits &= ~twin
        keys = torch.rand(free.shape, generator=generator).masked_fill_(~fits, -1.0)
        best = keys.argmax(1)
        found = fits.any(1)
        drawn[found, leaf] = best[found]
        free[kernels[found], best[found]] = False
    return drawn


def _misses_a_channel(field: Field, drawn: Tensor) -> Tensor:
    """Whether (kernels,) a kernel leaves out a channel although it has leaves for all."""
    if drawn.shape[1] < field.channels:
        return torch.zeros(len(drawn), dtype=torch.bool)
    slots = drawn.clamp(min=0) // field.area
    read = torch.zeros(len(drawn), field.channels, dtype=torch.bool)
    return ~read.scatter_(1, slots, torch.ones_like(slots, dtype=torch.bool)).all(1)
