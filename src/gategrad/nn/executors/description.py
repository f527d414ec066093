"""What a layer is, for whoever computes it: plain torch, the native core, Triton, `harden`."""

from dataclasses import dataclass
from enum import Enum

from gategrad.nn.gates.weight_kind import WeightKind

__all__ = ["ConvDescription", "LayerDescription", "WeightKind", "WireKind", "positions_along"]


class WireKind(Enum):
    """What the pins of gates read. The values are the native core's numbers."""

    # The wires `indices` (inputs, n_out).
    FIXED = 0
    # The likeliest of `candidates`, (inputs, n_out, candidates); all get a gradient by logits.
    CHOSEN = 1
    # A mixture of `candidates`, by the softmax of their logits.
    MIXED = 2
    # Wires drawn with the functions that read them, (2, n_out, candidates): see `WeightKind.SLOTS`.
    SLOTS = 3


@dataclass(frozen=True, slots=True)
class LayerDescription:
    """A layer as one pass computes it, its arrays apart.

    Attributes:
        n_in: wires that the layer has to read.
        n_out: gates' outputs: `n_gates * positions`.
        inputs: pins of a gate.
        weights: what its weights are.
        wires: what its pins read.
        candidates: of each pin, or slots of each gate; 0 where wires are fixed.
        hard_forward: hard gates forward, soft ones backward.
        grad_factor: on the gradient of the input.
        smoothing: of the operands in the gradient of the input, for tables.
        positions: outputs that share one gate's weights: 1, but for convolutions.
    """

    n_in: int
    n_out: int
    inputs: int
    weights: WeightKind
    wires: WireKind = WireKind.FIXED
    candidates: int = 0
    hard_forward: bool = False
    grad_factor: float = 1.0
    smoothing: float = 0.0
    positions: int = 1

    @property
    def n_gates(self) -> int:
        """Gates with weights of their own."""
        return self.n_out // self.positions

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """Shape of the weights, as `WeightKind` says."""
        if self.weights is WeightKind.LOGITS:
            return self.n_gates, 16
        if self.weights is WeightKind.LIGHT:
            return self.n_gates, 4
        if self.weights is WeightKind.COEFFICIENTS:
            return self.n_gates, 2 if self.hard_forward else 1, 4
        if self.weights is WeightKind.SLOTS:
            return self.n_gates, self.candidates
        return self.n_gates, 1 << self.inputs

    @property
    def wires_shape(self) -> tuple[int, ...]:
        """Shape of the wires or candidates."""
        fixed = self.wires is WireKind.FIXED
        return (self.inputs, self.n_out) if fixed else (self.inputs, self.n_out, self.candidates)

    def check(self, weight_shape: tuple[int, ...], wires_shape: tuple[int, ...]) -> None:
        """ValueError where arrays don't fit the description."""
        given = {"weights": tuple(weight_shape), "wires": tuple(wires_shape)}
        expected = {"weights": self.weight_shape, "wires": self.wires_shape}
        for name, shape in given.items():
            if shape != expected[name]:
                raise ValueError(
                    f"{name} are {shape}; expected {expected[name]} for {self.n_out} gates of "
                    f"{self.inputs} inputs, {self.weights.name}, {self.wires.name}"
                )


@dataclass(frozen=True, slots=True)
class ConvDescription:
    """A convolution as one pass computes it, its arrays apart.

    Every output channel is a tree of gates, the same at every position. Nodes count level by
    level: node n of level 0 reads leaves `inputs * n` to `inputs * n + inputs - 1`, node n of a
    later level reads nodes 2 n and 2 n + 1 of the level before, and the last node is the output.
    The weights of node n of channel c are those of gate `n * out_channels + c`.

    Wires (leaves, out_channels), or candidates (leaves, out_channels, K), are places in the
    receptive field, `(channel * kernel height + dy) * kernel width + dx`. A leaf reads row
    `y * stride - padding + dy` and column `x * stride - padding + dx`, and 0 beyond the border.

    Attributes:
        in_channels: planes of the input.
        height: of the input.
        width: of the input.
        out_channels: trees.
        kernel: height and width of the receptive field.
        stride: rows and columns from one position to the next.
        padding: rows and columns of zeros on each side.
        depth: levels of a tree, 1 to 4.
        weights: what the gates' weights are.
        inputs: of a gate; more than 2 only at depth 1.
        wires: what leaves read.
        candidates: of each leaf; 0 where wires are fixed.
        hard_forward: hard gates forward, soft ones backward.
        grad_factor: on the gradient of the input.
        smoothing: of the operands in the gradient, for tables.
    """

    in_channels: int
    height: int
    width: int
    out_channels: int
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    depth: int
    weights: WeightKind
    inputs: int = 2
    wires: WireKind = WireKind.FIXED
    candidates: int = 0
    hard_forward: bool = False
    grad_factor: float = 1.0
    smoothing: float = 0.0

    @property
    def out_size(self) -> tuple[int, int]:
        """Height and width of the output."""
        sides = zip((self.height, self.width), self.kernel, self.stride, self.padding, strict=True)
        height, width = (positions_along(*side) for side in sides)
        return height, width

    @property
    def positions(self) -> int:
        """Places that every tree is at."""
        return self.out_size[0] * self.out_size[1]

    @property
    def leaves(self) -> int:
        """Wires that a tree reads."""
        return self.inputs << (self.depth - 1)

    @property
    def nodes(self) -> int:
        """Gates of a tree."""
        return (1 << self.depth) - 1

    @property
    def n_gates(self) -> int:
        """Gates with weights of their own."""
        return self.nodes * self.out_channels

    @property
    def n_in(self) -> int:
        """Values of an input image."""
        return self.in_channels * self.height * self.width

    @property
    def n_out(self) -> int:
        """Values of an output image."""
        return self.out_channels * self.positions

    @property
    def field(self) -> int:
        """Places in the receptive field, of all channels."""
        return self.in_channels * self.kernel[0] * self.kernel[1]


def positions_along(size: int, kernel: int, stride: int, padding: int) -> int:
    """Positions of a kernel along one side of an image."""
    return (size + 2 * padding - kernel) // stride + 1
