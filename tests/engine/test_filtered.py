"""Models behind filters over images: every engine, batch and way in gives the same."""

import numpy as np
import pytest

import gategrad as gg
from gategrad.encoding import EncodingError
from gategrad.engine import InputError, Route
from gategrad.engine.filtered import FilteredProgram
from tests.encoding.test_filters import by_definition
from tests.model.examples import IMAGES, filters_model

MODEL = filters_model()
ROWS = np.tile(IMAGES, (40, 1))
# Planes by their definition, bits of these by a thermometer, gates by the numpy engine.
BEHIND = gg.Model(MODEL.circuit, MODEL.readout, MODEL.encoder.of_planes())
EXPECTED = BEHIND.sums(by_definition(MODEL.encoder, ROWS), backend="numpy")


def test_the_numpy_engine():
    np.testing.assert_array_equal(MODEL.sums(ROWS, backend="numpy"), EXPECTED)


@pytest.mark.parametrize("n", [0, 1, 2, 7, 64, 513, 800])
def test_batches(n):
    np.testing.assert_array_equal(MODEL.sums(ROWS[:n]), EXPECTED[:n])
    np.testing.assert_array_equal(MODEL.predict(ROWS[:n]), EXPECTED[:n].argmax(1))
    assert MODEL.sums(ROWS[:n]).dtype == np.int32


@pytest.mark.parametrize("threads", [None, 1, 2, 3])
def test_threads(threads):
    np.testing.assert_array_equal(MODEL.sums(ROWS, threads=threads), EXPECTED)


def test_rows_in_several_blocks(monkeypatch):
    monkeypatch.setattr("gategrad.encoding.filters._BLOCK_BYTES", 5 * 20 * 100)
    assert len(MODEL.encoder.blocks(len(ROWS))) == 8
    np.testing.assert_array_equal(MODEL.sums(ROWS), EXPECTED)
    np.testing.assert_array_equal(
        MODEL.encoder.encode(ROWS)[-1], MODEL.encoder.encode(ROWS[-1:])[0]
    )


@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.float64])
def test_other_types_and_strides(dtype):
    wide = np.zeros((len(ROWS), 2 * ROWS.shape[1]), dtype)
    wide[:, ::2] = ROWS
    np.testing.assert_array_equal(MODEL.sums(wide[:, ::2]), EXPECTED)
    np.testing.assert_array_equal(MODEL.sums(np.asfortranarray(ROWS)), EXPECTED)


def test_packed_bits_go_behind_the_filters():
    packed = gg.pack(MODEL.encoder.encode(ROWS))
    np.testing.assert_array_equal(MODEL.sums(packed), EXPECTED)
    assert MODEL.program().route(packed) is Route.PACKED


def test_it_says_what_runs():
    program = filters_model().warm_up().program()
    assert program._few_made
    assert isinstance(program, FilteredProgram)
    assert program.route(ROWS) is Route.FILTERS
    assert "5 filters make planes of bytes first" in program.reason


def test_wrong_rows():
    with pytest.raises(EncodingError, match=r"x has shape \(2, 3\); expected \(rows, 60\)"):
        MODEL.predict(np.zeros((2, 3)))
    with pytest.raises(EncodingError, match="x at row 0, column 0 is 300; filters take pixels"):
        MODEL.predict(np.full((1, 60), 300))
    with pytest.raises(InputError, match="threads is 0"):
        MODEL.predict(ROWS, threads=0)
