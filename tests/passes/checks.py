"""What every pass must do, and the random pairs on which it is checked."""

import numpy as np

from gategrad.circuit import (
    KINDS,
    N_CONSTANTS,
    Circuit,
    Readout,
    arity,
    depth,
    difference,
    live_gates,
    support_size,
)

Pair = tuple[Circuit, Readout]


def random_pair(rng: np.random.Generator, *, max_inputs: int, max_gates: int, width: int) -> Pair:
    """A small circuit of mixed widths and a readout, much faster to draw than by Hypothesis."""
    n_inputs, n_gates = rng.integers(max_inputs + 1), rng.integers(max_gates + 1)
    first_gate = N_CONSTANTS + n_inputs
    fanin = rng.integers(first_gate + np.arange(n_gates)[:, None], size=(n_gates, width))
    fanin[np.arange(width) >= rng.integers(width + 1, size=(n_gates, 1))] = 0
    bits = 1 << arity(fanin)
    table = rng.integers(2**64, size=n_gates, dtype=np.uint64) >> (64 - bits).astype(np.uint64)
    outputs = rng.integers(first_gate + n_gates, size=rng.integers(1, 9))
    circuit = Circuit(n_inputs, fanin, table, outputs)
    return circuit, random_readout(rng, circuit.n_outputs)


def random_readout(rng: np.random.Generator, n_outputs: int) -> Readout:
    """Small weights, zeros among them, and bias; any kind."""
    kind = rng.choice(KINDS)
    n_classes = 1 if kind == "binary" else rng.integers(1, 4)
    used = rng.random((n_classes, n_outputs)) < 0.7
    return Readout(
        kind=str(kind),
        indptr=np.append(0, np.cumsum(used.sum(axis=1))),
        index=np.nonzero(used)[1],
        weight=rng.integers(-2, 4, size=used.sum()),
        bias=rng.integers(-5, 6, size=n_classes),
        scale=np.ones(n_classes),
        offset=np.zeros(n_classes),
    )


def assert_same_function(before: Pair, after: Pair) -> None:
    """Equal sums (on all patterns of up to 12 inputs), and nothing else of the readout changed."""
    counterexample = difference(before, after, n_random=64)
    assert counterexample is None, f"differs on {counterexample}"
    assert before[1].kind == after[1].kind
    np.testing.assert_array_equal(before[1].scale, after[1].scale)
    np.testing.assert_array_equal(before[1].offset, after[1].offset)


def assert_not_larger(before: Pair, after: Pair) -> None:
    """Gates, live gates, width, depth, outputs and readout entries."""
    for size in (
        lambda c, r: c.n_gates,
        lambda c, r: live_gates(c),
        lambda c, r: c.width,
        lambda c, r: depth(c),
        lambda c, r: c.n_outputs,
        lambda c, r: len(r.index),
    ):
        assert size(*after) <= size(*before)


def assert_reduced(circuit: Circuit, readout: Readout) -> None:
    """No constant, wire or inverter, no gate twice, no output or weight without use."""
    n_operands = arity(circuit.fanin)
    np.testing.assert_array_equal(support_size(circuit), n_operands)
    assert (n_operands >= 2).all()
    assert ((circuit.fanin >= N_CONSTANTS).sum(axis=1) == n_operands).all()
    assert not (circuit.table & np.uint64(1)).any()
    two = circuit.fanin[n_operands == 2]
    assert (two[:, :1] < two[:, 1:2]).all()
    functions = {function_of(circuit, gate) for gate in range(circuit.n_gates)}
    assert len(functions) == circuit.n_gates
    assert (np.diff(circuit.outputs.astype(np.int64)) > 0).all()
    assert (circuit.outputs >= N_CONSTANTS).all()
    assert (readout.weight != 0).all()
    assert (np.unique(readout.index) == np.arange(circuit.n_outputs)).all()


Function = tuple[frozenset[int], frozenset[frozenset[int]]]


def function_of(circuit: Circuit, gate: int) -> Function:
    """The operands of `gate`, and which sets of true ones make it true; their order is lost."""
    n_operands = int(arity(circuit.fanin[gate : gate + 1])[0])
    operands, table = circuit.fanin[gate, :n_operands].tolist(), int(circuit.table[gate])
    true_sets = (
        frozenset(signal for j, signal in enumerate(operands) if pattern >> j & 1)
        for pattern in range(1 << n_operands)
        if table >> pattern & 1
    )
    return frozenset(operands), frozenset(true_sets)
