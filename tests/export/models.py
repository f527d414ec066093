"""Models for the tests of exporters: small, odd ones, and random ones of every kind."""

import numpy as np

from gategrad import Circuit, Model, Readout
from tests.random_circuits import random_circuit, random_readout

KINDS = {"argmax": 3, "binary": 1, "multilabel": 4, "regression": 2}


def random_model(kind="argmax", *, width=2, n_inputs=12, gates=60, encoder=None, seed=0):
    """Gates of random functions over any earlier signals, constants too, and random weights."""
    n_inputs = n_inputs if encoder is None else encoder.n_inputs
    circuit = random_circuit(n_inputs=n_inputs, n_gates=gates, n_outputs=28, width=width, seed=seed)
    return Model(circuit, random_readout(28, KINDS[kind], kind=kind, seed=seed), encoder)


def odd_models():
    """By name: what an exporter gets wrong first."""
    xor = [[2, 3]], [6]
    argmax = Readout.group_sum
    return {
        "no gates": Model(Circuit(2, np.zeros((0, 0), int), [], [2, 3]), argmax(2, 2)),
        "no input read": Model(Circuit(2, np.zeros((0, 0), int), [], [0, 1]), argmax(2, 2)),
        "constant outputs": Model(Circuit(2, *xor, [0, 1, 4, 1]), argmax(4, 2)),
        "one output many times": Model(Circuit(2, *xor, [4, 4, 4, 2]), argmax(4, 2)),
        "inverted": Model(Circuit(2, [[2, 0], [4, 0]], [1, 1], [4, 5]), argmax(2, 2)),
        "operands repeat": Model(Circuit(2, [[2, 2], [3, 3]], [6, 8], [4, 5]), argmax(2, 2)),
        "operands constant": Model(Circuit(2, [[0, 2], [1, 3]], [14, 8], [4, 5]), argmax(2, 2)),
        "one class": Model(Circuit(2, *xor, [4, 2]), argmax(2, 1)),
        "wires": Model(Circuit(2, [[2, 3], [2, 3]], [10, 12], [4, 5]), argmax(2, 2)),
        "constant gates": Model(Circuit(2, [[2, 3], [2, 3]], [0, 15], [4, 5]), argmax(2, 2)),
        "no terms": Model(
            Circuit(2, *xor, [4]),
            Readout("argmax", [0, 0, 1], [0], [-3], [-1, 2], [1, 1], [0, 0]),
        ),
        "300 outputs a class": Model(
            Circuit(2, *xor, np.random.default_rng(0).integers(0, 5, 600)), argmax(600, 2)
        ),
        "a large weight": Model(
            Circuit(2, *xor, [4, 2, 3]),
            Readout(
                "multilabel", [0, 2, 3], [0, 1, 2], [2**30, -7, 1], [-(2**30), 0], [1, 1], [0, 0]
            ),
        ),
    }


def all_rows(n_inputs):
    """Every row of bits, uint8."""
    return (np.arange(1 << n_inputs)[:, None] >> np.arange(n_inputs) & 1).astype(np.uint8)
