"""A circuit by its kernels: trees of gates that are the same everywhere, pools, and the rest.

It is a second form of a model's circuit and readout, with the same sums; `flat` makes a circuit of
it again, and so defines what it computes.
"""

import math
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit.compose import behind
from gategrad.circuit.errors import CircuitError
from gategrad.circuit.ir import Circuit
from gategrad.circuit.kernels import Kernels, Pool, Shape, sizes
from gategrad.circuit.readout import Readout, check_pair

# Values of all maps, of which an engine keeps 512 bits each: 1 GiB.
MOST_VALUES = 1 << 24

Stage = Kernels | Pool


@dataclass(frozen=True, eq=False)
class Convolution:
    """Convolutions and pools, then gates and sums that read the last maps.

    Args:
        in_shape: (channels, height, width) of the inputs, channel by channel and row by row.
        stages: at least one, each reading what the one before it makes.
        tail: a circuit whose inputs are the last maps, channel by channel and row by row.
        readout: sums over the outputs of `tail`.

    Raises:
        CircuitError: parts that do not fit each other, or maps of more than 2**24 values.
    """

    in_shape: Shape
    stages: tuple[Stage, ...]
    tail: Circuit
    readout: Readout

    def __post_init__(self) -> None:
        object.__setattr__(self, "in_shape", sizes("in_shape", self.in_shape, 3))
        object.__setattr__(self, "stages", tuple(self.stages))
        if not self.stages:
            raise CircuitError("a convolution has no stages; expected at least one")
        shapes = self.shapes
        if math.prod(shapes[-1]) != self.tail.n_inputs:
            raise CircuitError(
                f"the last maps have shape {shapes[-1]}, but the circuit behind them reads "
                f"{self.tail.n_inputs} values"
            )
        check_pair(self.tail, self.readout)

    @property
    def n_inputs(self) -> int:
        """Inputs of the flat circuit."""
        return math.prod(self.in_shape)

    @property
    def shapes(self) -> list[Shape]:
        """(channels, height, width) of the inputs, and of what each stage makes."""
        shapes, n_values = [self.in_shape], math.prod(self.in_shape)
        for stage in self.stages:
            shapes.append(stage.out_shape(shapes[-1]))
            n_values += math.prod(shapes[-1])
            if n_values > MOST_VALUES:
                raise CircuitError(f"maps have {n_values:,} values; at most 2**24 are possible")
        return shapes

    def flat(self) -> tuple[Circuit, Readout]:
        """The circuit that has the gates of every position, and its readout."""
        parts = [
            stage.circuit(shape) for stage, shape in zip(self.stages, self.shapes, strict=False)
        ]
        return reduce(behind, [*parts, self.tail]), self.readout

    def __eq__(self, other: object) -> bool:
        """Same shapes, kernels, pools, tail and readout, element by element."""
        if not isinstance(other, Convolution):
            return NotImplemented
        return _state(self) == _state(other) and all(
            np.array_equal(mine, theirs)
            for mine, theirs in zip(_arrays(self), _arrays(other), strict=True)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """Sizes only."""
        return (
            f"Convolution(in_shape={self.in_shape}, stages={len(self.stages)}, "
            f"tail_gates={self.tail.n_gates})"
        )


def _state(whole: Convolution) -> list:
    """All of a convolution that is no array."""
    geometry = [
        stage
        if isinstance(stage, Pool)
        else (stage.kernel_size, stage.stride, stage.padding, stage.depth, stage.inputs)
        for stage in whole.stages
    ]
    return [whole.in_shape, geometry, whole.tail, whole.readout]


def _arrays(whole: Convolution) -> list[NDArray]:
    kernels = [stage for stage in whole.stages if isinstance(stage, Kernels)]
    return [array for stage in kernels for array in (stage.leaves, stage.table)]
