"""The exact way: each neuron of a sparse quantized network as the truth table that it is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from gategrad.circuit import Circuit, Readout, arity, live_gates
from gategrad.distill.errors import DistillError
from gategrad.distill.quantized import MOST_BITS, SparseLayer, SparseQuantized
from gategrad.distill.sparse_training import bits_of_rows
from gategrad.distill.tables import Builder
from gategrad.encoding import Encoder
from gategrad.model import Model

_ROWS_AT_ONCE = 16_384


@dataclass(frozen=True, eq=False)
class Exact:
    """A network as a circuit.

    Attributes:
        model: optimized; its sums are the network's scores times tau, on every row, or with
            don't-cares on every row that was given.
        neurons: of the network.
        luts: gates of the circuit with two to six operands.
        gates: live ones, of two.
    """

    model: Model
    neurons: int
    luts: int
    gates: int


def exact(
    net: SparseQuantized,
    *,
    encoder: Encoder | None = None,
    labels: Sequence[str] | Sequence[int] | None = None,
    rows: ArrayLike | None = None,
) -> Exact:
    """Turn a sparse quantized network into the circuit that it is.

    The table of each neuron is found by trying all patterns of the bits that it reads, at most 16,
    and split into gates of up to six operands.

    Args:
        net: see `sparse_mlp`.
        encoder: to its bits.
        labels: of the classes.
        rows: (n, features) such as those trained on: patterns that no neuron reads on any of them
            are don't-cares, which makes the circuit smaller, and other than the network on rows
            that are none of these. None: equal everywhere.

    Raises:
        DistillError: a network whose neurons read too many bits yet, or rows of another width.
        InputError, EncodingError: rows that are no bits, or none of the encoder's.
    """
    net = net.eval()
    _check_sparse(net)
    n_in = net.layers[0].weight.shape[1]
    builder = Builder(n_in)
    signals = [[2 + i] for i in range(n_in)]
    seen = None if rows is None else _seen(net, _bits(rows, encoder, n_in))
    for i, layer in enumerate(net.layers):
        read = None if seen is None else seen[i]
        signals = [_neuron(builder, layer, n, signals, read) for n in range(len(layer.weight))]
    fanin, table = builder.arrays()
    outputs = [signal for bits in signals for signal in bits]
    circuit = Circuit(n_in, fanin, table, outputs)
    n = sum(layer.weight.shape[0] for layer in net.layers)
    model = Model(circuit, _readout(net), encoder, labels, n).optimize()
    wide = int((arity(model.circuit.fanin) >= 2).sum())
    return Exact(model, n, wide, live_gates(model.circuit))


def _check_sparse(net: SparseQuantized) -> None:
    """A table has a line for each pattern of what a neuron reads."""
    for i, layer in enumerate(net.layers):
        read = ((layer.weights() * layer.mask) != 0).sum(1) * layer.bits_in
        if (most := int(read.max())) > MOST_BITS:
            raise DistillError(
                f"neurons of layer {i} read up to {most} bits; expected {MOST_BITS} at most: call "
                "net.keep(1.0), which leaves each neuron as many as it may read, and train on"
            )


def _bits(rows: ArrayLike, encoder: Encoder | None, n_in: int) -> NDArray[np.uint8]:
    bits = bits_of_rows(rows, encoder)
    if bits.shape[1] != n_in:
        raise DistillError(
            f"rows have {bits.shape[1]} bits and the network reads {n_in}; give the rows and the "
            "encoder that it was trained with"
        )
    return bits


def _readout(net: SparseQuantized) -> Readout:
    last = net.layers[-1]
    k, bits = last.weight.shape[0], last.bits_out
    weight = np.tile(1 << np.arange(bits), k)
    index = np.arange(k * bits)
    scale = np.full(k, 1 / net.tau)
    return Readout("argmax", np.arange(k + 1) * bits, index, weight, np.zeros(k, int), scale,
                   np.zeros(k))  # fmt: skip


def _seen(net: SparseQuantized, bits: NDArray[np.uint8]) -> list[NDArray[np.int64]]:
    """What goes into each layer on the rows."""
    with torch.no_grad():
        parts = [net.codes(part) for part in torch.from_numpy(bits).split(_ROWS_AT_ONCE)]
    behind = [torch.cat(codes).long().numpy() for codes in zip(*parts, strict=True)]
    return [bits.astype(np.int64), *behind[:-1]]


def _neuron(
    builder: Builder,
    layer: SparseLayer,
    neuron: int,
    signals: list[list[int]],
    read: NDArray[np.int64] | None,
) -> list[int]:
    """The signals of a neuron's bits, the lowest first."""
    weights = (layer.weights() * layer.mask).detach().double()[neuron]
    inputs = weights.nonzero()[:, 0]
    # Operands that decide most come last, where tables are split first.
    inputs = inputs[weights[inputs].abs().argsort(stable=True)]
    b = layer.bits_in
    patterns = torch.arange(1 << (len(inputs) * b))[:, None]
    codes = patterns >> (torch.arange(len(inputs)) * b) & layer.most_in
    sums = codes.double() @ weights[inputs]
    made = layer.rounded(sums[:, None], slice(neuron, neuron + 1))[:, 0].long().numpy()
    care = None
    if read is not None:
        shifts = np.arange(len(inputs), dtype=np.int64) * b
        care = np.zeros(len(made), bool)
        care[(read[:, inputs.numpy()] << shifts).sum(1)] = True
    operands = [signal for i in inputs.tolist() for signal in signals[i]]
    return [
        builder.function((made >> bit & 1).astype(bool), operands, care)
        for bit in range(layer.bits_out)
    ]
