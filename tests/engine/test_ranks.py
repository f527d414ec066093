"""Comparisons of few columns with many values, as ranks: every instruction set, dtype, layout."""

import numpy as np
import pytest

from gategrad import engine
from gategrad.circuit import evaluate_sums
from gategrad.encoding import Splits
from gategrad.engine import isa as isas
from tests.engine.test_matrix import ENGINES, LAYOUTS
from tests.instruction_sets import skip_without
from tests.random_circuits import random_circuit, random_readout


@pytest.fixture(params=ENGINES)
def lower(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    """`engine.lower` for one engine, and for the native one with one instruction set."""
    backend, isa, code = (*request.param.split(":"), "", "")[:3]
    if isa:
        skip_without(isa)
        monkeypatch.setenv("GATEGRAD_ISA", isa)
    monkeypatch.setenv("GATEGRAD_CODE", code or "on")
    return lambda *args: engine.lower(*args, backend=backend)


def splits_of(counts: list[int], missing: str, seed: int = 0) -> Splits:
    """So many values a column, some beyond what float32 and uint8 can tell apart."""
    rng = np.random.default_rng(seed)
    odd = [-np.inf, np.inf, 1e300, -1e300, 0.1, 1e-50, 255.0, 254.5, -1e-45]
    feature, least = [], []
    for column, count in enumerate(counts):
        choices = np.concatenate([odd, rng.normal(size=2 * count) * 100])
        feature += [column] * count
        least += np.sort(rng.choice(np.unique(choices), count, replace=False)).tolist()
    return Splits(np.array(feature, np.uint32), np.array(least), len(counts), None, missing)


def values(splits: Splits, dtype: type, n: int, *, gaps: bool) -> np.ndarray:
    """Rows on, below and above every value, infinities and, where there are `gaps`, NaN."""
    rng = np.random.default_rng(n)
    if dtype is np.bool_:
        return rng.random((n, splits.n_features)) < 0.5
    if dtype is np.uint8:
        return rng.integers(0, 256, (n, splits.n_features)).astype(dtype)
    with np.errstate(over="ignore"):
        near = splits.least.astype(dtype)
        near = [near, np.nextafter(near, dtype(-np.inf)), np.nextafter(near, dtype(np.inf))]
    odd = [-np.inf, np.inf, 0, -0.0] + [np.nan] * gaps
    return rng.choice(np.concatenate([*near, np.array(odd, dtype)]), (n, splits.n_features))


def rig(splits: Splits, seed: int = 1):
    """A circuit that reads all inputs."""
    circuit = random_circuit(n_inputs=splits.n_inputs, n_gates=900, n_outputs=700, seed=seed)
    return circuit, random_readout(700, 3, seed=seed)


# Every depth of search, columns of none, and one that takes three times what a byte counts.
COUNTS = [[1, 3, 0, 5, 15, 16, 40, 70], [130, 0, 200], [255, 256, 700]]


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("counts", COUNTS, ids=str)
def test_every_depth_of_search(lower, counts, dtype) -> None:
    splits = splits_of(counts, "zero")
    circuit, readout = rig(splits)
    program = lower(circuit, readout, splits)
    for n in (1, 64, 129, 700):
        x = values(splits, dtype, n, gaps=True)
        sums = evaluate_sums(circuit, readout, splits.encode(x))
        np.testing.assert_array_equal(program.sums(x), sums)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout(lower, layout: str) -> None:
    splits = splits_of([30, 8, 2], "zero")
    circuit, readout = rig(splits)
    x = values(splits, np.float32, 530, gaps=True)
    sums = evaluate_sums(circuit, readout, splits.encode(x))
    program = lower(circuit, readout, splits)
    np.testing.assert_array_equal(program.sums(LAYOUTS[layout](x)), sums)


@pytest.mark.parametrize("n", [2, 600])
def test_missing_values_are_refused_wherever_they_are(lower, n) -> None:
    """Also in a column that nothing asks about."""
    splits = Splits(np.repeat(np.uint32(0), 90), np.arange(90.0), 3)
    circuit, readout = rig(splits)
    program = lower(circuit, readout, splits)
    x = np.random.default_rng(0).normal(size=(n, 3)) * 40
    sums = evaluate_sums(circuit, readout, splits.encode(x))
    np.testing.assert_array_equal(program.sums(x), sums)
    x[1, 2] = np.nan
    with pytest.raises(ValueError, match=r"row 1, column 2\)? is nan"):
        program.sums(x)


def test_rows_go_to_the_core_as_they_are(monkeypatch) -> None:
    splits = splits_of([30, 8, 2], "zero")
    program = engine.lower(*rig(splits), splits)
    monkeypatch.setattr(Splits, "encode", None)
    x = values(splits, np.float64, 300, gaps=True)
    assert program.route(x) in (engine.Route.BLOCKS, engine.Route.SINGLE_ROWS)
    assert program.isa in isas.KNOWN
    assert program.sums(x).shape == (300, 3)
