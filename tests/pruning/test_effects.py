"""Estimates are what changes really do, where they claim to be exact."""

import numpy as np
import pytest

from gategrad import Circuit, Readout
from gategrad.circuit import evaluate_sums
from gategrad.pruning.changes import Changes, costs, removals
from gategrad.pruning.effects import effects
from gategrad.pruning.losses import derivatives, loss
from gategrad.pruning.rows import Rows
from gategrad.pruning.state import State
from tests.export.models import KINDS
from tests.pruning.models import layered_model


def _tree(n_classes: int, *, seed: int) -> Circuit:
    """Gates that are read once each: what one does reaches the sums on one path."""
    rng = np.random.default_rng(seed)
    n_inputs, leaves = 4 * n_classes, np.arange(4 * n_classes) + 2
    first = rng.permutation(leaves).reshape(-1, 2)
    second = (np.arange(2 * n_classes) + 2 + n_inputs).reshape(-1, 2)
    tables = rng.choice([1, 2, 4, 6, 7, 8, 9, 11, 13, 14], 3 * n_classes)
    outputs = np.arange(n_classes) + 2 + n_inputs + 2 * n_classes
    return Circuit(n_inputs, np.concatenate([first, second]), tables, outputs)


def _squares(n_classes: int) -> Readout:
    ones = np.ones(n_classes)
    row = np.arange(n_classes + 1), np.arange(n_classes), np.full(n_classes, 3)
    return Readout("regression", *row, np.zeros(n_classes, int), 0.5 * ones, ones)


@pytest.mark.parametrize("n_rows", [1, 31, 32, 77])
def test_every_table_of_every_gate_of_a_tree_is_exact_for_squared_errors(n_rows: int) -> None:
    circuit, readout = _tree(3, seed=n_rows), _squares(3)
    rng = np.random.default_rng(0)
    bits, targets = rng.random((n_rows, 12)) < 0.5, rng.standard_normal((n_rows, 3))
    sums = evaluate_sums(circuit, readout, bits)
    found = costs(circuit, effects(circuit, readout, bits, sums, targets))
    before = loss(readout, sums, targets)
    for gate in range(circuit.n_gates):
        for table in range(16):
            change = Changes(np.array([gate]), np.array([table]), np.ones(1))
            after = evaluate_sums(change.apply(circuit), readout, bits)
            estimate = found.slope[gate, table] + found.curve[gate, table]
            wanted = loss(readout, after, targets) - before
            assert estimate == pytest.approx(wanted, abs=1e-4), (gate, table)


@pytest.mark.parametrize("kind", KINDS)
def test_derivatives_are_those_of_the_loss(kind: str) -> None:
    readout = layered_model(kind).readout
    rng = np.random.default_rng(1)
    n, c = 5, readout.n_classes
    sums = rng.normal(size=(n, c))
    targets = {
        "argmax": rng.integers(0, c, n),
        "binary": rng.integers(0, 2, n),
        "multilabel": rng.integers(0, 2, (n, c)),
        "regression": rng.normal(size=(n, c)),
    }[kind]
    slope, curve = derivatives(readout, sums.T, targets)
    step = 1e-4
    for row, column in ((0, 0), (3, c - 1)):
        values = []
        for sign in (-1, 0, 1):
            moved = sums.copy()
            moved[row, column] += sign * step
            values.append(n * loss(readout, moved, targets))
        low, middle, high = values
        assert slope[column, row] == pytest.approx((high - low) / (2 * step), rel=1e-3, abs=1e-5)
        second = (high - 2 * middle + low) / step**2
        assert curve[column, row] == pytest.approx(second, rel=2e-2, abs=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_changed_circuits_are_those_whose_gates_were_forced(kind: str) -> None:
    """Folding and the shifted sums lose nothing: the evaluator with the same tables agrees."""
    state = State.of(layered_model(kind, seed=3))
    rng = np.random.default_rng(0)
    gates = rng.permutation(state.n_gates)[:20]
    changes = Changes(gates, rng.choice([0, 15, 10, 5, 12, 3], 20), np.ones(20))
    c = state.readout.n_classes
    targets = rng.integers(0, 2, (70, c)) if kind in ("multilabel", "regression") else (
        rng.integers(0, max(2, c), 70))  # fmt: skip
    bits = rng.random((70, state.circuit.n_inputs)) < 0.5
    after = state.after(changes, Rows(bits, targets))
    forced = evaluate_sums(changes.apply(state.circuit), state.readout, bits)
    made = evaluate_sums(after.circuit, after.readout, bits)
    shift = made - forced
    assert (shift == shift[0]).all()  # of the bias alone
    assert after.n_gates < state.n_gates


def test_a_removal_is_priced_by_all_the_gates_that_go_with_it() -> None:
    # Inputs 2, 3, 4; gate 5 is read by gate 6 alone, which is an output.
    circuit = Circuit(3, [[2, 3], [5, 4]], [6, 8], [6])
    readout = Readout("binary", [0, 1], [0], [1], [0], [1.0], [0.0])
    bits = (np.arange(8)[:, None] >> np.arange(3) & 1).astype(bool)
    sums = evaluate_sums(circuit, readout, bits)
    found = costs(circuit, effects(circuit, readout, bits, sums, np.zeros(8, int)))
    assert found.saved[1, [0, 15]].tolist() == [2, 2]  # constants: both gates
    assert found.saved[1, [10, 5]].tolist() == [1, 1]  # a wire to gate 5, which stays
    assert found.saved[1, [12, 3]].tolist() == [2, 2]  # a wire to an input
    assert found.saved[0, [0, 10, 12]].tolist() == [1, 1, 1]
    assert removals(found).saving(2).gates.tolist()[0] in (0, 1)
