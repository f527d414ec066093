"""Models behind filters: seen in a mirror, and several with other filters as one."""

from dataclasses import replace

import numpy as np
import pytest

import gategrad as gg
from gategrad.model import ModelError
from tests.model.examples import IMAGES, encoded_model, filters_model

SHAPE = (3, 4, 5)
ALL = ("pixels", "opponents", "steps", "slopes", "diagonals", "spots")
MIRRORED = IMAGES.reshape(-1, *SHAPE)[..., ::-1].reshape(len(IMAGES), -1)


@pytest.mark.parametrize("filters", [("pixels",), ("steps",), ALL])
def test_a_mirrored_model_sees_mirrored_images(filters):
    model = filters_model(filters)
    np.testing.assert_array_equal(gg.mirrored(model, SHAPE).sums(IMAGES), model.sums(MIRRORED))
    assert (model.sums(IMAGES) != model.sums(MIRRORED)).any()


def test_twice_mirrored_is_the_model():
    model = filters_model(ALL)
    twice = gg.mirrored(gg.mirrored(model, SHAPE), SHAPE)
    np.testing.assert_array_equal(twice.sums(IMAGES), model.sums(IMAGES))
    assert twice == model


def test_filters_that_a_mirror_keeps_are_shared():
    model = filters_model(("pixels", "steps"))
    both = gg.ensemble([model, gg.mirrored(model, SHAPE)])
    assert both.encoder.filters == ("red", "green", "blue", "across", "down", "across, mirrored")
    expected = (model.scores(IMAGES) + model.scores(MIRRORED)) / 2
    np.testing.assert_allclose(both.scores(IMAGES), expected)
    assert gg.Model.from_bytes(both.optimize().to_bytes()) == both.optimize()


def test_models_of_other_filters_are_one():
    models = [filters_model(("pixels", "steps")), filters_model(("opponents", "steps", "spots"))]
    whole = gg.ensemble(models, [1, 0.5])
    assert len(whole.encoder.filters) == 3 + 2 + 2 + 1
    expected = models[0].scores(IMAGES) + 0.5 * models[1].scores(IMAGES)
    np.testing.assert_allclose(whole.scores(IMAGES), expected, atol=1e-4)


def test_planes_of_one_name_with_other_levels_are_apart():
    one = filters_model(("pixels",))
    levels = one.encoder.levels + 1
    other = gg.Model(
        one.circuit, one.readout, type(one.encoder)(
            SHAPE, one.encoder.weights, one.encoder.shift, one.encoder.offset, levels,
            one.encoder.filters,
        ),
    )  # fmt: skip
    whole = gg.ensemble([one, other])
    assert whole.encoder.filters == ("red", "green", "blue", "red 2", "green 2", "blue 2")
    expected = (one.scores(IMAGES) + other.scores(IMAGES)) / 2
    np.testing.assert_allclose(whole.scores(IMAGES), expected)


def test_what_does_not_fit():
    with pytest.raises(ModelError, match=r"the filters are over images of \(3, 4, 5\)"):
        gg.mirrored(filters_model(), (3, 5, 4))
    with pytest.raises(ModelError, match="number of inputs"):
        gg.ensemble([filters_model(), encoded_model(labels=None)])


def test_names_that_a_mirror_makes_alike():
    model = filters_model(("steps",))
    encoder = replace(model.encoder, filters=("down, mirrored", "down"))
    turned = gg.mirrored(replace(model, encoder=encoder), SHAPE)
    assert turned.encoder.filters == ("down", "down 2")
