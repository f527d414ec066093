"""Models of two layers of random gates, all of which do something."""

import numpy as np

from gategrad import Circuit, Model, Readout
from tests.export.models import KINDS


def layered_model(kind="argmax", *, width=2, n_inputs=12, gates=60, encoder=None, seed=0) -> Model:
    """Two layers of `gates` gates each; every class sums its share of the last one."""
    rng = np.random.default_rng(seed)
    n_inputs = n_inputs if encoder is None else encoder.n_inputs
    fanin, first, n = [], 2, n_inputs
    for _ in range(2):
        fanin += [first + rng.choice(n, width, replace=False) for _ in range(gates)]
        first, n = 2 + n_inputs, gates
    # And, or, exclusive or of the operands, and their inverses.
    full = (1 << (1 << width)) - 1
    parity = sum(1 << i for i in range(1 << width) if i.bit_count() % 2)
    tables = rng.choice([1 << ((1 << width) - 1), full - 1, parity, 1, full ^ parity], 2 * gates)
    outputs = np.arange(gates) + 2 + n_inputs + gates
    circuit = Circuit(n_inputs, np.array(fanin), tables.astype(np.uint64), outputs)
    return Model(circuit, _readout(kind, gates), encoder)


def _readout(kind: str, n_outputs: int) -> Readout:
    c = KINDS[kind]
    share = n_outputs // c
    return Readout(kind, np.arange(c + 1) * share, np.arange(c * share), np.ones(c * share, int),
                   np.full(c, -share // 2), np.full(c, 0.25), np.zeros(c))  # fmt: skip
