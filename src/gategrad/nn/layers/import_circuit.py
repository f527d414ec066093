"""The way back from a circuit to a trainable module, for fine-tuning."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import nn

from gategrad.circuit import N_CONSTANTS, Circuit, Readout, check_pair, decompose, gate_levels
from gategrad.encoding import Thermometer as Encoder
from gategrad.nn.checks import known_name
from gategrad.nn.gates.options import ESTIMATORS, NAMES
from gategrad.nn.gates.parametrization import TABLES
from gategrad.nn.gates.parametrization.base import check_strength
from gategrad.nn.layers.graph import LogicGraph, gates_from_tables, gates_of_width
from gategrad.nn.layers.group_sum import GroupSum
from gategrad.nn.layers.thermometer import Thermometer
from gategrad.nn.layers.weighted_sum import WeightedSum


class HasCircuit(Protocol):
    """Anything with a circuit and its readout, such as `gategrad.Model`."""

    @property
    def circuit(self) -> Circuit:
        """The gates."""

    @property
    def readout(self) -> Readout:
        """The scores."""


def from_circuit(
    model: HasCircuit,
    *,
    parametrization: str = "raw",
    estimator: str = "soft",
    strength: float = 0.95,
    encoder: bool = False,
) -> nn.Sequential:
    """A trainable network with the wiring of a circuit and its tables as initial weights.

    In `.eval()` its scores on bits equal `model.scores`. A circuit whose every level reads only the
    level before, and whose outputs are the last level in order, becomes `LogicDense` layers; any
    other one a `LogicGraph`. A readout that is a group sum becomes a `GroupSum`, any other one a
    `WeightedSum`, which is fixed. Gates with more than two inputs keep them where the
    parametrization is of table entries ("light", "light-sigmoid", "walsh", "dwn"), and all gates
    then have as many as the widest; for all others they are decomposed first. The model's
    encoder stays outside and the network takes the encoded bits, unless `encoder` is true.

    Args:
        model: has `.circuit` and `.readout`.
        parametrization: by name, as for `LogicDense`.
        estimator: as for `LogicDense`.
        strength: how sure each relaxed gate is of its table at the start, in (0.5, 1): the softmax
            share of the function for "raw", the entry of a 1 for "light". Closer to 1 is closer to
            the circuit and learns more slowly.
        encoder: begin with the model's thermometer, as a fixed `Thermometer`: the network takes raw
            features, and `gategrad.discretize` gives the model its encoder back.

    Raises:
        TypeError: `model` lacks a circuit or a readout, or with `encoder` a thermometer.
        ValueError: an unknown name, or strength outside (0.5, 1).
        CircuitError: circuit and readout do not fit together.
    """
    known_name("parametrization", parametrization, NAMES)
    known_name("estimator", estimator, ESTIMATORS)
    check_strength(strength)
    if not (hasattr(model, "circuit") and hasattr(model, "readout")):
        raise TypeError(
            f"from_circuit takes a gategrad.Model, got {type(model).__name__}; "
            "a bare circuit becomes one by gategrad.Model(circuit, readout)"
        )
    check_pair(model.circuit, model.readout)
    circuit = model.circuit
    if circuit.width > 2 and parametrization not in TABLES:
        circuit = decompose(circuit)
    inputs = max(2, circuit.width)
    fanin, tables = gates_of_width(circuit, inputs)
    layers = _layers(circuit, fanin)
    options = {"parametrization": parametrization, "estimator": estimator, "strength": strength}
    if layers is None:
        body = [LogicGraph(circuit, inputs=inputs, **options)]
    else:
        body = [
            gates_from_tables(width, pins, tables[gates], **options)
            for width, pins, gates in layers
        ]
    first = [_thermometer(model)] if encoder else []
    return nn.Sequential(*first, *body, _head(model.readout, circuit.n_outputs))


def _thermometer(model: HasCircuit) -> Thermometer:
    found = getattr(model, "encoder", None)
    if not isinstance(found, Encoder):
        raise TypeError(
            f"encoder=True needs a model whose encoder is a gategrad.encoding.Thermometer, got "
            f"{type(found).__name__}; leave it out, and encode the rows before the network"
        )
    return Thermometer(found)


def _layers(
    circuit: Circuit, fanin: NDArray[np.int64]
) -> list[tuple[int, NDArray[np.int64], slice]] | None:
    """Input width, wires (inputs, n) and gates of each layer; None if the circuit is no stack."""
    levels = gate_levels(circuit)
    if not len(levels) or (np.diff(levels) < 0).any():
        return None
    ends = np.cumsum(np.bincount(levels)[1:])
    below, width, start, layers = N_CONSTANTS, circuit.n_inputs, 0, []
    for end in ends.tolist():
        pins = fanin[start:end].T - below
        if (pins < 0).any() or (pins >= width).any():
            return None
        layers.append((width, pins, slice(start, end)))
        below, width, start = N_CONSTANTS + circuit.n_inputs + start, end - start, end
    return layers if np.array_equal(circuit.outputs, below + np.arange(width)) else None


def _head(readout: Readout, n_outputs: int) -> nn.Module:
    if _is_group_sum(readout, n_outputs):
        return GroupSum(readout.n_classes, tau=1.0 / float(readout.scale[0]))
    return WeightedSum(readout, n_outputs)


def _is_group_sum(readout: Readout, n_outputs: int) -> bool:
    k = readout.n_classes
    if readout.kind != "argmax" or k == 0 or n_outputs == 0 or n_outputs % k:
        return False
    scale = float(readout.scale[0])
    if not 0.0 < scale < np.inf:
        return False
    plain = Readout.group_sum(n_outputs, k, tau=1.0 / scale)
    names = ("indptr", "index", "weight", "bias", "scale", "offset")
    return all(np.array_equal(getattr(readout, n), getattr(plain, n)) for n in names)
