"""Sizes of images and kernels, and what of a convolution's options goes together."""

from collections.abc import Sequence

from numpy.typing import ArrayLike
from torch import Tensor

from gategrad.nn.checks import positive_count
from gategrad.nn.wiring.connections.fields import Field

DEPTHS = range(1, 5)


def pair(what: str, value: int | Sequence[int], *, least: int = 1) -> tuple[int, int]:
    """`value` for rows and columns, which one number stands for.

    Raises:
        ValueError: neither an integer nor two of them, or one below `least`.
    """
    both = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else None
    numbers = (value, value) if both is None else both
    if len(numbers) == 2 and all(_is_whole(n) and n >= least for n in numbers):
        return numbers[0].__index__(), numbers[1].__index__()
    raise ValueError(
        f"{what} must be an integer of at least {least}, or two for rows and columns, got {value!r}"
    )


def checked_depth(depth: int, inputs: int) -> int:
    """`depth`.

    Raises:
        ValueError: it is none, or gates of more than two inputs are to make deeper trees.
    """
    if not _is_whole(depth) or depth not in DEPTHS:
        raise ValueError(
            f"depth must be an integer from {DEPTHS[0]} to {DEPTHS[-1]}, got {depth!r}"
        )
    if depth > 1 and inputs != 2:
        raise ValueError(
            f"inputs={inputs!r} is for depth=1, one gate a channel; trees of depth {depth} are of "
            "gates with two inputs"
        )
    return depth.__index__()


def check_sizes(
    in_size: tuple[int, int], kernel: tuple[int, int], padding: tuple[int, int]
) -> None:
    """ValueError where the field has no place in the image, or lies beyond its border."""
    padded = [size + 2 * more for size, more in zip(in_size, padding, strict=True)]
    if any(k > size for k, size in zip(kernel, padded, strict=True)):
        raise ValueError(
            f"kernel_size {kernel} is larger than the padded input, {padded[0]}x{padded[1]} of "
            f"in_size {in_size} and padding {padding}; use a smaller kernel_size or more padding"
        )
    if any(more >= k for more, k in zip(padding, kernel, strict=True)):
        raise ValueError(
            f"padding {padding} leaves positions whose whole field of {kernel} lies beyond the "
            "border; use padding below kernel_size"
        )


def checked_field(
    in_channels: int,
    out_channels: int,
    kernel: tuple[int, int],
    channels: int,
    groups: int,
    thresholds: int | None,
) -> Field:
    """What kernels may read.

    Raises:
        ValueError: groups or thresholds that do not divide the channels, or more channels than a
            kernel has to read.
    """
    groups = positive_count("groups", groups)
    channels = positive_count("channels", channels)
    thresholds = 1 if thresholds is None else positive_count("thresholds", thresholds)
    for name, count in {"in_channels": in_channels, "out_channels": out_channels}.items():
        if count % groups:
            raise ValueError(f"groups={groups} does not divide {name}={count}")
    if channels > in_channels // groups:
        raise ValueError(
            f"channels={channels}, but a kernel has {in_channels // groups} input channels to "
            "read; use fewer channels or groups"
        )
    if in_channels % thresholds:
        raise ValueError(
            f"thresholds={thresholds} does not divide in_channels={in_channels}, which are "
            "thresholds times colours"
        )
    return Field(in_channels, kernel, channels, groups, thresholds)


def check_options(
    connections: str | Tensor | ArrayLike, thresholds: int | None, wire_estimator: str | None
) -> None:
    """ValueError for options that the wiring has no use for."""
    name = connections if isinstance(connections, str) else None
    chosen = "given wires" if name is None else f'connections="{name}"'
    if thresholds is not None and name != "local":
        raise ValueError(f'thresholds applies only to connections="local", not to {chosen}')
    if wire_estimator is not None and name != "learned":
        raise ValueError(f'wire_estimator applies only to connections="learned", not to {chosen}')


def _is_whole(value: object) -> bool:
    return hasattr(value, "__index__") and not isinstance(value, bool)
