"""A model in the mirror, and both together."""

import numpy as np
import pytest

import gategrad as gg
from gategrad.circuit import live_gates
from gategrad.encoding import Table, Thermometer
from gategrad.model import ModelError
from tests.random_circuits import random_circuit

SHAPE = (2, 3, 5)
ROWS = np.random.default_rng(0).integers(0, 256, (300, 30), np.uint8)
MIRRORED_ROWS = ROWS.reshape(-1, *SHAPE)[..., ::-1].reshape(-1, 30)


def _model(encoder: object, n_inputs: int, seed: int = 0) -> gg.Model:
    circuit = random_circuit(n_inputs=n_inputs, n_gates=200, n_outputs=40, seed=seed)
    return gg.Model(circuit, gg.Readout.group_sum(40, 4, tau=3.0), encoder)


@pytest.fixture(params=["three levels", "bits"])
def model(request: pytest.FixtureRequest) -> gg.Model:
    if request.param == "bits":
        return _model(None, 30)
    return _model(Thermometer.fixed([60, 120, 200], 30), 90)


def _rows(model: gg.Model) -> tuple[np.ndarray, np.ndarray]:
    return tuple(x > 99 if model.encoder is None else x for x in (ROWS, MIRRORED_ROWS))


def test_it_says_of_an_image_what_the_model_says_of_its_mirror_image(model):
    x, reversed_x = _rows(model)
    made = gg.mirrored(model, SHAPE)
    np.testing.assert_array_equal(made.sums(x), model.sums(reversed_x))
    assert (made.sums(x) != model.sums(x)).any()
    assert gg.mirrored(made, SHAPE) == model


def test_rows_of_one_channel_need_none():
    model = _model(None, 30)
    assert gg.mirrored(model, (6, 5)) == gg.mirrored(model, SHAPE)


def test_both_together_add_whole_sums(model):
    x, reversed_x = _rows(model)
    both = gg.ensemble([model, gg.mirrored(model, SHAPE)])
    np.testing.assert_array_equal(both.sums(x), model.sums(x) + model.sums(reversed_x))
    np.testing.assert_array_equal(both.sums(x), both.optimize().sums(x, backend="numpy"))
    np.testing.assert_allclose(
        both.scores(x), (model.scores(x) + model.scores(reversed_x)) / 2, rtol=1e-6
    )
    np.testing.assert_array_equal(both.sums(x), both.sums(reversed_x))


def test_levels_may_differ_from_row_to_row_of_pixels_alone():
    levels = np.sort(np.random.default_rng(0).uniform(0, 255, (3, 2, 3, 1)), axis=0)
    by_line = Thermometer(np.broadcast_to(levels, (3, *SHAPE)).reshape(3, 30))
    made = gg.mirrored(_model(by_line, 90), SHAPE)
    np.testing.assert_array_equal(made.sums(MIRRORED_ROWS), _model(by_line, 90).sums(ROWS))


@pytest.mark.parametrize(
    ("encoder", "n_inputs", "shape", "message"),
    [
        (None, 30, (2, 3, 4), r"image_shape is \(2, 3, 4\).*of the 30 numbers of a row"),
        (None, 30, (30,), r"expected \(channels, height, width\)"),
        (None, 30, (2.0, 3, 5), r"expected \(channels, height, width\)"),
        (None, 30, 30, r"expected \(channels, height, width\)"),
        (Table.fit(ROWS, 3), None, SHAPE, "a Thermometer encoded; got Table"),
        (Thermometer.quantile(ROWS, 3), 90, SHAPE, "and of its image in the mirror differ"),
    ],
)
def test_message(encoder, n_inputs, shape, message):
    model = _model(encoder, n_inputs or encoder.n_inputs)
    with pytest.raises(ModelError, match=message):
        gg.mirrored(model, shape)


def test_a_gate_that_looks_alike_from_both_sides_is_there_once():
    both_ends = gg.Model(gg.Circuit(3, [[2, 4]], [8], [5, 3]), gg.Readout.group_sum(2, 2))
    made = gg.ensemble([both_ends, gg.mirrored(both_ends, (1, 3))]).optimize()
    assert live_gates(made.circuit) == 1
