"""The path of a few rows: as the evaluator says, on every instruction set and kind of rows."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gategrad import _core, engine
from gategrad.circuit import KINDS, Circuit, Readout, decide, evaluate_sums
from gategrad.encoding import Thermometer
from tests.instruction_sets import KNOWN, skip_without
from tests.random_circuits import random_circuit, random_readout
from tests.strategies import pairs

DTYPES = [np.bool_, np.uint8, np.float32, np.float64]
CPUINFO = Path("/proc/cpuinfo")
HAS_PERMUTES = CPUINFO.exists() and {"avx512vbmi", "avx512_vpopcntdq"} <= set(
    CPUINFO.read_text().split()
)
LAYOUTS = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "every third column": lambda x: np.repeat(x, 3, axis=1)[:, ::3],
    "reversed": lambda x: np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1],
    "one row many times": lambda x: np.broadcast_to(x[:1], x.shape),
}


@pytest.fixture(params=KNOWN)
def lower(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    """`engine.lower` for one instruction set; the program serves up to 70 rows one at a time."""
    skip_without(request.param)
    monkeypatch.setenv("GATEGRAD_ISA", request.param)

    def lower(*args: object) -> engine.NativeProgram:
        program = engine.lower(*args, backend="native")
        program.single_rows.plan()
        program.single_rows.most_rows = 70
        return program

    return lower


def layered(n_inputs: int, widths: list[int], seed: int) -> Circuit:
    """Layers that read the one before, and now and then any signal: the shape of a network."""
    rng = np.random.default_rng(seed)
    fanin, start, end = [], 2, 2 + n_inputs
    for width in widths:
        operands = rng.integers(start, end, (width, 2))
        far = rng.random((width, 2)) < 0.1
        operands[far] = rng.integers(1, end, far.sum())
        fanin.append(operands)
        start, end = end, end + width
    fanin = np.concatenate(fanin)
    return Circuit(n_inputs, fanin, rng.integers(0, 16, len(fanin)), np.arange(start, end))


def check_few(program: engine.NativeProgram, x: np.ndarray, readout: Readout, sums) -> None:
    """Compare sums and labels, and make sure that the few-rows path took `x` itself."""
    found = program.single_rows.run(x, sums=True)
    assert found is not None
    np.testing.assert_array_equal(found, sums)
    np.testing.assert_array_equal(program.sums(x, threads=3), sums)
    np.testing.assert_array_equal(program.labels(x), decide(readout, sums))


@pytest.mark.parametrize("n_inputs", [5, 64, 100, 3000])
@pytest.mark.parametrize("widths", [[3], [65, 64, 63], [1500, 2500, 1100]])
def test_layers(lower, n_inputs: int, widths: list[int]) -> None:
    circuit = layered(n_inputs, widths, seed=n_inputs)
    readout = random_readout(widths[-1], 7, seed=1)
    program = lower(circuit, readout)
    for n_rows in (1, 2, 7, 70):
        bits = np.random.default_rng(n_rows).random((n_rows, n_inputs)) < 0.5
        check_few(program, bits, readout, evaluate_sums(circuit, readout, bits))


def test_wide_layers_are_looked_up_where_the_machine_can(lower) -> None:
    program = lower(layered(784, [2000] * 4, seed=0), Readout.group_sum(2000, 10))
    expected = "bits" if program.isa == "avx512" and HAS_PERMUTES else "bytes"
    assert program.single_rows.plan().layout == expected


def test_deep_chains_and_wide_windows_go_by_bytes(lower) -> None:
    n = 900
    chain = Circuit(3, np.stack([np.arange(n) + 4, np.arange(n) % 3 + 2], axis=1), [6] * n, [n + 4])
    bits = np.random.default_rng(0).random((5, 3)) < 0.5
    wide = layered(70_000, [600, 300], seed=3)
    wide_bits = np.random.default_rng(1).random((3, 70_000)) < 0.5
    for circuit, x in ((chain, bits), (wide, wide_bits)):
        readout = Readout.identity(circuit.n_outputs)
        program = lower(circuit, readout)
        assert program.single_rows.plan().layout == "bytes"
        check_few(program, x, readout, evaluate_sums(circuit, readout, x))


def test_bytes_of_a_class_are_counted_many_at_a_time(lower) -> None:
    """Up to 6,000 ones of one weight lie together, more than a byte of a counter holds."""
    rng = np.random.default_rng(6)
    table = rng.choice([8, 14, 6, 7], 9000)
    circuit = Circuit(200, rng.integers(2, 202, (9000, 2)), table, np.arange(202, 9202))
    parts = [np.arange(6000), np.arange(5900, 9000), np.sort(rng.permutation(9000)[:700])]
    weights = [np.ones(6000), np.where(np.arange(3100) < 1500, -1, 3), np.arange(700) - 350]
    indptr = np.cumsum([0, *map(len, parts)])
    index, weight = np.concatenate(parts), np.concatenate(weights).astype(int)
    readout = Readout("argmax", indptr, index, weight, [5, -7, 0], [1, 1, 1], [0, 0, 0])
    program = lower(circuit, readout)
    single = _core.lower_single(program.single_rows.source, program.isa, "bytes")
    assert single.layout == "bytes"
    for share in (0.0, 0.5, 1.0):
        bits = rng.random((2, 200)) < share
        found = np.empty((2, 3), np.int32)
        assert single.sums(bits, found)
        np.testing.assert_array_equal(found, evaluate_sums(circuit, readout, bits))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("n_features", [3, 64, 130])
def test_every_layout_behind_an_encoder(lower, dtype: type, layout: str, n_features: int) -> None:
    rng = np.random.default_rng(n_features)
    levels = np.sort(
        rng.choice([-1.0, 0, 0.1, 0.5, 1, 127.5, 254.5, 255, 1e9, 1 / 3], (3, n_features)), 0
    )
    encoder = Thermometer(levels)
    values = [0, 1] if dtype is np.bool_ else [0, 1, 2, 127, 128, 254, 255]
    if dtype in (np.float32, np.float64):
        values += [0.1, 1 / 3, np.nextafter(dtype(1 / 3), dtype(1)), -np.inf, np.inf]
    x = LAYOUTS[layout](rng.choice(np.array(values, dtype), (12, n_features)))
    circuit = layered(encoder.n_inputs, [400, 300], seed=2)
    readout = random_readout(300, 4, seed=1)
    sums = evaluate_sums(circuit, readout, encoder.encode(x))
    check_few(lower(circuit, readout, encoder), x, readout, sums)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_decision(lower, kind: str) -> None:
    circuit = layered(40, [200, 80], seed=4)
    readout = random_readout(80, 1 if kind == "binary" else 37, kind=kind)
    bits = np.random.default_rng(0).random((9, 40)) < 0.5
    sums = evaluate_sums(circuit, readout, bits)
    labels = lower(circuit, readout).labels(bits)
    np.testing.assert_array_equal(labels, decide(readout, sums))
    assert labels.dtype == decide(readout, sums).dtype


@pytest.mark.parametrize("width", range(1, 7))
def test_every_gate_width(lower, width: int) -> None:
    circuit = random_circuit(n_inputs=10, n_gates=60, n_outputs=70, width=width, seed=width)
    readout = random_readout(70, 5, seed=width)
    bits = np.random.default_rng(width).random((20, 10)) < 0.5
    check_few(lower(circuit, readout), bits, readout, evaluate_sums(circuit, readout, bits))


def test_sums_at_the_ends_of_int32_and_constant_outputs(lower) -> None:
    highest, lowest = 2**31 - 1, -(2**31)
    readout = Readout(
        kind="argmax",
        indptr=[0, 2, 4, 7],
        index=[0, 1, 0, 1, 0, 2, 3],
        weight=[highest - 5, 5, lowest + 7, -7, 3, -2, lowest + 1],
        bias=[0, 0, 1],
        scale=[1] * 3,
        offset=[0] * 3,
    )
    table = np.tile([6, 9, 8, 7], 300)
    filler = Circuit(2, np.tile([2, 3], (1200, 1)), table, [2, 3, 1, 0])
    for circuit in (filler, Circuit(2, [], [], [2, 3, 1, 0])):
        bits = np.array([[1, 1], [0, 1], [1, 0], [0, 0]], bool)
        sums = evaluate_sums(circuit, readout, bits)
        assert sums[0].tolist() == [highest, lowest, 2]
        check_few(lower(circuit, readout), bits, readout, sums)


def plans(program: engine.NativeProgram) -> list[_core.Single]:
    """The program's plan in every layout that this machine runs, whichever is faster."""
    made = [_core.lower_single(program.single_rows.source, program.isa, "bytes")]
    if program.isa == "avx512" and HAS_PERMUTES:
        made.append(_core.lower_single(program.single_rows.source, program.isa, "bits"))
    return made


