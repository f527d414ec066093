"""Random circuits and readouts of a given size, from a seed: for tests that want many gates."""

import numpy as np

from gategrad.circuit import N_CONSTANTS, Circuit, Readout


def random_circuit(
    *, n_inputs: int, n_gates: int, n_outputs: int, width: int = 2, seed: int = 0
) -> Circuit:
    """Gates over any earlier signals, constants included, with any tables."""
    rng = np.random.default_rng(seed)
    own = np.arange(n_gates)[:, None] + N_CONSTANTS + n_inputs
    fanin = (rng.random((n_gates, width)) * own).astype(np.int64)
    fanin[:, -1] = np.maximum(fanin[:, -1], 1)
    highest = 2 ** (1 << width) - 1
    table = rng.integers(0, highest, n_gates, dtype=np.uint64, endpoint=True)
    n_signals = N_CONSTANTS + n_inputs + n_gates
    return Circuit(n_inputs, fanin, table, rng.integers(0, n_signals, n_outputs))


def random_readout(
    n_outputs: int, n_classes: int, *, kind: str = "argmax", seed: int = 0
) -> Readout:
    """Weights of many sizes and both signs, zeros included, over a random half of the outputs."""
    rng = np.random.default_rng(seed)
    used = rng.random((n_classes, n_outputs)) < 0.5
    row, index = np.nonzero(used)
    sizes = rng.choice([0, 1, 1, 1, 2, 3, 5, 100, 70_000], len(row))
    return Readout(
        kind=kind,
        indptr=np.concatenate([[0], np.cumsum(used.sum(axis=1))]),
        index=index,
        weight=sizes * rng.choice([-1, 1], len(row)),
        bias=rng.integers(-300, 300, n_classes),
        scale=rng.random(n_classes).astype(np.float32) + 0.5,
        offset=rng.standard_normal(n_classes).astype(np.float32),
    )
