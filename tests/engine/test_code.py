"""Circuits as machine code: the shapes that its registers, counters and slots must bear."""

import numpy as np
import pytest

from gategrad import engine
from gategrad.circuit import Circuit, Readout, evaluate_sums
from tests.instruction_sets import WITH_CODE, skip_without
from tests.random_circuits import random_circuit, random_readout

AND, NOT, XOR, NAND = 0x8, 0x1, 0x6, 0x7

if not WITH_CODE:
    pytest.skip("there is machine code for x86-64 alone", allow_module_level=True)


def assert_code_agrees(circuit: Circuit, readout: Readout, n_rows: int = 600) -> None:
    """The code's sums are the definition's; more rows than a block, in parts."""
    program = engine.lower(circuit, readout, backend="native")
    assert program.code_bytes > 0
    bits = np.random.default_rng(0).random((n_rows, circuit.n_inputs)) < 0.5
    expected = evaluate_sums(circuit, readout, bits)
    np.testing.assert_array_equal(program.sums(bits, threads=1), expected)
    np.testing.assert_array_equal(program.sums(bits, threads=2), expected)


@pytest.fixture(autouse=True, params=WITH_CODE)
def with_code(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    skip_without(request.param)
    monkeypatch.setenv("GATEGRAD_ISA", request.param)
    monkeypatch.delenv("GATEGRAD_CODE", raising=False)
    return request.param


@pytest.mark.parametrize("seed", range(60))
def test_random_circuits(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n_inputs, n_gates, n_outputs = (int(rng.integers(low, 300)) for low in (1, 0, 1))
    width, classes = int(rng.integers(1, 4)), int(rng.integers(1, 6))
    circuit = random_circuit(
        n_inputs=n_inputs, n_gates=n_gates, n_outputs=n_outputs, width=width, seed=seed
    )
    assert_code_agrees(circuit, random_readout(n_outputs, classes, seed=seed), 513)


def test_a_counter_with_more_levels_than_registers() -> None:
    """5,000 outputs of one class: levels up to 12, of which 9 are in registers."""
    circuit = random_circuit(n_inputs=40, n_gates=5000, n_outputs=5000, seed=1)
    assert_code_agrees(circuit, Readout.group_sum(5000, 1))


def test_slots_that_no_base_register_reaches() -> None:
    """6,000 inputs, all of them in use at once: more than ten registers with near offsets."""
    pairs = np.stack([np.arange(6000), np.roll(np.arange(6000), 1)], axis=1) + 2
    circuit = Circuit(6000, pairs, np.full(6000, XOR), 6002 + np.arange(6000))
    assert_code_agrees(circuit, Readout.group_sum(6000, 10), 70)


def test_a_tree_that_takes_more_registers_than_there_are() -> None:
    """A balanced tree of 2,048 leaves, every gate with one reader."""
    n_inputs, fanin, below = 2048, [], np.arange(2048) + 2
    while len(below) > 1:
        own = 2 + n_inputs + len(fanin) + np.arange(len(below) // 2)
        fanin += below.reshape(-1, 2).tolist()
        below = own
    tables = np.where(np.arange(len(fanin)) % 3 == 0, NAND, XOR)
    circuit = Circuit(n_inputs, fanin, tables, below)
    assert_code_agrees(circuit, Readout.identity(1), 100)


def test_a_chain_with_one_reader_a_gate() -> None:
    """20,000 gates deep: cones are cut, and nothing recurses over all of it."""
    n, signals = 20_000, 4 + np.arange(20_000)
    previous = np.concatenate([[2], signals[:-1]])
    fanin = np.stack([previous, np.full(n, 3)], axis=1)
    circuit = Circuit(2, fanin, np.where(np.arange(n) % 7 == 0, XOR, NAND), signals[-1:])
    assert_code_agrees(circuit, Readout.identity(1), 70)


def test_chains_of_inverters_fold_into_what_reads_them() -> None:
    fanin = [[2, 0], [4, 0], [5, 3], [6, 0], [7, 0], [8, 0], [6, 9]]
    circuit = Circuit(2, fanin, [NOT, NOT, AND, NOT, NOT, NOT, XOR], [9, 8, 10, 4])
    assert_code_agrees(circuit, random_readout(4, 3, seed=2), 65)


def test_constants_inputs_and_no_gates_at_all() -> None:
    circuit = Circuit(3, [], [], [0, 1, 2, 4, 1])
    for seed in range(5):
        assert_code_agrees(circuit, random_readout(5, 2, seed=seed), 66)


def test_turned_off_the_gates_run_in_kernels(
    monkeypatch: pytest.MonkeyPatch, with_code: str
) -> None:
    monkeypatch.setenv("GATEGRAD_CODE", "off")
    circuit, readout = random_circuit(n_inputs=9, n_gates=50, n_outputs=9), Readout.group_sum(9, 3)
    program = engine.lower(circuit, readout, backend="native")
    assert (program.isa, program.code_bytes) == (with_code, 0)


def test_what_few_rows_take_is_made_when_they_come(monkeypatch) -> None:
    made = []
    lower = engine.NativeProgram._make_few
    monkeypatch.setattr(
        engine.NativeProgram, "_make_few", lambda self: (made.append(1), lower(self))
    )
    circuit = random_circuit(n_inputs=40, n_gates=300, n_outputs=40)
    program = engine.NativeProgram(circuit, random_readout(40, 4))
    bits = np.random.default_rng(0).random((2_000, 40)) < 0.5
    sums = program.sums(bits)
    assert not made
    for n_rows in (100, 30, 256):
        np.testing.assert_array_equal(program.sums(bits[:n_rows]), sums[:n_rows])
        np.testing.assert_array_equal(program.sums(engine.pack(bits[:n_rows])), sums[:n_rows])
    assert made == [1]
