"""What a layer is, for whoever computes it: plain torch, the native core, Triton, `harden`."""

from dataclasses import dataclass
from enum import Enum

from gategrad.nn.gates.weight_kind import WeightKind

__all__ = ["LayerDescription", "WeightKind", "WireKind"]


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
