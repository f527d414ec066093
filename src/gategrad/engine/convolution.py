"""Whether a circuit runs flat or by its kernels, and the core's plan of the latter."""

import math
import os
from typing import NamedTuple

import numpy as np

from gategrad import _core
from gategrad.circuit import Circuit, Convolution, Kernels, Pool

VARIABLE = "GATEGRAD_CONVOLUTION"
CHOICES = ("auto", "flat", "kernels")
# Circuits of so many gates run flat: there is little to win, and calls of few rows have code of
# their own.
MOST_FLAT = 100_000
# About what a block of 512 rows takes, in nanoseconds: a gate of machine code, and beyond so many
# gates, where there is none; a gate of a kernel at one position, and a value of a map. From
# networks that `python -m benchmarks.conv_circuits` runs both ways, with AVX-512.
CODE_NS, MOST_CODE, GATE_NS = 1.5, 500_000, 3.3
NODE_NS, VALUE_NS = 1.1, 4.0


class Choice(NamedTuple):
    """What runs, and why in words; "" where there is no choice.

    Attributes:
        maps: the core's plan of the kernels; None where the circuit runs flat.
        reason: for the program's `reason`.
    """

    maps: _core.Maps | None
    reason: str


def choose(circuit: Circuit, convolution: Convolution | None) -> Choice:
    """What is estimated to be faster for a large circuit, unless GATEGRAD_CONVOLUTION says.

    Args:
        circuit: the flat circuit.
        convolution: the same by its kernels; None where there is none.

    Raises:
        ValueError: the variable is neither "auto", "flat" nor "kernels".
    """
    wanted = wanted_way()
    if convolution is None:
        return Choice(None, "")
    why = f"{VARIABLE} says"
    if wanted == "auto":
        wanted, why = _faster(circuit, convolution)
    if wanted == "flat":
        return Choice(None, f"; convolutions run flat, as {why}")
    try:
        return Choice(plan(convolution), f"; convolutions run by their kernels, as {why}")
    except ValueError as error:
        return Choice(None, f"; convolutions run flat, as {error}")


def wanted_way() -> str:
    """One of `CHOICES`, as the variable says; ValueError where it says something else."""
    wanted = os.environ.get(VARIABLE) or "auto"
    if wanted not in CHOICES:
        raise ValueError(f"{VARIABLE}={wanted!r} is unknown; known: {', '.join(CHOICES)}")
    return wanted


def _faster(circuit: Circuit, convolution: Convolution) -> tuple[str, str]:
    """One of `CHOICES`, and why."""
    if circuit.n_gates <= MOST_FLAT:
        return "flat", f"the circuit has {circuit.n_gates:,} gates, no more than {MOST_FLAT:,}"
    flat, kernels = _gates_us(circuit), _kernels_us(convolution) + _gates_us(convolution.tail)
    times = f"a block of 512 rows is estimated at {kernels:.0f} us by kernels and {flat:.0f} flat"
    return ("kernels" if kernels < flat else "flat"), times


def _gates_us(circuit: Circuit) -> float:
    ns = CODE_NS if circuit.n_gates <= MOST_CODE else GATE_NS
    return circuit.n_gates * ns / 1000


def _kernels_us(convolution: Convolution) -> float:
    shapes, nodes = convolution.shapes, 0
    for stage, shape in zip(convolution.stages, shapes[1:], strict=True):
        if isinstance(stage, Kernels):
            nodes += len(stage.table) * shape[1] * shape[2]
    return (nodes * NODE_NS + sum(map(math.prod, shapes)) * VALUE_NS) / 1000


def plan(convolution: Convolution) -> _core.Maps:
    """The core's plan of a convolution's stages.

    Raises:
        ValueError: padded maps that would take more than 2**23 blocks of 64 bytes.
    """
    maps = _core.Maps(*convolution.in_shape)
    add_stages(maps, convolution)
    return maps


def add_stages(plan: _core.Maps | _core.Positions, convolution: Convolution) -> None:
    """Hand all stages to a plan of the core; ValueError where it refuses one."""
    for stage in convolution.stages:
        if isinstance(stage, Pool):
            plan.add_pool(stage.size, stage.stride)
        else:
            plan.add_kernels(
                *(stage.leaves, stage.table, stage.kernel_size, stage.stride, stage.padding),
                stage.inputs,
            )


def inputs_as_bits(n_inputs: int) -> tuple[np.ndarray, np.ndarray]:
    """Thresholds that say of a circuit's inputs that they are a row's bits, in their order."""
    return np.arange(n_inputs, dtype=np.uint32), np.full(n_inputs, 0.5)
