"""The GPU program equals the evaluator exactly: rows of every dtype, sizes, weights, widths."""

import os
import subprocess
import sys

import numpy as np
import pytest

import gategrad as gg
from gategrad import engine
from gategrad.circuit import Circuit, Readout, decide, evaluate_sums
from gategrad.encoding import Thermometer
from gategrad.engine.gpu.keys import double_keys, integer_keys, single_keys
from gategrad.engine.gpu.plan import make_plan
from tests.random_circuits import random_circuit, random_readout

torch = pytest.importorskip("torch", reason="needs gategrad[train]")
pytest.importorskip("triton", reason="needs triton")
INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
if not INTERPRETED and not torch.cuda.is_available():
    pytest.skip("TRITON_INTERPRET is not 1, and there is no GPU", allow_module_level=True)
DEVICE = "cpu" if INTERPRETED else "cuda"


def _bits(n_rows: int, n_inputs: int) -> np.ndarray:
    return np.random.default_rng(n_rows).random((n_rows, n_inputs)) < 0.5


@pytest.mark.parametrize("n_rows", [0, 1, 33, 300])
def test_batch_sizes(n_rows: int) -> None:
    circuit = random_circuit(n_inputs=131, n_gates=120, n_outputs=40, seed=n_rows)
    readout, bits = Readout.group_sum(40, 2), _bits(n_rows, 131)
    program = engine.lower(circuit, readout, backend="gpu")
    sums = evaluate_sums(circuit, readout, bits)
    np.testing.assert_array_equal(program.sums(bits), sums)
    np.testing.assert_array_equal(program.labels(bits), decide(readout, sums))
    on_device = torch.from_numpy(bits).to(DEVICE)
    assert program.sums(on_device).dtype == torch.int32
    np.testing.assert_array_equal(program.labels(on_device).cpu(), decide(readout, sums))


def test_weights_of_any_size_and_sign() -> None:
    circuit = random_circuit(n_inputs=9, n_gates=30, n_outputs=12, seed=5)
    readout, bits = random_readout(12, 2, seed=5), _bits(40, 9)
    sums = evaluate_sums(circuit, readout, bits)
    np.testing.assert_array_equal(engine.lower(circuit, readout, backend="gpu").sums(bits), sums)
    extremes = Readout("argmax", [0, 2], [0, 1], [-(2**31), 2**30], [0], [1], [0])
    wires, rows = Circuit(2, [], [], [2, 3]), np.array([[0, 1], [1, 0], [1, 1]], bool)
    sums = evaluate_sums(wires, extremes, rows)
    np.testing.assert_array_equal(engine.lower(wires, extremes, backend="gpu").sums(rows), sums)


def test_wide_gates_packed_rows_and_many_outputs() -> None:
    circuit = random_circuit(n_inputs=20, n_gates=60, n_outputs=16_500, width=4, seed=1)
    readout, bits = Readout.group_sum(16_500, 1), _bits(70, 20)
    program = engine.lower(circuit, readout, backend="gpu")
    assert make_plan(circuit, readout).groups.shape[1] == 2
    sums = evaluate_sums(circuit, readout, bits)
    np.testing.assert_array_equal(program.sums(gg.pack(bits)), sums)
    np.testing.assert_array_equal(program.sums(bits.astype(np.float64)), sums)


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.float32, np.float64, np.int16, np.int64])
def test_dtypes_behind_an_encoder(dtype: type) -> None:
    rng = np.random.default_rng(0)
    levels = np.array([-np.inf, -1.5, -0.0, 5e-324, 0.1, 1, 127, 1e39, np.inf])
    encoder = Thermometer(np.sort(rng.choice(levels, (3, 9)), axis=0))
    values = np.array([0, 1, 2, 127, 128])
    if np.dtype(dtype).kind == "f":
        tiny = np.finfo(dtype).smallest_subnormal
        extra = [-0.0, tiny, -tiny, 0.1, np.nextafter(dtype(0.1), dtype(0)), -1.5, np.inf, -np.inf]
        values = np.concatenate([values, extra])
    x = rng.choice(values, (70, 9)).astype(dtype)
    circuit = random_circuit(n_inputs=27, n_gates=60, n_outputs=30, seed=2)
    readout = Readout.group_sum(30, 1)
    sums = evaluate_sums(circuit, readout, encoder.encode(x))
    program = engine.lower(circuit, readout, encoder, backend="gpu")
    np.testing.assert_array_equal(program.sums(x), sums)
    got = program.sums(torch.from_numpy(x[::-1].copy()).to(DEVICE).flip(0))
    np.testing.assert_array_equal(got.cpu(), sums)


