"""Convolutions by their kernels: the same sums as the flat circuit's, however they are run."""

import re

import numpy as np
import pytest

from gategrad import Model, engine, pack
from gategrad.circuit import Circuit, Convolution, Kernels, Pool, Readout, decide, evaluate_sums
from gategrad.encoding import Thermometer
from gategrad.engine import Route
from gategrad.engine import convolution as choosing
from tests.instruction_sets import KNOWN, WITH_CODE, skip_without
from tests.random_convolutions import random_convolution, random_kernels, small_convolution

BATCHES = [0, 1, 63, 65, 512, 513, 1100]
# By name: the shape of the inputs, and stages.
CASES = {
    "depth 1": ((2, 6, 7), [random_kernels(2, 5)]),
    "depth 2, padding": ((1, 5, 5), [random_kernels(1, 4, padding=(1, 1), depth=2)]),
    "depth 3, stride": ((3, 8, 7), [random_kernels(3, 6, stride=(2, 3), depth=3, padding=(1, 2))]),
    "depth 4": ((2, 4, 9), [random_kernels(2, 7, (3, 2), depth=4, padding=(2, 1), seed=3)]),
    "six inputs": ((2, 5, 5), [random_kernels(2, 4, inputs=6, padding=(0, 1))]),
    "three inputs": ((1, 5, 6), [random_kernels(1, 9, inputs=3, stride=(2, 1))]),
    "pool": ((1, 9, 8), [random_kernels(1, 3, padding=(1, 1), depth=2), Pool((2, 2), (2, 2))]),
    "windows that overlap": ((1, 9, 9), [random_kernels(1, 9, depth=3), Pool((3, 2), (1, 1))]),
    "windows apart": (
        (1, 9, 9),
        [random_kernels(1, 9), Pool((1, 1), (2, 3)), Pool((2, 2), (2, 2))],
    ),
    "pools first": ((2, 8, 8), [Pool((2, 2), (2, 2)), Pool((2, 1), (1, 1)), random_kernels(2, 3)]),
    "several": (
        (3, 12, 10),
        [
            random_kernels(3, 6, padding=(1, 1), depth=3, seed=1),
            Pool((2, 2), (2, 2)),
            random_kernels(6, 8, padding=(1, 1), stride=(2, 1), seed=2),
            random_kernels(8, 4, (1, 2), depth=2, seed=3),
        ],
    ),
    "a line of many": ((1, 1, 200), [random_kernels(1, 2, (1, 5), padding=(0, 4), depth=2)]),
    "a column of many": ((1, 150, 1), [random_kernels(1, 2, (4, 1)), Pool((3, 1), (2, 1))]),
}


@pytest.fixture(params=[*KNOWN, *(f"{isa}:off" for isa in WITH_CODE if isa == "avx512")])
def by_kernels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    """`engine.lower` of a convolution by its kernels, on one instruction set."""
    isa, _, code = request.param.partition(":")
    skip_without(isa)
    monkeypatch.setenv("GATEGRAD_ISA", isa)
    monkeypatch.setenv("GATEGRAD_CODE", code or "on")
    monkeypatch.setenv(choosing.VARIABLE, "kernels")

    def lower(whole: Convolution, encoder: Thermometer | None = None) -> engine.Program:
        program = engine.lower(*whole.flat(), encoder, convolution=whole)
        assert "by their kernels" in program.reason
        return program

    return lower


@pytest.mark.parametrize("name", CASES)
def test_kernels_give_the_sums_of_the_flat_circuit(by_kernels, name: str) -> None:
    shape, stages = CASES[name]
    whole = random_convolution(shape, *stages)
    bits = np.random.default_rng(0).random((600, whole.n_inputs)) < 0.4
    sums = evaluate_sums(*whole.flat(), bits)
    assert len(np.unique(sums, axis=0)) > 1
    program = by_kernels(whole)
    np.testing.assert_array_equal(program.sums(bits), sums)
    np.testing.assert_array_equal(program.sums(pack(bits)), sums)


