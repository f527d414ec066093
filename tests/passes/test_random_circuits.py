"""Ten thousand random small circuits, exhaustively, and one large network."""

import numpy as np
import pytest

from gategrad.circuit import Circuit, Readout, depth, live_gates, random_difference
from gategrad.passes import optimize
from tests.passes.checks import (
    assert_not_larger,
    assert_reduced,
    assert_same_function,
    random_pair,
)


@pytest.mark.parametrize("width", [2, 3, 4, 6])
def test_2500_small_circuits(width):
    rng = np.random.default_rng(width)
    for _ in range(2500):
        before = random_pair(rng, max_inputs=5, max_gates=12, width=width)
        after = optimize(*before)
        assert_same_function(before, after)
        assert_not_larger(before, after)
        assert_reduced(*after)
        assert optimize(*after) == after


def layered(size: int, n_layers: int, *, n_inputs: int, seed: int) -> tuple[Circuit, Readout]:
    """Layers of random two-input gates, each reading random wires of the layer below."""
    rng = np.random.default_rng(seed)
    fanin, below, n_below = [], 2, n_inputs
    for _ in range(n_layers):
        fanin.append(below + rng.integers(n_below, size=(size, 2)))
        below, n_below = below + n_below, size
    fanin = np.concatenate(fanin)
    outputs = below + np.arange(size)
    circuit = Circuit(n_inputs, fanin, rng.integers(16, size=len(fanin)), outputs)
    return circuit, Readout.group_sum(size, 10)


def test_a_large_network():
    before = layered(4000, 3, n_inputs=784, seed=0)
    after = optimize(*before)
    assert random_difference(before, after, n=256) is None
    assert live_gates(after[0]) == after[0].n_gates < live_gates(before[0])
    assert depth(after[0]) <= 3
    assert_reduced(*after)
    assert optimize(*after) == after
