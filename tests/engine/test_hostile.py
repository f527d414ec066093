"""Circuits made to cost much: lowering and running take no more than a multiple of their size.

Every circuit here passes the checks of a file. Work is counted, not timed.
"""

import subprocess
import sys

import numpy as np
import pytest

from gategrad import _core, engine
from gategrad.circuit import Circuit, Readout, evaluate_sums
from gategrad.engine import isa
from tests.instruction_sets import KNOWN, skip_without

CODED = [name for name in isa.WITH_CODE if name in _core.isas()]
XOR = 0x6
# Gates considered for each one that is ordered: 64 readers of each of 8 values.
MOST_LOOKS = 512


@pytest.fixture(params=KNOWN)
def lower(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    skip_without(request.param)
    monkeypatch.setenv("GATEGRAD_ISA", request.param)
    monkeypatch.delenv("GATEGRAD_CODE", raising=False)
    return engine.lower


def assert_agrees(program: engine.NativeProgram, circuit: Circuit, readout: Readout) -> None:
    """A few rows, and more than a block of them."""
    bits = np.random.default_rng(0).random((515, circuit.n_inputs)) < 0.5
    sums = evaluate_sums(circuit, readout, bits)
    np.testing.assert_array_equal(program.sums(bits), sums)
    np.testing.assert_array_equal(program.sums(bits[:2]), sums[:2])


def one_class(weights: np.ndarray) -> Readout:
    n = len(weights)
    return Readout(
        kind="argmax", indptr=[0, n], index=np.arange(n), weight=weights, bias=[0], scale=[1],
        offset=[0],
    )  # fmt: skip


def hub(n_gates: int) -> tuple[Circuit, Readout]:
    """Every gate reads input 0 and one of many others, and is stored, as it is read twice."""
    fanin = np.stack([np.full(n_gates, 2), 3 + np.arange(n_gates) % (n_gates // 4)], axis=1)
    outputs = 3 + n_gates // 4 + np.arange(n_gates)
    circuit = Circuit(1 + n_gates // 4, fanin, np.full(n_gates, XOR), outputs)
    return circuit, one_class(np.full(n_gates, 3))


def test_a_signal_that_all_gates_read_is_ordered_in_linear_time(lower) -> None:
    looks = [lower(*hub(n))._engine.n_looks for n in (4000, 16000)]
    assert looks[1] <= 16000 * MOST_LOOKS
    assert looks[1] <= 5 * max(1, looks[0])
    assert_agrees(lower(*hub(4000)), *hub(4000))


@pytest.mark.parametrize("n_classes", [20_000, 1_048_600])
def test_many_classes_are_kernels(lower, n_classes: int) -> None:
    """One address a plane: with 32 planes, the last would be beyond 2**31 bytes."""
    zeros = np.zeros(n_classes, np.int32)
    heavy = n_classes < 10**6
    readout = Readout(
        kind="argmax", indptr=np.r_[0, np.ones(n_classes, np.int64)], index=[0],
        weight=[2**31 - 1 if heavy else 1], bias=zeros, scale=zeros + 1.0, offset=zeros,
    )  # fmt: skip
    circuit = Circuit(4, [], [], [2])
    program = lower(circuit, readout)
    assert program.code_bytes == 0
    bits = np.random.default_rng(0).random((70, 4)) < 0.5
    sums = program.sums(bits)
    np.testing.assert_array_equal(sums[:, 0], bits[:, 0] * readout.weight[0])
    assert not sums[:, 1:].any()


def many_heavy_weights(n_classes: int, n_outputs: int) -> Readout:
    """Four weights a class, of 15 ones each, on signals far apart."""
    n, zeros = 4 * n_classes, np.zeros(n_classes, np.int32)
    first = np.random.default_rng(0).integers(0, n_outputs // 4, n_classes)
    return Readout(
        kind="argmax", indptr=np.arange(n_classes + 1) * 4,
        index=(first[:, None] + n_outputs // 4 * np.arange(4)).ravel(),
        weight=np.where(np.arange(n) % 3, 0x15555555, -0x15555555), bias=zeros, scale=zeros + 1,
        offset=zeros,
    )  # fmt: skip


def test_weights_that_would_make_code_of_a_hundred_times_their_size(lower) -> None:
    circuit = Circuit(100, [], [], 2 + np.arange(100))
    readout = many_heavy_weights(12_000, 100)
    program = lower(circuit, readout)
    assert program.code_bytes == 0
    assert_agrees(program, circuit, readout)


def test_a_plan_for_single_rows_is_no_larger_than_its_readout_warrants() -> None:
    """A weight may take a block of 64 bytes for each of its bits."""
    n_classes, n_inputs = 20_000, 5000
    readout = many_heavy_weights(n_classes, n_inputs)
    program = engine.lower(Circuit(n_inputs, [], [], 2 + np.arange(n_inputs)), readout)
    assert program.single_rows.plan().n_bytes < 10 * (8 * 4 * n_classes + 20 * n_classes)


@pytest.mark.skipif(not CODED, reason="code needs AVX2")
@pytest.mark.parametrize("name", CODED)
def test_no_displacement_leaves_its_range(name: str) -> None:
    last = 2**31 // 64 - 1
    for slot in (0, 1, 2559, 2560, last):
        assert _core.code_reaches(name, slot)
    for slot in (last + 1, 2**31, 2**32 - 1, 2**32, 2**40):
        assert not _core.code_reaches(name, slot)


def test_more_columns_than_the_engine_takes() -> None:
    circuit = Circuit(2**25, [], [], [2])
    with pytest.raises(engine.BackendError, match="rows have 33,554,432 columns; the native engi"):
        engine.lower(circuit, Readout.identity(1), backend="native")


def test_arrays_changed_after_lowering_are_not_read() -> None:
    """The plan for single rows is made at the first call that needs it."""
    circuit = Circuit(40, [[2, 3]] * 50, [XOR] * 50, 42 + np.arange(50))
    readout = Readout.group_sum(50, 2)
    program = engine.lower(circuit, readout, backend="native")
    bits = np.random.default_rng(0).random((3, 40)) < 0.5
    expected = evaluate_sums(circuit, readout, bits)
    try:
        circuit.fanin.setflags(write=True)
    except ValueError:
        pytest.skip("the arrays of a circuit can't be made writable")
    circuit.fanin[:] = 2**32 - 1
    np.testing.assert_array_equal(program.sums(bits), expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({1: np.array([[2, 7], [2, 3]])}, "gate 0 reads a signal that does not come before it"),
        ({3: np.array([9])}, "an output is no signal of the circuit"),
        ({4: np.array([0, 5])}, "the readout's arrays differ in length"),
        ({5: np.array([4])}, "the readout reads an output that the circuit lacks"),
        ({9: np.array([0, 1, 5])}, "bit 2 of the encoder reads feature 5 of 3"),
    ],
)
def test_the_core_checks_every_index_itself(change: dict, message: str) -> None:
    def arguments(changed: dict) -> list:
        types = {1: np.uint32, 3: np.uint32, 4: np.int64, 5: np.uint32, 9: np.uint32}
        plain = [
            3, np.array([[2, 3], [5, 4]], np.uint32), np.array([6, 6], np.uint64),
            np.array([6], np.uint32), np.array([0, 1]), np.array([0], np.uint32),
            np.array([1], np.int32), np.array([0], np.int32), True,
            np.arange(3, dtype=np.uint32), np.full(3, 0.5), 3, True,
        ]  # fmt: skip
        return [
            changed[i].astype(types[i]) if i in changed else value for i, value in enumerate(plain)
        ]

    _core.lower(_core.source(*arguments({})), "baseline", False)
    with pytest.raises(ValueError, match=message):
        _core.source(*arguments(change))


REFUSED = """
import ctypes, struct, sys
# A filter of system calls: mprotect with PROT_EXEC is refused, as on hardened systems.
code = [(0x20, 0, 0, 0), (0x15, 0, 3, 10), (0x20, 0, 0, 32), (0x45, 0, 1, 4),
        (0x06, 0, 0, 0x50001), (0x06, 0, 0, 0x7FFF0000)]
raw = b"".join(struct.pack("HBBI", *line) for line in code)
buffer = ctypes.create_string_buffer(raw)
program = struct.pack("HxxxxxxP", len(code), ctypes.addressof(buffer))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, program, 0, 0):
    sys.exit(77)
import numpy as np
from gategrad import engine
from gategrad.circuit import Circuit, Readout
program = engine.lower(Circuit(2, [[2, 3]], [6], [4]), Readout.identity(1))
assert program.sums(np.array([[0, 1]] * 70, bool)).all()
print(program.reason)
"""


@pytest.mark.skipif(not CODED, reason="code needs AVX2")
def test_says_that_machine_code_is_off_where_the_system_refuses_it() -> None:
    done = subprocess.run([sys.executable, "-c", REFUSED], capture_output=True, text=True)
    if done.returncode == 77:
        pytest.skip("this system has no filters of system calls")
    assert done.returncode == 0, done.stderr
    assert "; machine code is off, as the system gives no executable memory" in done.stdout


@pytest.mark.skipif(not CODED, reason="code needs AVX2")
def test_says_that_machine_code_is_off_where_it_is_turned_off(monkeypatch) -> None:
    monkeypatch.setenv("GATEGRAD_CODE", "off")
    monkeypatch.setenv("GATEGRAD_ISA", CODED[0])
    program = engine.lower(Circuit(2, [], [], [2]), Readout.identity(1), backend="native")
    assert program.reason.endswith("; machine code is off, as GATEGRAD_CODE says")