@pytest.mark.parametrize("seed", range(4))
def test_both_layouts_of_awkward_circuits(lower, seed: int) -> None:
    narrow = layered(10, [1 + 40 * (i % 3) for i in range(60)], seed)
    wide = layered(9000, [3000, 100, 700], seed)
    for circuit in (narrow, wide):
        readout = random_readout(circuit.n_outputs, 3, seed=seed)
        bits = np.random.default_rng(seed).random((5, circuit.n_inputs)) < 0.5
        sums = evaluate_sums(circuit, readout, bits)
        for plan in plans(lower(circuit, readout)):
            found = np.empty((5, 3), np.int32)
            assert plan.sums(bits, found)
            np.testing.assert_array_equal(found, sums)


def test_layouts_that_are_not_to_be_had() -> None:
    program = small_program()
    with pytest.raises(ValueError, match="unknown layout 'words'; known: bits, bytes, trees"):
        _core.lower_single(program.single_rows.source, program.isa, "words")
    with pytest.raises(ValueError, match="baseline has no kernels for the layout in bits"):
        _core.lower_single(program.single_rows.source, "baseline", "bits")


@settings(max_examples=80, deadline=None)
@given(pair=pairs(max_gates=40, max_width=6), n_rows=st.integers(1, 70), seed=st.integers(0, 99))
def test_any_circuit(pair: tuple[Circuit, Readout], n_rows: int, seed: int) -> None:
    circuit, readout = pair
    bits = np.random.default_rng(seed).random((n_rows, circuit.n_inputs)) < 0.5
    sums = evaluate_sums(circuit, readout, bits)
    program = engine.NativeProgram(circuit, readout)
    for plan in plans(program):
        found = np.empty((n_rows, readout.n_classes), np.int32)
        if circuit.n_inputs:
            assert plan.sums(bits, found)
            np.testing.assert_array_equal(found, sums)
    program.single_rows.plan()
    for most_rows in (70, 0):
        program.single_rows.most_rows = most_rows
        np.testing.assert_array_equal(program.sums(bits), sums)
        np.testing.assert_array_equal(program.labels(bits), decide(readout, sums))


