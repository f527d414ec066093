"""The numpy engine against the evaluator, exactly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gategrad.circuit import (
    KINDS,
    Circuit,
    CircuitError,
    Netlist,
    Readout,
    all_patterns,
    decide,
    evaluate_sums,
    scores,
)
from gategrad.encoding import OneHot, Thermometer
from gategrad.engine import InputError, NumpyProgram, pack, reference
from gategrad.engine.schedule import schedule
from tests.strategies import pairs

BATCHES = [0, 1, 31, 32, 63, 64, 65, 511, 512, 513, 5000]


def network(rng, *, n_inputs=20, width=2, gates=150, n_outputs=30):
    """A random circuit whose gates read any signal below them, and a readout of ragged rows."""
    signals = 2 + n_inputs + np.arange(gates)
    fanin = rng.integers(0, signals[:, None], (gates, width))
    used = rng.integers(0, width + 1, gates)
    fanin[np.arange(width) >= used[:, None]] = 0
    used = width - np.argmax(fanin[:, ::-1] != 0, axis=1)
    used[~fanin.any(axis=1)] = 0
    table = rng.integers(0, 2**64, gates, np.uint64)
    n_bits = (1 << used).astype(np.uint64)
    table = np.where(
        n_bits < 64, table & ((np.uint64(1) << (n_bits & np.uint64(63))) - np.uint64(1)), table
    )
    outputs = rng.integers(0, signals[-1] + 1, n_outputs)
    counts = [0, 12, 0, n_outputs, 1, 0]
    index = [np.sort(rng.choice(n_outputs, n, replace=False)) for n in counts]
    readout = Readout(
        kind="argmax",
        indptr=np.cumsum([0, *counts]),
        index=np.concatenate(index),
        weight=rng.integers(-5, 6, sum(counts)),
        bias=rng.integers(-9, 10, len(counts)),
        scale=rng.random(len(counts)),
        offset=rng.random(len(counts)),
    )
    return Circuit(n_inputs, fanin, table, outputs), readout


def assert_same_sums(circuit, readout, bits):
    sums = NumpyProgram(circuit, readout).sums(bits)
    assert sums.dtype == np.int32
    assert sums.shape == (len(bits), readout.n_classes)
    np.testing.assert_array_equal(sums, evaluate_sums(circuit, readout, bits))


@given(pairs(max_width=6))
@settings(max_examples=150, deadline=None)
def test_small_circuits_on_every_pattern(pair):
    assert_same_sums(*pair, all_patterns(pair[0].n_inputs))


@pytest.mark.parametrize("n", BATCHES)
def test_batch_sizes(n):
    rng = np.random.default_rng(n)
    circuit, readout = network(rng, width=3)
    assert_same_sums(circuit, readout, rng.random((n, circuit.n_inputs)) < 0.5)


@pytest.mark.parametrize("width", [1, 2, 3, 4, 5, 6])
def test_widths(width):
    rng = np.random.default_rng(width)
    circuit, readout = network(rng, width=width, gates=400)
    assert circuit.width == width
    assert_same_sums(circuit, readout, rng.random((100, circuit.n_inputs)) < 0.5)


def test_no_inputs_no_gates_no_entries():
    empty = Readout("multilabel", [0, 0], [], [], [-7], [1.0], [0.0])
    assert (
        NumpyProgram(Circuit(0, [], [], []), empty).sums(np.zeros((3, 0), bool)).tolist()
        == [[-7]] * 3
    )
    constants = Circuit(1, [], [], [0, 1, 2])
    program = NumpyProgram(constants, Readout.identity(3))
    assert program.sums([[0], [1]]).tolist() == [[0, 1, 0], [0, 1, 1]]


def test_extreme_sums():
    circuit = Circuit(2, [], [], [2, 3])
    readout = Readout("argmax", [0, 2], [0, 1], [2**31 - 1, 2**31 - 1], [-(2**31)], [1.0], [0.0])
    bits = all_patterns(2)
    assert NumpyProgram(circuit, readout).sums(bits)[:, 0].tolist() == [
        -(2**31), -1, -1, 2**31 - 2
    ]  # fmt: skip
    assert_same_sums(circuit, readout, bits)


def test_a_long_chain():
    n = 3000
    fanin = np.stack([np.arange(2, n + 2), np.full(n, 3)], axis=1)
    fanin[0, 0] = 2
    fanin[1:, 0] = np.arange(4, n + 3)
    circuit = Circuit(2, fanin, np.full(n, 6), [n + 3])
    assert_same_sums(circuit, Readout.identity(1), all_patterns(2))


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float32, np.float64, np.int64, np.float16])
@pytest.mark.parametrize(
    "layout",
    [
        np.ascontiguousarray,
        np.asfortranarray,
        lambda x: np.repeat(np.repeat(x, 2, axis=0), 3, axis=1)[::2, ::3],
        lambda x: np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1],
    ],
    ids=["C", "Fortran", "strided", "negative"],
)
def test_dtypes_and_layouts(dtype, layout):
    rng = np.random.default_rng(0)
    circuit, readout = network(rng)
    bits = rng.random((200, circuit.n_inputs)) < 0.5
    sums = NumpyProgram(circuit, readout).sums(layout(bits.astype(dtype)))
    np.testing.assert_array_equal(sums, evaluate_sums(circuit, readout, bits))


def test_chunks_and_threads_change_nothing(monkeypatch):
    rng = np.random.default_rng(1)
    circuit, readout = network(rng, width=4)
    bits = rng.random((1000, circuit.n_inputs)) < 0.5
    program = NumpyProgram(circuit, readout)
    expected = program.sums(bits)
    monkeypatch.setattr(reference, "CHUNK_BYTES", 1)
    monkeypatch.setattr(reference, "STEP_WORDS", 1)
    for threads in (None, 1, 3, np.int64(2)):
        np.testing.assert_array_equal(program.sums(bits, threads=threads), expected)


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "2"])
def test_threads_are_checked(threads):
    program = NumpyProgram(Circuit(1, [], [], [2]), Readout.identity(1))
    with pytest.raises(InputError, match="expected an integer of at least 1, or None"):
        program.sums([[0]], threads=threads)


@pytest.mark.parametrize("kind", KINDS)
def test_labels_are_decisions(kind):
    rng = np.random.default_rng(2)
    circuit, readout = network(rng)
    if kind == "binary":
        readout = Readout(kind, [0, 5], np.arange(5), [1, -2, 3, 1, -1], [-1], [0.5], [2.0])
    else:
        fields = ("indptr", "index", "weight", "bias", "scale", "offset")
        readout = Readout(kind, *(getattr(readout, name) for name in fields))
    bits = rng.random((300, circuit.n_inputs)) < 0.5
    sums = evaluate_sums(circuit, readout, bits)
    labels = NumpyProgram(circuit, readout).labels(bits)
    np.testing.assert_array_equal(labels, decide(readout, sums))
    if kind == "regression":
        np.testing.assert_array_equal(labels, scores(readout, sums))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.int16, np.float16])
def test_thermometer(dtype):
    rng = np.random.default_rng(3)
    x = rng.integers(0, 5, (333, 10)).astype(dtype) / (1 if np.dtype(dtype).kind in "iu" else 8)
    encoder = Thermometer(np.sort(rng.choice(x.ravel(), (2, 10)).astype(np.float64), axis=0))
    circuit, readout = network(rng)
    sums = NumpyProgram(circuit, readout, encoder).sums(x.astype(dtype))
    np.testing.assert_array_equal(sums, evaluate_sums(circuit, readout, encoder.encode(x)))


def test_thresholds_are_compared_in_float64():
    x = np.array([[0.1]], np.float32)
    program = NumpyProgram(
        Circuit(2, [], [], [2, 3]),
        Readout.identity(2),
        Thermometer([[0.1], [np.float64(np.float32(0.1))]]),
    )
    assert program.sums(x).tolist() == [[1, 0]]


def test_encoders_of_categories_see_the_raw_rows():
    x = np.array([["red"], ["blue"], ["red"]], object)
    encoder = OneHot.fit(x)
    circuit = Circuit(2, [], [], [2, 3])
    sums = NumpyProgram(circuit, Readout.identity(2), encoder).sums(x)
    np.testing.assert_array_equal(sums, encoder.encode(x))


def test_nan_is_named_by_its_row_in_the_whole_batch():
    x = np.zeros((5000, 1), np.float32)
    x[4321] = np.nan
    program = NumpyProgram(Circuit(1, [], [], [2]), Readout.identity(1), Thermometer([[0.5]]))
    with pytest.raises(InputError, match="row 4321, column 0"):
        program.sums(x)


@pytest.mark.parametrize("n", BATCHES[:-1])
def test_packed_rows(n):
    rng = np.random.default_rng(n)
    circuit, readout = network(rng)
    bits = rng.random((n, circuit.n_inputs)) < 0.5
    sums = NumpyProgram(circuit, readout).sums(pack(bits))
    np.testing.assert_array_equal(sums, evaluate_sums(circuit, readout, bits))


def test_what_pack_does_not_take():
    with pytest.raises(
        InputError, match=r"bits have shape \(3,\); expected \(rows, inputs\): pass a"
    ):
        pack(np.ones(3, bool))
    with pytest.raises(InputError, match=r"is a list that numpy can't read as an array"):
        pack([[1, 0], [1]])


def test_packed_rows_of_another_width_are_refused():
    program = NumpyProgram(Circuit(1, [], [], [2]), Readout.identity(1))
    with pytest.raises(InputError, match="packed rows have 3 bits; the circuit has 1 inputs"):
        program.sums(pack(np.zeros((5, 3), bool)))


def test_readout_is_checked():
    with pytest.raises(CircuitError, match="reads output 2, but the circuit has 1 outputs"):
        NumpyProgram(Circuit(1, [], [], [2]), Readout.identity(3))


@given(pairs(max_gates=30, max_width=4), st.data())
@settings(max_examples=50, deadline=None)
def test_levels_are_longest_paths(pair, data):
    circuit = pair[0]
    first, expected = 2 + circuit.n_inputs, []
    for operands in circuit.fanin:
        below = [expected[s - first] for s in operands if s >= first]
        expected.append(1 + max(below) if below else 0)
    assert Netlist(circuit).levels.tolist() == [level + 1 for level in expected]
    driven = [s for step in schedule(circuit) for s in step.signals]
    assert sorted(driven) == list(range(first, circuit.n_signals))


def test_program_says_what_it_is():
    program = NumpyProgram(Circuit(1, [], [], [2]), Readout.identity(1))
    assert (program.backend, program.isa) == ("numpy", "numpy")


def test_the_comparison_notices_a_mutation(monkeypatch):
    """Swapped operands of every gate: the tests above can fail."""

    def mutated(circuit):
        return [
            reference.Step(step.operands[::-1], step.table, step.signals)
            for step in schedule(circuit)
        ]

    monkeypatch.setattr(reference, "schedule", mutated)
    rng = np.random.default_rng(4)
    circuit, readout = network(rng)
    with pytest.raises(AssertionError, match="Mismatched elements"):
        assert_same_sums(circuit, readout, rng.random((64, circuit.n_inputs)) < 0.5)


def test_it_is_not_the_evaluator():
    assert not {"evaluate", "evaluate_sums"} & vars(reference).keys()