def test_keys_compare_as_float64_does() -> None:
    rng = np.random.default_rng(3)
    special = [
        0.0,
        -0.0,
        5e-324,
        -5e-324,
        1e-45,
        -1e-45,
        0.1,
        1e300,
        -1e300,
        np.inf,
        -np.inf,
        254.9,
    ]
    t = np.concatenate([special, rng.standard_normal(50), rng.random(20) * 260])
    with np.errstate(over="ignore"):
        single = t.astype(np.float32)
    for x, keys in [
        (np.arange(256), integer_keys(t)),
        (_ordered(single, np.int32), single_keys(t)),
        (_ordered(t, np.int64), double_keys(t)),
    ]:
        value, key = x if isinstance(x, tuple) else (x, x)
        wanted = value[:, None].astype(np.float64) > t
        np.testing.assert_array_equal(key[:, None] > keys, wanted)


def _ordered(x: np.ndarray, integer: type) -> tuple[np.ndarray, np.ndarray]:
    up = np.nextafter(x, x.dtype.type(np.inf))
    x = np.concatenate([x, up, np.nextafter(x, x.dtype.type(-np.inf))])
    bits = x.view(integer)
    return x, bits ^ (bits >> (8 * bits.itemsize - 1) & np.iinfo(integer).max)


def test_slots_are_used_again() -> None:
    n, levels = 64, 10
    fanin = [
        [2 + n * level + g, 2 + n * level + (g + 1) % n]
        for level in range(levels)
        for g in range(n)
    ]
    circuit = Circuit(n, fanin, [6] * len(fanin), range(2 + n * levels, 2 + n * (levels + 1)))
    readout = Readout.group_sum(n, 4)
    assert make_plan(circuit, readout).n_slots <= 2 + 2 * n + n
    bits = _bits(40, n)
    program = engine.lower(circuit, readout, backend="gpu")
    np.testing.assert_array_equal(program.sums(bits), evaluate_sums(circuit, readout, bits))


@pytest.mark.parametrize("kind", ["binary", "multilabel", "regression", "argmax"])
def test_models_of_every_kind_and_ties(kind: str) -> None:
    readout = Readout.identity(1 if kind == "binary" else 3, kind)
    outputs = [4, 4, 5][: len(readout.bias)]
    labels = {"binary": ("no", "yes"), "argmax": (7, 5, 6)}.get(kind)
    model = gg.Model(Circuit(2, [[2, 3], [2, 3]], [8, 6], outputs), readout, labels=labels)
    bits = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], bool)
    x = torch.from_numpy(bits).to(DEVICE)
    for method in ("predict", "scores", "sums"):
        wanted = getattr(model, method)(bits)
        np.testing.assert_array_equal(getattr(model, method)(bits, backend="gpu"), wanted)
        got = getattr(model, method)(x, backend="gpu")
        assert isinstance(got, np.ndarray) == (kind == "binary" and method == "predict")
        np.testing.assert_array_equal(got if isinstance(got, np.ndarray) else got.cpu(), wanted)


def test_constants_wires_and_nothing_at_all() -> None:
    readout = Readout.group_sum(3, 1)
    circuit = Circuit(1, np.zeros((0, 2)), [], [0, 1, 2])
    x = np.array([[0], [1]], np.uint8)
    assert engine.lower(circuit, readout, backend="gpu").sums(x).tolist() == [[1], [2]]
    nothing = Readout("argmax", [0, 0], [], [], [5], [1], [0])
    assert engine.lower(circuit, nothing, backend="gpu").sums(x).tolist() == [[5], [5]]


def test_what_can_not_be_read_is_said() -> None:
    program = engine.lower(Circuit(2, [[2, 3]], [6], [4]), Readout.identity(1), backend="gpu")
    x = torch.tensor([[0, 1], [0, 2]], dtype=torch.uint8, device=DEVICE)
    with pytest.raises(gg.InputError, match=r"x\[1, 1\] \(row 1, column 1\) is 2; expected bits"):
        program.sums(x)
    with pytest.raises(gg.InputError, match=r"x has shape \(2, 1\); expected \(rows, 2\)"):
        program.sums(x[:, :1])
    with pytest.raises(gg.InputError, match="threads is 0"):
        program.sums(x, threads=0)


def test_without_a_gpu_it_says_what_is_missing() -> None:
    script = (
        "import gategrad as gg, importlib.util, sys\n"
        "model = gg.Model(gg.Circuit(2, [[2, 3]], [6], [4]), gg.Readout.identity(1))\n"
        "try: model.predict([[0, 1]], backend='gpu')\n"
        "except gg.engine.BackendError as error: print(error)\n"
        "real = importlib.util.find_spec\n"
        "import gategrad.engine.lower as lower\n"
        "sys.modules['gategrad.engine.lower'].find_spec = lambda name: None\n"
        "try: gg.Model(model.circuit, model.readout).predict([[0, 1]], backend='gpu')\n"
        "except gg.engine.BackendError as error: print(error)\n"
    )
    environment = {**os.environ, "TRITON_INTERPRET": "0", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    first, second = done.stdout.splitlines()
    assert 'backend="gpu" needs an NVIDIA GPU that torch can use' in first
    assert second == 'backend="gpu" needs torch and triton: pip install torch triton'
