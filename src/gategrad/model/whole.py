"""All that a model consists of, where `live_gates` is the circuit alone."""

from typing import NamedTuple

import numpy as np

from gategrad.circuit import Circuit, Netlist, Readout, adders, live_gates
from gategrad.encoding import Encoder, compare, number_intervals


class WholeCount(NamedTuple):
    """What a model would take as a circuit of its own, encoder and sums included.

    Attributes:
        gates: live gates of the circuit, see `gategrad.circuit.live_gates`.
        adders: full and half adders that sum the outputs, see `gategrad.circuit.adders`; the
            decision on the sums, such as which is largest, comes on top.
        comparators: different comparisons of a feature with a number, or with a text, that turn
            rows into the bits that something reads; 0 where rows are bits.
    """

    gates: int
    adders: int
    comparators: int


def whole_count(circuit: Circuit, readout: Readout, encoder: Encoder | None) -> WholeCount:
    """Count the parts of a model; call it on an optimized one, as for `live_gates`."""
    return WholeCount(live_gates(circuit), adders(readout), _comparators(circuit, readout, encoder))


def _comparators(circuit: Circuit, readout: Readout, encoder: Encoder | None) -> int:
    if encoder is None:
        return 0
    read = Netlist(circuit).live_inputs(circuit.outputs[readout.index])
    intervals = number_intervals(encoder)
    if intervals is None:
        # Categories that are text among others: one comparison a bit.
        return len(read)
    used = np.zeros(circuit.n_inputs, bool)
    used[read] = True
    comparisons = compare(intervals, encoder.n_features, used=used).comparisons
    return len(comparisons.feature)
