"""What is special to the native engine: instruction sets, threads, packed rows, bad values."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from gategrad import engine
from gategrad.circuit import Circuit, CircuitError, Readout, evaluate_sums
from gategrad.encoding import Thermometer
from gategrad.engine import isa
from tests.random_circuits import random_circuit, random_readout


def test_says_what_runs_and_why() -> None:
    program = engine.lower(Circuit(1, [], [], [2]), Readout.identity(1))
    assert program.backend == "native"
    assert program.isa == isa.available()[-1]
    assert program.reason.startswith("best of this machine")


def test_forced_instruction_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEGRAD_ISA", "baseline")
    program = engine.lower(Circuit(1, [], [], [2]), Readout.identity(1))
    assert (program.isa, program.reason) == ("baseline", "GATEGRAD_ISA is set")


def test_unknown_instruction_set_lists_the_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEGRAD_ISA", "sse9")
    with pytest.raises(ValueError, match="'sse9' is unknown; known: baseline, avx2, avx512"):
        engine.lower(Circuit(1, [], [], [2]), Readout.identity(1))


def test_unknown_choice_of_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEGRAD_CODE", "maybe")
    with pytest.raises(ValueError, match="GATEGRAD_CODE='maybe' is unknown; known: on, off"):
        engine.lower(Circuit(1, [], [], [2]), Readout.identity(1))


def test_absent_instruction_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEGRAD_ISA", "avx512")
    monkeypatch.setattr(isa, "available", lambda: ["baseline"])
    with pytest.raises(ValueError, match="does not run on this machine; it has baseline"):
        engine.lower(Circuit(1, [], [], [2]), Readout.identity(1))


@pytest.mark.parametrize(
    ("name", "said"),
    [("baseline", ""), ("neon", "; there is machine code for x86-64 alone, Windows aside")],
)
def test_where_no_code_can_be_made_kernels_run_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    monkeypatch.setattr(isa._core, "MAKES_CODE", False)
    assert isa.wanted_code("avx2") == isa.wanted_code(name) == ""
    assert isa.without_code(name, "unwanted") == said


def test_unknown_backend_lists_the_known() -> None:
    with pytest.raises(ValueError, match="unknown backend 'cuda'; known: native, numpy"):
        engine.lower(Circuit(1, [], [], [2]), Readout.identity(1), backend="cuda")


def test_readout_of_a_missing_output() -> None:
    with pytest.raises(CircuitError, match="entry 1 reads output 1, but the circuit has 1"):
        engine.lower(Circuit(1, [], [], [2]), Readout.identity(2))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("place", [(0, 0), (513, 70), (700, 99)])
@pytest.mark.parametrize("encoded", [True, False])
def test_nan_is_refused_wherever_it_is(dtype: type, place: tuple[int, int], encoded: bool) -> None:
    encoder = Thermometer.fixed([0.5], 100) if encoded else None
    program = engine.lower(Circuit(100, [], [], [5]), Readout.identity(1), encoder)
    x = np.zeros((701, 100), dtype)
    program.sums(x)
    x[place] = np.nan
    with pytest.raises(engine.InputError, match=rf"row {place[0]}, column {place[1]}"):
        program.sums(x)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("n_inputs", [3, 100])
def test_what_is_no_bit_is_refused(dtype: type, n_inputs: int) -> None:
    program = engine.lower(Circuit(n_inputs, [], [], [2]), Readout.identity(1))
    x = np.ones((600, n_inputs), dtype)
    program.sums(x)
    x[599, n_inputs - 1] = 2
    with pytest.raises(engine.InputError, match=f"row 599, column {n_inputs - 1}.* is 2"):
        program.sums(x)


def test_packed_rows_of_another_width() -> None:
    program = engine.lower(Circuit(3, [], [], [2]), Readout.identity(1))
    with pytest.raises(engine.InputError, match="have 2 bits; the circuit has 3 inputs"):
        program.sums(engine.pack(np.zeros((5, 2), bool)))


@pytest.mark.parametrize("n_rows", [0, 1, 63, 64, 65, 513])
def test_packed_rows_unpack_again(n_rows: int) -> None:
    bits = np.random.default_rng(0).random((n_rows, 11)) < 0.5
    packed = engine.pack(bits)
    np.testing.assert_array_equal(packed.unpack(), bits)
    assert len(packed) == n_rows
    for r in range(0, n_rows, 17):
        assert packed.words[3, r // 64] >> np.uint64(r % 64) & np.uint64(1) == bits[r, 3]


def test_misaligned_rows() -> None:
    rng = np.random.default_rng(0)
    records = np.zeros(100, [("pad", "u1"), ("x", "f4", 70)])
    records["x"] = rng.random((100, 70)) < 0.5
    circuit, readout = random_circuit(n_inputs=70, n_gates=50, n_outputs=9), random_readout(9, 2)
    sums = evaluate_sums(circuit, readout, records["x"] > 0.5)
    np.testing.assert_array_equal(engine.lower(circuit, readout).sums(records["x"]), sums)


def test_read_only_rows() -> None:
    x = np.ones((70, 3), np.uint8)
    x.setflags(write=False)
    assert engine.lower(Circuit(3, [], [], [2]), Readout.identity(1)).sums(x).all()


def test_many_python_threads_share_a_program() -> None:
    circuit = random_circuit(n_inputs=80, n_gates=300, n_outputs=60)
    readout = random_readout(60, 4)
    program = engine.lower(circuit, readout)
    batches = [np.random.default_rng(i).random((600 + i, 80)) < 0.5 for i in range(16)]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda x: program.sums(x, threads=2), batches))
    for x, sums in zip(batches, results, strict=True):
        np.testing.assert_array_equal(sums, evaluate_sums(circuit, readout, x))


@pytest.mark.parametrize("threads", [0, -1, 1.5, "two", True])
def test_bad_thread_counts(threads: object) -> None:
    program = engine.lower(Circuit(1, [], [], [2]), Readout.identity(1))
    with pytest.raises(engine.InputError, match="expected an integer of at least 1"):
        program.sums(np.zeros((1, 1), bool), threads=threads)


def test_goes_on_where_the_system_refuses_threads() -> None:
    # In a process of its own: it lowers its own limit of memory, so that stacks can't be had.
    script = """
import resource, numpy as np
from gategrad import engine
from gategrad.circuit import Circuit, Readout
program = engine.lower(Circuit(1, [], [], [2]), Readout.identity(1))
x = np.ones((512 * 400, 1), bool)
program.sums(x[:5])
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (64 << 20),) * 2)
assert program.sums(x, threads=400).all()
"""
    if not Path("/proc/self/statm").exists() or "libasan" in os.environ.get("LD_PRELOAD", ""):
        pytest.skip("needs /proc, and a limit of memory that a sanitizer can't live with")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_more_sums_than_can_be_counted() -> None:
    program = engine.lower(Circuit(1, [], [], [2] * 8), Readout.identity(8))
    x = np.broadcast_to(np.zeros((1, 1), bool), (2**61, 1))
    with pytest.raises(MemoryError):
        program.sums(x, threads=1)


def test_encoder_of_another_width() -> None:
    with pytest.raises(ValueError, match="encoder gives 2 bits, but the circuit takes 50"):
        engine.lower(
            Circuit(50, [], [], [40]), Readout.identity(1), Thermometer.fixed([0.5], 2),
            backend="native",
        )  # fmt: skip
