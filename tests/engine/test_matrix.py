"""The differential matrix: both engines on every kind of rows, exactly as the evaluator says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gategrad import engine
from gategrad.circuit import KINDS, Circuit, Readout, decide, evaluate_sums
from gategrad.encoding import Thermometer
from tests.instruction_sets import KNOWN, WITH_CODE, skip_without
from tests.random_circuits import random_circuit, random_readout
from tests.strategies import pairs

BATCHES = [0, 1, 17, 32, 63, 64, 65, 127, 128, 129, 256, 257, 511, 512, 513, 640, 768, 5000]
DTYPES = [np.bool_, np.uint8, np.float32, np.float64]
# Every instruction set; where circuits are machine code, their gates run in kernels with that off.
ENGINES = [
    *(f"native:{isa}" for isa in KNOWN),
    *(f"native:{isa}:off" for isa in WITH_CODE),
    "numpy",
]
LAYOUTS = {
    "C": lambda x: np.ascontiguousarray(x),
    "Fortran": lambda x: np.asfortranarray(x),
    "every other row": lambda x: np.repeat(x, 2, axis=0)[::2],
    "every third column": lambda x: np.repeat(x, 3, axis=1)[:, ::3],
    "reversed": lambda x: np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1],
    "wider rows": lambda x: np.pad(x, ((0, 0), (0, 7)))[:, : x.shape[1]],
}


@pytest.fixture(params=ENGINES)
def lower(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    """`engine.lower` for one engine, and for the native one with one instruction set."""
    backend, isa, code = (*request.param.split(":"), "", "")[:3]
    if isa:
        skip_without(isa)
        monkeypatch.setenv("GATEGRAD_ISA", isa)
    monkeypatch.setenv("GATEGRAD_CODE", code or "on")

    def lower(*args: object) -> engine.Program:
        program = engine.lower(*args, backend=backend)
        assert (program.backend, program.isa) == (backend, isa or "numpy")
        if isa in WITH_CODE:
            assert (program.code_bytes == 0) == (code == "off")
        return program

    return lower


@pytest.mark.parametrize("n_inputs", [5, 64, 100, 131])
@pytest.mark.parametrize("n_rows", BATCHES)
def test_every_batch_size(lower, n_inputs: int, n_rows: int) -> None:
    circuit = random_circuit(n_inputs=n_inputs, n_gates=120, n_outputs=40, seed=n_inputs)
    readout = random_readout(40, 3, seed=n_rows)
    bits = np.random.default_rng(n_rows).random((n_rows, n_inputs)) < 0.5
    program, sums = lower(circuit, readout), evaluate_sums(circuit, readout, bits)
    for threads in (1, 3):
        np.testing.assert_array_equal(program.sums(bits, threads=threads), sums)
        labels = program.labels(bits, threads=threads)
        np.testing.assert_array_equal(labels, decide(readout, sums))
    assert (program.sums(bits).dtype, labels.dtype) == (np.int32, np.int64)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_of_bits(lower, dtype: type, layout: str) -> None:
    rng = np.random.default_rng(0)
    for n_inputs, n_rows in [(70, 600), (9, 65)]:
        circuit = random_circuit(n_inputs=n_inputs, n_gates=80, n_outputs=30, seed=n_inputs)
        readout = random_readout(30, 4, seed=1)
        bits = rng.random((n_rows, n_inputs)) < 0.5
        x = LAYOUTS[layout](bits.astype(dtype))
        sums = evaluate_sums(circuit, readout, bits)
        np.testing.assert_array_equal(lower(circuit, readout).sums(x), sums)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("n_features", [3, 64, 130])
def test_every_layout_behind_an_encoder(lower, dtype: type, layout: str, n_features: int) -> None:
    rng = np.random.default_rng(n_features)
    encoder = Thermometer(_awkward_thresholds(rng, n_features))
    x = _awkward_values(rng, dtype, (530, n_features), encoder.thresholds()[1])
    circuit = random_circuit(n_inputs=encoder.n_inputs, n_gates=150, n_outputs=30, seed=2)
    readout = random_readout(30, 4, seed=1)
    sums = evaluate_sums(circuit, readout, encoder.encode(x))
    program = lower(circuit, readout, encoder)
    np.testing.assert_array_equal(program.sums(LAYOUTS[layout](x)), sums)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("n_rows", [45, 1000])
def test_more_thresholds_than_fit_one_pass(lower, dtype: type, n_rows: int) -> None:
    rng = np.random.default_rng(n_rows)
    encoder = Thermometer(np.sort(rng.choice(256, (20, 130)) - 0.5, axis=0))
    x = rng.integers(0, 256, (n_rows, 130)).astype(dtype)
    circuit = random_circuit(n_inputs=encoder.n_inputs, n_gates=3000, n_outputs=2000, seed=4)
    readout = random_readout(2000, 3, seed=1)
    sums = evaluate_sums(circuit, readout, encoder.encode(x))
    np.testing.assert_array_equal(lower(circuit, readout, encoder).sums(x), sums)


def _awkward_thresholds(rng: np.random.Generator, n_features: int) -> np.ndarray:
    """Thresholds below, between, on and beyond what uint8 and float32 can hold."""
    choices = [-1.0, 0.0, 0.1, 0.5, 1.0, 100.0, 127.5, 254.0, 254.5, 255.0, 1e9, 1 / 3, 1e-50]
    return np.sort(rng.choice(choices, (3, n_features)), axis=0)


def _awkward_values(
    rng: np.random.Generator, dtype: type, shape: tuple[int, int], thresholds: np.ndarray
) -> np.ndarray:
    """Values on, just below and just above the thresholds, and infinities."""
    if dtype is np.bool_:
        return rng.random(shape) < 0.5
    if dtype is np.uint8:
        return rng.choice([0, 1, 2, 99, 100, 101, 127, 128, 253, 254, 255], shape).astype(dtype)
    near = thresholds.astype(dtype)
    near = np.concatenate(
        [near, np.nextafter(near, dtype(-np.inf)), np.nextafter(near, dtype(9e9))]
    )
    return rng.choice(np.concatenate([near, np.array([-np.inf, np.inf], dtype)]), shape)


@pytest.mark.parametrize("width", range(1, 7))
def test_every_gate_width(lower, width: int) -> None:
    circuit = random_circuit(n_inputs=10, n_gates=60, n_outputs=70, width=width, seed=width)
    readout = random_readout(70, 5, seed=width)
    bits = np.random.default_rng(width).random((700, 10)) < 0.5
    sums = evaluate_sums(circuit, readout, bits)
    np.testing.assert_array_equal(lower(circuit, readout).sums(bits), sums)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_decision(lower, kind: str) -> None:
    circuit = random_circuit(n_inputs=10, n_gates=60, n_outputs=40)
    readout = random_readout(40, 1 if kind == "binary" else 37, kind=kind)
    bits = np.random.default_rng(0).random((600, 10)) < 0.5
    labels = lower(circuit, readout).labels(bits)
    expected = decide(readout, evaluate_sums(circuit, readout, bits))
    np.testing.assert_array_equal(labels, expected)
    assert labels.dtype == expected.dtype


@pytest.mark.parametrize("n_classes", [1, 2, 3, 10, 64, 65, 100])
def test_ties_go_to_the_lowest_class(lower, n_classes: int) -> None:
    n_outputs = 2 * n_classes
    circuit = Circuit(4, [], [], np.arange(n_outputs) % 4 + 2)
    readout = Readout.group_sum(n_outputs, n_classes)
    bits = np.random.default_rng(0).random((300, 4)) < 0.5
    sums = evaluate_sums(circuit, readout, bits)
    np.testing.assert_array_equal(lower(circuit, readout).labels(bits), decide(readout, sums))


def test_sums_at_the_ends_of_int32(lower) -> None:
    highest, lowest = 2**31 - 1, -(2**31)
    readout = Readout(
        kind="argmax",
        indptr=[0, 2, 4],
        index=[0, 1, 0, 1],
        weight=[highest - 5, 5, lowest + 7, -7],
        bias=[0, 0],
        scale=[1, 1],
        offset=[0, 0],
    )
    circuit = Circuit(2, [], [], [2, 3])
    sums = lower(circuit, readout).sums(np.array([[1, 1], [0, 1], [1, 0], [0, 0]], bool))
    expected = [[highest, lowest], [5, -7], [highest - 5, lowest + 7], [0, 0]]
    np.testing.assert_array_equal(sums, expected)


@settings(max_examples=60, deadline=None)
@given(pair=pairs(max_gates=24, max_width=6), n_rows=st.integers(0, 140), seed=st.integers(0, 99))
def test_any_circuit(pair: tuple[Circuit, Readout], n_rows: int, seed: int) -> None:
    circuit, readout = pair
    bits = np.random.default_rng(seed).random((n_rows, circuit.n_inputs)) < 0.5
    sums = evaluate_sums(circuit, readout, bits)
    for backend in ("native", "numpy"):
        program = engine.lower(circuit, readout, backend=backend)
        np.testing.assert_array_equal(program.sums(bits), sums)
        np.testing.assert_array_equal(program.sums(engine.pack(bits)), sums)
        np.testing.assert_array_equal(program.labels(bits), decide(readout, sums))