def test_every_batch_size_and_labels(by_kernels) -> None:
    whole = random_convolution(*_flattened("several"))
    program, flat = by_kernels(whole), whole.flat()
    for n_rows in BATCHES:
        bits = np.random.default_rng(n_rows).random((n_rows, whole.n_inputs)) < 0.5
        sums = evaluate_sums(*flat, bits)
        for threads in (1, 3):
            np.testing.assert_array_equal(program.sums(bits, threads=threads), sums)
        np.testing.assert_array_equal(program.labels(bits), decide(flat[1], sums))
    assert program.route(bits) is Route.KERNELS
    assert program.route(bits[:1]) is Route.POSITIONS


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_rows_behind_an_encoder(by_kernels, dtype: type) -> None:
    rng = np.random.default_rng(1)
    encoder = Thermometer(np.sort(rng.integers(0, 256, (2, 63)) - 0.5, axis=0))
    first = random_kernels(2, 5, padding=(1, 0), depth=2)
    whole = random_convolution((2, 9, 7), first, Pool((2, 2), (2, 2)))
    x = rng.integers(0, 256, (530, 63)).astype(dtype)
    sums = evaluate_sums(*whole.flat(), encoder.encode(x))
    program = by_kernels(whole, encoder)
    np.testing.assert_array_equal(program.sums(x), sums)
    np.testing.assert_array_equal(program.sums(np.asfortranarray(x)), sums)
    if dtype is np.float64:
        x[517, 3] = np.nan
        with pytest.raises(engine.InputError, match="row 517, column 3"):
            program.sums(x)


def test_one_program_in_several_calls_leaves_nothing_behind(by_kernels) -> None:
    """Maps share memory: borders are empty again, whatever was there before."""
    whole = random_convolution(*_flattened("several"))
    program, rng = by_kernels(whole), np.random.default_rng(2)
    for share in (1.0, 0.0, 0.5):
        bits = rng.random((100, whole.n_inputs)) < share
        np.testing.assert_array_equal(program.sums(bits), evaluate_sums(*whole.flat(), bits))


def test_trees_that_are_wires_or_constants(by_kernels) -> None:
    tables = [0x0, 0xF, 0xA, 0xC, 0x5, 0x3]
    leaves = np.array([[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0]])
    whole = random_convolution((1, 4, 5), Kernels(leaves, tables, (3, 2), (1, 1), (2, 1)))
    bits = np.random.default_rng(3).random((70, 20)) < 0.5
    np.testing.assert_array_equal(by_kernels(whole).sums(bits), evaluate_sums(*whole.flat(), bits))


def test_models_choose_by_size_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(choosing.VARIABLE, raising=False)
    circuit, readout, whole = small_convolution()
    size = f"the circuit has {circuit.n_gates} gates, no more than 100,000"
    program = engine.lower(circuit, readout, None, whole)
    assert f"; convolutions run flat, as {size}" in program.reason
    assert program.route(np.zeros((600, 20))) is Route.BLOCKS
    monkeypatch.setattr(choosing, "MOST_FLAT", 0)
    monkeypatch.setattr(choosing, "VALUE_NS", 1000)
    program = engine.lower(circuit, readout, None, whole)
    times = r"run flat, as a block of 512 rows is estimated at \d+ us by kernels and \d+ flat"
    assert re.search(times, program.reason)
    monkeypatch.setattr(choosing, "VALUE_NS", 0)
    model = Model(circuit, readout, convolution=whole)
    program = model.program()
    assert "; convolutions run by their kernels, as a block of 512 rows is" in program.reason
    bits = np.random.default_rng(0).random((600, 20)) < 0.5
    sums = evaluate_sums(circuit, readout, bits)
    np.testing.assert_array_equal(model.sums(bits), sums)
    np.testing.assert_array_equal(model.optimize().sums(bits), sums)
    assert "convolutions" not in engine.lower(circuit, readout).reason


def test_the_variable_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    circuit, readout, whole = small_convolution()
    monkeypatch.setenv(choosing.VARIABLE, "flat")
    program = engine.lower(circuit, readout, convolution=whole)
    assert "convolutions run flat, as GATEGRAD_CONVOLUTION says" in program.reason
    monkeypatch.setenv(choosing.VARIABLE, "on")
    with pytest.raises(ValueError, match="'on' is unknown; known: auto, flat, kernels"):
        engine.lower(circuit, readout, convolution=whole)


def test_borders_that_would_fill_the_memory_run_flat(monkeypatch: pytest.MonkeyPatch) -> None:
    """The maps are small, and what lies around them is not."""
    monkeypatch.setenv(choosing.VARIABLE, "kernels")
    wide = Kernels([[0], [1]], [8], (8000, 1), (18000, 1), (7999, 0))
    stages = [Kernels([[0], [0]], [8], (1, 1)), wide]
    tail = Circuit(600, [], [], np.arange(600) + 2)
    whole = Convolution((1, 1, 600), (*stages,), tail, Readout.identity(600))
    program = engine.lower(*whole.flat(), convolution=whole)
    assert "convolutions run flat, as maps would take more than" in program.reason


def _flattened(name: str) -> tuple:
    shape, stages = CASES[name]
    return shape, *stages
