"""What networks of papers are made of, as data; and the modules that they become."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from gategrad.nn.checks import known_name
from gategrad.nn.layers.conv.layer import LogicConv2d
from gategrad.nn.layers.conv.pool import OrPool2d
from gategrad.nn.layers.dense import LogicDense
from gategrad.nn.layers.sequential import Sequential

# Of LogicTreeNet: k, and the thresholds of a colour that its inputs have.
TREES = {"S": (32, 3), "M": (256, 3), "B": (512, 31), "L": (1024, 31), "G": (2048, 31)}
DIGIT_TREES = {"S": 16, "M": 64, "L": 1024}
# Its tau, as an independent implementation has it; G's is not known.
_TAU = {"S": 20.0, "M": 40.0, "B": 280.0, "L": 340.0}
_DIGIT_TAU = {"S": 6.5, "M": 28.0, "L": 35.0}
# (channels, height, width), and classes.
DATASETS = {
    "mnist": ((1, 28, 28), 10),
    "fashion-mnist": ((1, 28, 28), 10),
    "cifar-10": ((3, 32, 32), 10),
    "cifar-100": ((3, 32, 32), 100),
}
_OF_WIRING = ("candidates", "wire_estimator")
FAMILIES = ("compact-K, such as compact-32", *(f"tree-{size}" for size in TREES))


@dataclass(frozen=True)
class Block:
    """A convolution, and the OR pool behind it.

    Attributes:
        out_channels: of the convolution.
        kernel: side of the receptive field.
        stride: of the convolution.
        padding: of the convolution.
        depth: of the trees.
        channels: that a tree reads, if there are as many.
        pool: side of the windows of the pool; None: there is none.
    """

    out_channels: int
    kernel: int = 3
    stride: int = 1
    padding: int = 1
    depth: int = 1
    channels: int = 1
    pool: int | None = None


@dataclass(frozen=True)
class Architecture:
    """Convolutions, then dense layers of these widths.

    Attributes:
        blocks: convolutions.
        widths: of the dense layers; the last one may grow until the classes divide it.
        levels: thresholds of a colour that the paper has.
        tau: of the sums in the paper, for these widths; None: root of an eighth of a group.
    """

    blocks: tuple[Block, ...]
    widths: tuple[int, ...]
    levels: int
    tau: float | None = None

    def reading(self, channels: int | None) -> "Architecture":
        """With kernels that read so many channels; unchanged where None."""
        if channels is None:
            return self
        return replace(self, blocks=tuple(replace(b, channels=channels) for b in self.blocks))


def compact(k: int) -> Architecture:
    """CompactLogic (arXiv 2602.05830): one gate a channel, strides in the place of pools."""
    blocks = (Block(k, stride=2), Block(k), Block(4 * k, stride=2), Block(4 * k))
    widths = (625_000, 625_000) if k == 256 else (2000 * k, 1000 * k)
    return Architecture(blocks, widths, levels=7 if k >= 256 else 3)


def tree(size: str, *, digits: bool = False) -> Architecture:
    """LogicTreeNet (arXiv 2411.04732): trees of depth 3 over two channels, OR pools of 2x2.

    Args:
        size: "S" to "G", for digits "S", "M" or "L".
        digits: of 28x28 and one colour, for which the first field is 5x5 without padding.
    """
    sizes = DIGIT_TREES if digits else TREES
    known_name("size of LogicTreeNet", size, sizes)
    common = {"depth": 3, "channels": 2, "pool": 2}
    if digits:
        k, levels = DIGIT_TREES[size], 1
        first = Block(k, kernel=5, padding=0, **common)
        blocks = (first, Block(3 * k, **common), Block(9 * k, **common))
    else:
        k, levels = TREES[size]
        blocks = tuple(Block(factor * k, **common) for factor in (1, 4, 16, 32))
    tau = (_DIGIT_TAU if digits else _TAU).get(size)
    return Architecture(blocks, (1280 * k, 640 * k, 320 * k), levels, tau)


def architecture(name: str, image_shape: Sequence[int]) -> Architecture:
    """The architecture of that name for images (channels, height, width).

    Raises:
        ValueError: there is none; lists those that there are.
    """
    found = re.fullmatch(r"compact-([1-9]\d*)", name, re.ASCII)
    if found:
        return compact(int(found[1]))
    size = name.removeprefix("tree-")
    if name.startswith("tree-") and size in TREES:
        return tree(size, digits=tuple(image_shape[1:]) == (28, 28) and size in DIGIT_TREES)
    raise ValueError(f"unknown architecture {name!r}; known: {', '.join(FAMILIES)}")


def layers_of(
    plan: Architecture,
    planes: Sequence[int],
    widths: Sequence[int],
    *,
    connections: tuple[str, str],
    options: Mapping[str, Any],
    generator: torch.Generator,
    thresholds: int | None = None,
    inputs: int | None = None,
) -> list[nn.Module]:
    """The modules of an architecture up to its head, on flat rows of bits.

    Args:
        plan: of the convolutions.
        planes: (thresholds * colours, height, width) of a row.
        widths: of the dense layers.
        connections: of convolutions, and of dense layers.
        options: that `LogicConv2d` and `LogicDense` both take, for all of them; those of learned
            wiring for the layers that learn it.
        generator: of wiring and weights.
        thresholds: levels of each colour, for convolutions that are "local".
        inputs: of the gates of convolutions; None: as in the options.

    Raises:
        ValueError: images too small for the architecture, or what the layers refuse.
    """
    shape = tuple(int(n) for n in planes)
    modules: list[nn.Module] = []
    if plan.blocks:
        modules.append(nn.Unflatten(1, shape))
    for block in plan.blocks:
        conv = LogicConv2d(
            shape[0],
            block.out_channels,
            block.kernel,
            in_size=shape[1:],
            stride=block.stride,
            padding=block.padding,
            depth=block.depth,
            channels=min(block.channels, shape[0]),
            connections=connections[0],
            thresholds=thresholds if connections[0] == "local" else None,
            generator=generator,
            **_of_convolutions(options, connections, inputs),
        )
        modules.append(conv)
        # Channels of gates are no thresholds.
        shape, thresholds = conv.out_shape, None
        if block.pool is not None:
            pool = OrPool2d(block.pool)
            modules.append(pool)
            shape = (shape[0], *pool.out_size(*shape[1:]))
    if plan.blocks:
        modules.append(nn.Flatten())
    width = shape[0] * shape[1] * shape[2]
    for out_dim in widths:
        dense = LogicDense(
            width, out_dim, connections=connections[1], generator=generator, **options
        )
        modules.append(dense)
        width = out_dim
    return modules


def _of_convolutions(
    options: Mapping[str, Any], connections: tuple[str, str], inputs: int | None
) -> Mapping[str, Any]:
    """The options with the inputs, and without those of wiring that dense layers alone learn."""
    own = dict(options) if inputs is None else {**options, "inputs": inputs}
    if connections[0] == "learned" or connections[1] != "learned":
        return own
    return {name: value for name, value in own.items() if name not in _OF_WIRING}


def widths_for(widths: Sequence[int], classes: int) -> tuple[int, ...]:
    """The widths, the last one as much larger as it takes for the classes to divide it."""
    *first, last = widths
    return (*first, -(-last // classes) * classes)


def classes_of(dataset: str) -> int:
    """Classes of a data set of images; ValueError for an unknown one."""
    return DATASETS[known_name("data set", dataset, DATASETS)][1]


def named_network(
    plan: Architecture,
    dataset: str,
    head: nn.Module,
    *,
    levels: int | None,
    widths: Sequence[int] | None,
    options: Mapping[str, Any],
    generator: torch.Generator,
) -> Sequential:
    """A network of a paper for a data set, with random wiring."""
    (colours, *size), classes = DATASETS[dataset]
    planes = (colours * (plan.levels if levels is None else levels), *size)
    widths = widths_for(plan.widths if widths is None else widths, classes)
    connections = ("random", "random")
    made = layers_of(
        plan, planes, widths, connections=connections, options=options, generator=generator
    )
    return Sequential(*made, head)
