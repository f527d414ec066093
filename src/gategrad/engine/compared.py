"""A circuit behind intervals of numbers: what the core compares instead of the encoder."""

from dataclasses import dataclass

import numpy as np

from gategrad.circuit import Circuit, Netlist, behind
from gategrad.encoding import Encoder, Splits
from gategrad.encoding.comparisons import Comparisons, compare
from gategrad.encoding.intervals import Intervals, number_intervals


@dataclass(frozen=True)
class Compared:
    """A circuit whose encoder is, for rows of numbers, intervals of their columns.

    `what` tells rows of numbers from those whose categories are their places.
    """

    circuit: Circuit
    intervals: Intervals
    n_features: int
    what: str = "numbers"


def compared_of(circuit: Circuit, encoder: Encoder) -> Compared | None:
    """The circuit, where rows of numbers need no more of its encoder than comparisons."""
    # Of splits, missing values make more than intervals: the encoder sees those rows.
    intervals = None if isinstance(encoder, Splits) else number_intervals(encoder)
    return None if intervals is None else Compared(circuit, intervals, encoder.n_features)


def behind_comparisons(compared: Compared) -> tuple[Circuit, Comparisons]:
    """The circuit with a gate before each input that makes its interval of two comparisons."""
    circuit = compared.circuit
    used = np.zeros(circuit.n_inputs, bool)
    used[Netlist(circuit).live_inputs()] = True
    front = compare(compared.intervals, compared.n_features, used=used)
    n = len(front.comparisons.feature)
    return behind(Circuit(n, front.fanin, front.table, front.outputs), circuit), front.comparisons
