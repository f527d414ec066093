"""The circuit of a convolution: its trees, once at every position."""

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import N_CONSTANTS, Circuit
from gategrad.nn.layers.conv.layer import LogicConv2d
from gategrad.nn.layers.graph import reachable_entries


def conv_circuit(layer: LogicConv2d) -> Circuit:
    """Gates of every position, level by level; leaves beyond the border are signal 0, false.

    Inputs are pixels, and outputs maps, channel by channel and row by row.
    """
    about = layer.describe()
    pixels, every = layer.pixels().cpu().numpy(), about.out_channels * about.positions
    leaves = np.where(pixels == about.n_in, 0, pixels + N_CONSTANTS)
    signals, fanins, made = leaves.reshape(-1, every), [], N_CONSTANTS + about.n_in
    for level in range(about.depth):
        pins = about.inputs if level == 0 else 2
        fanins.append(_fanin(signals, pins))
        signals = made + np.arange(len(fanins[-1])).reshape(-1, every)
        made += signals.size
    tables = layer.tables().cpu().numpy().astype(np.uint64).repeat(about.positions)
    fanin = np.concatenate(fanins)
    return Circuit(about.n_in, fanin, reachable_entries(fanin, tables), signals.ravel())


def _fanin(signals: NDArray[np.int64], pins: int) -> NDArray[np.int64]:
    """Operands (nodes * trees, pins) of nodes that read signals (nodes * pins, trees)."""
    return signals.reshape(-1, pins, signals.shape[1]).transpose(0, 2, 1).reshape(-1, pins)
