"""Rows of numbers behind encoders of tables: compared in the core, with the bits of `encode`."""

import numpy as np
import pytest

from gategrad import engine
from gategrad.circuit import evaluate_sums
from gategrad.encoding import Binned, EncodingError, OneHot, Table, Thermometer
from tests.random_circuits import random_circuit, random_readout

VALUES = np.array([-np.inf, -3.0, -0.0, 0.0, 1.0, 1.5, 2.0, 7.0, 1 / 3, 250.0, np.inf])
CODES = (0.0, 1.0, 7.0, 1.5, 250.0, np.inf, "7", "red")
LEVELS = [[0.0, 1 / 3], [1.5, 1 / 3], [np.inf, 2.0]]


def table(*, missing: str = "error", binned: bool = True, unknown: str = "zero") -> Table:
    """Levels, bins and categories, columns in another order than groups."""
    numbers = Binned(LEVELS) if binned else Thermometer(LEVELS)
    parts = [Thermometer(LEVELS), numbers, OneHot((CODES, (2.0, -3.0)), unknown=unknown)]
    return Table(parts, [(3, 0), (1, 4), (5, 2)], missing=missing)


def program_of(encoder: Table) -> tuple:
    circuit = random_circuit(n_inputs=encoder.n_inputs, n_gates=90, n_outputs=40, width=3)
    readout = random_readout(40, 3)
    return engine.lower(circuit, readout, encoder), circuit, readout


def no_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on, `encode` of a table fails."""
    monkeypatch.setattr(Table, "encode", lambda self, x: pytest.fail("rows were encoded in numpy"))


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.int64, np.float32, np.float64])
@pytest.mark.parametrize("n_rows", [0, 1, 3, 600, 5000])
@pytest.mark.parametrize("binned", [True, False])
def test_agrees_with_the_encoder(monkeypatch, dtype: type, n_rows: int, binned: bool) -> None:
    values = VALUES if np.dtype(dtype).kind == "f" else VALUES[(VALUES >= 0) & (VALUES < 256)]
    x = np.random.default_rng(0).choice(values, (n_rows, 6)).astype(dtype)
    encoder = table(binned=binned)
    program, circuit, readout = program_of(encoder)
    sums = evaluate_sums(circuit, readout, encoder.encode(x))
    no_encoding(monkeypatch)
    np.testing.assert_array_equal(program.sums(x), sums)
    np.testing.assert_array_equal(program.sums(np.asfortranarray(x), threads=2), sums)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_missing_numbers(monkeypatch, dtype: type) -> None:
    x = np.random.default_rng(1).choice([*VALUES, np.nan], (600, 6)).astype(dtype)
    for binned in (True, False):
        encoder = table(binned=binned, missing="zero")
        program, circuit, readout = program_of(encoder)
        sums = evaluate_sums(circuit, readout, encoder.encode(x))
        np.testing.assert_array_equal(program.sums(x), sums)
    no_encoding(monkeypatch)
    np.testing.assert_array_equal(program.sums(x), sums)


def test_errors_are_those_of_the_encoder() -> None:
    program, *_ = program_of(table())
    x = np.zeros((5, 6))
    x[3, 1] = np.nan
    with pytest.raises(EncodingError, match="row 3, column 1 has no value"):
        program.sums(x)
    with pytest.raises(EncodingError, match=r"shape \(5, 7\)"):
        program.sums(np.zeros((5, 7)))
    with pytest.raises(EncodingError, match="beyond 2\\*\\*53"):
        program.sums(np.full((2, 6), 2**60))
    strict, *_ = program_of(table(unknown="error"))
    with pytest.raises(EncodingError, match=r"row 0, column 5 is 3\.0; known"):
        strict.sums(np.full((2, 6), 3.0))


def test_rows_with_text_are_encoded_as_before() -> None:
    encoder = table()
    program, circuit, readout = program_of(encoder)
    x = np.full((4, 6), 1.0, object)
    x[:, 5] = ["red", "7", 7, "blue"]
    sums = evaluate_sums(circuit, readout, encoder.encode(x))
    np.testing.assert_array_equal(program.sums(x), sums)


def test_more_columns_than_the_core_compares_at_a_time() -> None:
    encoder = Binned(np.sort(np.random.default_rng(2).choice(VALUES[1:-1], (3, 70)), axis=0))
    program, circuit, readout = program_of(encoder)
    x = np.random.default_rng(3).choice(VALUES, (300, 70))
    sums = evaluate_sums(circuit, readout, encoder.encode(x))
    np.testing.assert_array_equal(program.sums(x), sums)
    assert program._numbers(program._compared).columns is None