def small_program(encoder: Thermometer | None = None) -> engine.NativeProgram:
    return engine.NativeProgram(layered(100, [80, 60], seed=0), Readout.group_sum(60, 10), encoder)


@pytest.mark.parametrize("n_features", [3, 100])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nan_and_what_is_no_bit_are_named(lower, n_features: int, dtype: type) -> None:
    circuit, encoder = Circuit(n_features, [], [], [2]), Thermometer.fixed([0.5], n_features)
    x = np.zeros((2, n_features), dtype)
    x[1, n_features - 1] = np.nan
    place = rf"x\[1, {n_features - 1}\] \(row 1, column {n_features - 1}\) is "
    with pytest.raises(engine.InputError, match=place + "nan; expected a number"):
        lower(circuit, Readout.identity(1), encoder).sums(x)
    x[1, n_features - 1] = 2
    lower(circuit, Readout.identity(1), encoder).sums(x)
    with pytest.raises(engine.InputError, match=place + "2.0; expected bits, 0 or 1"):
        lower(circuit, Readout.identity(1)).sums(x)
    x = x.astype(np.uint8)
    with pytest.raises(engine.InputError, match=place + "2; expected bits, 0 or 1"):
        lower(circuit, Readout.identity(1)).sums(x)


def test_other_refusals_are_the_same() -> None:
    program = small_program()
    for x, message in (
        (np.zeros((1, 99), bool), r"x has shape \(1, 99\); expected \(rows, 100\), 100 bits"),
        (np.zeros(100, bool), r"pass a single row as x\[None, :\]"),
        (np.zeros((1, 100), complex), "x has dtype complex128"),
        (np.full((1, 100), 2**53 + 1), "expected at most 2"),
        (engine.pack(np.zeros((1, 99), bool)), "packed rows have 99 bits"),
    ):
        with pytest.raises(engine.InputError, match=message):
            program.labels(x)
    with pytest.raises(engine.InputError, match="threads is 0"):
        program.labels(np.zeros((1, 100), bool), threads=0)


def test_rows_that_are_converted_first() -> None:
    program, bits = small_program(), np.random.default_rng(0).random((3, 100)) < 0.5
    expected = program.labels(np.repeat(bits, 300, axis=0))[::300]
    records = np.zeros(3, [("pad", "u1"), ("x", "f4", 100)])
    records["x"] = bits
    for x in (bits.tolist(), bits.astype(int), bits.astype(">f4"), bits.astype(np.float16),
              records["x"], engine.pack(bits), memoryview(bits)):  # fmt: skip
        np.testing.assert_array_equal(program.labels(x), expected)
    assert program.labels(bits[:0]).shape == (0,)


def test_the_plan_is_made_once_however_many_threads_ask(monkeypatch) -> None:
    program, made = small_program(), []
    lower_single = _core.lower_single

    def counted(*args):
        made.append(1)
        return lower_single(*args)

    monkeypatch.setattr(_core, "lower_single", counted)
    rows = np.random.default_rng(0).random((400, 100)) < 0.5
    program.labels(rows)
    assert not made
    with ThreadPoolExecutor(8) as pool:
        labels = list(pool.map(lambda i: program.labels(rows[i : i + 1])[0], range(400)))
    assert made == [1]
    np.testing.assert_array_equal(labels, program.labels(rows))


def test_long_work_lets_other_threads_run() -> None:
    circuit, readout = layered(60, [50_000] * 4, seed=0), Readout.group_sum(50_000, 10)
    program = engine.NativeProgram(circuit, readout)
    rows = np.random.default_rng(0).random((32, 60)) < 0.5
    expected = program.sums(np.repeat(rows, 100, axis=0))[::100]
    with ThreadPoolExecutor(8) as pool:
        sums = list(pool.map(lambda i: program.sums(rows[i : i + 1])[0], range(32)))
    np.testing.assert_array_equal(sums, expected)


def test_results_need_a_fitting_array() -> None:
    program = small_program()
    x, plan = np.zeros((2, 100), bool), program.single_rows.plan()
    for out in (np.empty(3, np.int64), np.empty(2, np.int32), np.empty(4, np.int64)[::2]):
        with pytest.raises(ValueError, match="results need another array"):
            plan.labels(x, out)
