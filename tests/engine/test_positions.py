"""Single rows whose convolutions have their positions side by side: the flat circuit's sums."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from gategrad import _core, engine
from gategrad.circuit import Convolution, Kernels, Pool, evaluate_sums
from gategrad.encoding import Splits, Thermometer
from gategrad.engine import Route, positions
from gategrad.engine.convolution import VARIABLE
from gategrad.engine.source import bits_source
from tests.engine.test_convolution import CASES
from tests.instruction_sets import KNOWN, skip_without
from tests.random_convolutions import random_convolution, random_kernels, small_convolution

STRIDED = [
    random_kernels(2, 5, stride=(2, 1), padding=(1, 1), seed=1),
    random_kernels(5, 4, (2, 3), stride=(1, 2), padding=(0, 2), depth=2, seed=2),
    Pool((2, 2), (2, 1)),
    random_kernels(4, 6, (3, 2), stride=(2, 2), padding=(2, 1), depth=3, seed=3),
]


@pytest.fixture(params=KNOWN)
def isa(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """An instruction set that is used, and kernels that are wanted."""
    skip_without(request.param)
    monkeypatch.setenv("GATEGRAD_ISA", request.param)
    monkeypatch.setenv(VARIABLE, "kernels")
    return request.param


def lowered(whole: Convolution, encoder: Thermometer | None = None) -> engine.Program:
    """A program whose single rows have positions side by side."""
    program = engine.lower(*whole.flat(), encoder, convolution=whole)
    assert "; single rows run with positions side by side in " in program.reason
    return program


def one_by_one(program: engine.Program, x: np.ndarray) -> np.ndarray:
    """Sums of each row, in a call of its own."""
    assert program.route(x[:1]) is Route.POSITIONS
    return np.concatenate([program.sums(x[i : i + 1]) for i in range(len(x))])


@pytest.mark.parametrize("name", CASES)
def test_single_rows_have_the_sums_of_the_flat_circuit(isa: str, name: str) -> None:
    shape, stages = CASES[name]
    whole = random_convolution(shape, *stages)
    rng = np.random.default_rng(0)
    bits = rng.random((60, whole.n_inputs)) < rng.random((60, 1))
    sums = evaluate_sums(*whole.flat(), bits)
    assert len(np.unique(sums, axis=0)) > 1
    np.testing.assert_array_equal(one_by_one(lowered(whole), bits), sums)


@pytest.mark.parametrize("shape", [(2, 20, 23), (2, 9, 31), (2, 33, 8)])
def test_any_number_of_stages_and_images_of_any_sides(
    isa: str, shape: tuple[int, int, int]
) -> None:
    whole = random_convolution(shape, *STRIDED)
    bits = np.random.default_rng(1).random((9, whole.n_inputs)) < 0.5
    flat = whole.flat()
    sums, source = evaluate_sums(*flat, bits), bits_source(*flat)
    for n_stages in range(1, len(STRIDED) + 1):
        single = positions.Positions(whole, n_stages, "").lower(source, isa)
        found = np.empty_like(sums)
        for i in range(len(bits)):
            assert single.sums(bits[i : i + 1], found[i : i + 1])
        np.testing.assert_array_equal(found, sums)


def test_planes_that_fill_their_blocks(isa: str) -> None:
    """Eight lines of seven and a border are 64 bytes: zeros beyond them need room of their own."""
    stages = [random_kernels(2, 6, padding=(1, 1), depth=2), random_kernels(6, 5, padding=(1, 1))]
    whole = random_convolution((2, 8, 7), *stages)
    bits = np.random.default_rng(5).random((30, whole.n_inputs)) < 0.8
    sums = evaluate_sums(*whole.flat(), bits)
    np.testing.assert_array_equal(one_by_one(lowered(whole), bits), sums)


def test_stages_of_any_geometry(isa: str) -> None:
    rng = np.random.default_rng(4)
    for _ in range(40):
        whole = _drawn(rng)
        bits = rng.random((2, whole.n_inputs)) < rng.random()
        sums, found = evaluate_sums(*whole.flat(), bits), np.empty((2, 3), np.int32)
        n_stages = int(rng.integers(1, len(whole.stages) + 1))
        source = bits_source(*whole.flat())
        single = positions.Positions(whole, n_stages, "").lower(source, isa)
        for i in range(2):
            assert single.sums(bits[i : i + 1], found[i : i + 1])
        np.testing.assert_array_equal(found, sums, err_msg=repr((whole.in_shape, whole.stages)))


def _drawn(rng: np.random.Generator) -> Convolution:
    """One to four stages that fit maps of up to 24 lines and columns."""

    def pair(low: int, high: int) -> tuple[int, int]:
        return int(rng.integers(low, high)), int(rng.integers(low, high))

    shape = (int(rng.integers(1, 4)), *pair(5, 25))
    now, stages = shape, []
    for _ in range(rng.integers(1, 5)):
        size, stride = (min(pair(1, 6)[0], now[1]), min(pair(1, 6)[0], now[2])), pair(1, 5)
        padding, depth = (int(rng.integers(0, size[0])), int(rng.integers(0, size[1]))), pair(1, 4)
        trees = {"stride": stride, "padding": padding, "depth": depth[0], "seed": depth[1]}
        kernels = random_kernels(now[0], int(rng.integers(1, 6)), size, **trees)
        stages.append(Pool(size, stride) if rng.random() < 0.3 else kernels)
        now = stages[-1].out_shape(now)
    return random_convolution(shape, *stages, n_gates=60)


def test_rows_behind_an_encoder(isa: str) -> None:
    rng = np.random.default_rng(2)
    encoder = Thermometer(np.sort(rng.integers(0, 256, (2, 99)) - 0.5, axis=0))
    first = random_kernels(2, 5, padding=(1, 0), stride=(2, 2), depth=2)
    whole = random_convolution((2, 9, 11), first, Pool((2, 2), (2, 2)))
    program = lowered(whole, encoder)
    for dtype in (np.uint8, np.float32, np.float64):
        x = rng.integers(0, 256, (20, 99)).astype(dtype)
        sums = evaluate_sums(*whole.flat(), encoder.encode(x))
        np.testing.assert_array_equal(one_by_one(program, x), sums)
        np.testing.assert_array_equal(one_by_one(program, np.asfortranarray(x)), sums)
        np.testing.assert_array_equal(program.labels(x[:2]), sums[:2].argmax(1))
    x[3, 5] = np.nan
    with pytest.raises(engine.InputError, match="row 0, column 5"):
        program.sums(x[3:4])


def test_calls_share_nothing(isa: str) -> None:
    """Memory stays from call to call: borders stay empty, and threads have memory of their own."""
    whole = random_convolution((2, 20, 23), *STRIDED)
    program, rng = lowered(whole), np.random.default_rng(3)
    batches = [rng.random((4, whole.n_inputs)) < share for share in (1.0, 0.0, 0.5, 0.9)] * 8
    sums = [evaluate_sums(*whole.flat(), bits) for bits in batches[:4]] * 8
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda bits: one_by_one(program, bits), batches)
        for mine, expected in zip(found, sums, strict=True):
            np.testing.assert_array_equal(mine, expected)


def test_estimates_choose_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    whole = random_convolution((2, 20, 23), *STRIDED)
    circuit, readout = whole.flat()
    row = np.zeros((1, whole.n_inputs), bool)
    for name in ("BITS_CYCLES", "BYTES_CYCLES"):
        monkeypatch.setattr(positions, name, 0.001)
    program = engine.lower(circuit, readout, convolution=whole)
    assert "; single rows run flat, as a row is estimated at " in program.reason
    assert program.route(row) is Route.SINGLE_ROWS
    for name in ("BITS_CYCLES", "BYTES_CYCLES"):
        monkeypatch.setattr(positions, name, 1000)
    program = engine.lower(circuit, readout, convolution=whole)
    assert "; single rows run with positions side by side in 4 of 4 stages, as" in program.reason
    assert program.route(row) is Route.POSITIONS
    np.testing.assert_array_equal(program.sums(row), evaluate_sums(circuit, readout, row))
    monkeypatch.setenv(VARIABLE, "flat")
    program = engine.lower(circuit, readout, convolution=whole)
    assert "single rows" not in program.reason
    assert program.route(row) is Route.SINGLE_ROWS


def test_rows_that_may_lack_values_run_flat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "kernels")
    circuit, readout, whole = small_convolution()
    encoder = Splits(np.arange(20, dtype=np.uint32), np.zeros(20), 20, missing="zero")
    program = engine.lower(circuit, readout, encoder, whole)
    assert "single rows" not in program.reason


def test_planes_that_would_take_too_much_run_flat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "kernels")
    far = Kernels(np.array([[0], [5]]), [6], (5000, 5000), (4000, 4000), (4999, 4999))
    whole = random_convolution((1, 3, 3), far)
    assert "single rows" not in engine.lower(*whole.flat(), convolution=whole).reason
    plan = _core.Positions(1, 3, 3, 3.0)
    plan.add_kernels(far.leaves, far.table, *(far.kernel_size, far.stride, far.padding), 2)
    assert plan.cycles == [float("inf")]
    windows = _core.Positions(2, 1024, 1024, 3.0)
    with pytest.raises(ValueError, match="windows have too many values"):
        windows.add_pool((1024, 1024), (1, 1))


def test_the_core_refuses_parts_that_do_not_fit(isa: str) -> None:
    _, _, whole = small_convolution()
    source = bits_source(*whole.flat())
    plan = positions._plan(whole, isa)
    with pytest.raises(ValueError, match="stages or inputs do not fit"):
        _core.lower_positions(plan, 9, source, source, isa)
    with pytest.raises(ValueError, match="circuit and maps differ"):
        _core.lower_positions(positions._plan(whole, isa), 1, source, source, isa)
    with pytest.raises(ValueError, match="rows and maps differ"):
        _core.lower_positions(_core.Positions(1, 4, 4, 3.0), 1, source, source, isa)
