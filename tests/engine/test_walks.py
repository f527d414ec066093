"""Few rows of forests, walked: as the numpy engine says, whatever became of the circuit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gategrad as gg
from gategrad import _core, engine
from gategrad.circuit import Circuit, Readout, evaluate_sums
from gategrad.encoding import Splits
from gategrad.trees.integers import to_integers
from gategrad.trees.lower import circuit_of
from tests.strategies import pairs
from tests.trees.random_forests import random_forest

VALUES = np.array([-np.inf, -1.5, -1, -0.5, -0.0, 0, 0.5, 1, 1.5, np.inf])


def model_of(seed: int, *, n_sums: int, vector: bool) -> gg.Model:
    forest = random_forest(seed, n_sums=n_sums, vector=vector)
    return gg.Model(*circuit_of(forest, to_integers(forest, 7)), forest.encoder)


def walked(program: engine.NativeProgram, x: np.ndarray) -> np.ndarray:
    """Sums of all rows in one call, by trees and nothing else."""
    plan = _core.lower_single(program.single_rows.source, program.isa, "trees")
    assert plan.layout == "trees"
    found = np.empty((len(x), program._readout.n_classes), np.int32)
    assert plan.sums(x, found)
    return found


@pytest.mark.parametrize("vector", [False, True])
@pytest.mark.parametrize("n_sums", [1, 3])
def test_forests_are_found_in_their_circuits_and_walked(n_sums: int, vector: bool) -> None:
    rng = np.random.default_rng(0)
    n_found = 0
    for seed in range(8):
        made = model_of(seed, n_sums=n_sums, vector=vector)
        x = rng.choice(np.append(VALUES, np.nan), (40, 4))
        for model in (made, made.optimize()):
            sums = model.sums(x, backend="numpy")
            program = model.program()
            np.testing.assert_array_equal(model.sums(x[:1]), sums[:1])
            np.testing.assert_array_equal(model.predict(x[:1]), model.predict(x)[:1])
            if program.route(x[:1]) is engine.Route.BLOCKS:
                continue
            n_found += 1
            assert program.single_rows.plan().layout == "trees"
            backwards = x[::-1, ::-1].copy()[::-1, ::-1]
            for rows in (x, x.astype(np.float32), np.asfortranarray(x), backwards):
                np.testing.assert_array_equal(walked(program, rows), sums)
    # Of splits that no row comes through, twice the same on one path, some are too odd.
    assert n_found >= 15


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8])
def test_bytes_are_walked_as_numbers(dtype: type) -> None:
    model = model_of(1, n_sums=3, vector=False)
    x = np.random.default_rng(0).integers(0, 2, (30, 4)).astype(dtype)
    found = walked(model.program(), x)
    np.testing.assert_array_equal(found, model.sums(x.astype(float), backend="numpy"))


def test_float32_rows_meet_thresholds_between_two_of_their_numbers() -> None:
    """The cut lies above one float32 and below the next, on either side of their middle."""
    low = np.float32(0.1)
    high = np.nextafter(low, np.float32(1))
    middle = (float(low) + float(high)) / 2
    for least in (float(low), np.nextafter(float(low), 1), middle, float(high)):
        model = gg.Model(
            Circuit(1, [], [], [2]),
            Readout.group_sum(1, 1),
            Splits(np.array([0]), np.array([least]), 1, missing="zero"),
        )
        x = np.array([[low], [high], [np.nan]], np.float32)
        assert walked(model.program(), x)[:, 0].tolist() == (x[:, 0] >= least).tolist()


def test_missing_values_are_refused_where_they_are_none() -> None:
    forest = random_forest(2)
    made = model_of(2, n_sums=1, vector=False)
    used = forest.encoder.least > -np.inf
    splits = Splits(forest.encoder.feature[used], forest.encoder.least[used], 4)
    model = gg.Model(Circuit(splits.n_inputs, [], [], [2]), Readout.group_sum(1, 1), splits)
    x = np.zeros((3, 4), np.float32)
    x[1, 3] = np.nan
    with pytest.raises(ValueError, match=r"row 1, column 3\) is nan; expected a number"):
        model.sums(x)
    plan = _core.lower_single(model.program().single_rows.source, model.program().isa, "trees")
    assert not plan.sums(x, np.empty((3, 1), np.int32))
    assert plan.sums(x[[0, 2]], np.empty((2, 1), np.int32))
    assert made.sums(x).shape == (3, 1)


@settings(max_examples=50, deadline=None)
@given(pair=pairs(max_gates=40, max_width=6), seed=st.integers(0, 99))
def test_any_circuit_is_no_forest_or_walked_rightly(
    pair: tuple[Circuit, Readout], seed: int
) -> None:
    circuit, readout = pair
    n = circuit.n_inputs
    splits = Splits(np.zeros(n, int), np.arange(n) / 2, 1, missing="zero")
    x = np.random.default_rng(seed).uniform(-1, n / 2 + 1, (20, 1))
    x[::7] = np.nan
    program = engine.NativeProgram(circuit, readout, splits)
    if not program.single_rows.plan().most_rows:
        return
    expected = evaluate_sums(circuit, readout, splits.encode(x))
    np.testing.assert_array_equal(walked(program, x), expected)


def test_parities_are_no_forest_and_take_blocks_where_values_may_be_missing() -> None:
    n = 80
    signals = np.arange(2 + n, 2 * n)
    fanin = np.stack([np.append(2, signals), np.arange(3, 2 + n)], axis=1)
    circuit = Circuit(n, fanin, np.full(n - 1, 6), [2 * n])
    readout = Readout.group_sum(1, 1)
    splits = Splits(np.zeros(n, int), np.arange(n) / 2, 1, missing="zero")
    program = engine.NativeProgram(circuit, readout, splits)
    assert program.single_rows.plan().most_rows == 0
    x = np.array([[3.2], [np.nan], [9]])
    assert program.route(x) is engine.Route.BLOCKS
    expected = evaluate_sums(circuit, readout, splits.encode(x))
    np.testing.assert_array_equal(program.sums(x), expected)
    with pytest.raises(ValueError, match="missing values need the layout in trees"):
        _core.lower_single(program.single_rows.source, program.isa, "bytes")
    numbers = Splits(splits.feature, splits.least, 1)
    program = engine.NativeProgram(circuit, readout, numbers)
    with pytest.raises(ValueError, match="the circuit is no forest"):
        _core.lower_single(program.single_rows.source, program.isa, "trees")


def test_a_chain_of_products_as_long_as_the_circuit_needs_no_stack() -> None:
    n, n_inputs = 60_000, 8
    before = np.arange(1 + n_inputs, 1 + n_inputs + n)  # the last input, then gate after gate
    fanin = np.stack([before, 2 + np.arange(n) % n_inputs], axis=1)
    circuit = Circuit(n_inputs, fanin, np.full(n, 8), [1 + n_inputs + n])
    splits = Splits(np.zeros(n_inputs, int), np.arange(n_inputs) / 2, 1, missing="zero")
    program = engine.NativeProgram(circuit, Readout.group_sum(1, 1), splits)
    np.testing.assert_array_equal(program.sums(np.array([[9.0], [1.2]])), [[1], [0]])
