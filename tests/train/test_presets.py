"""Presets build and train; recipes change; messages."""

import re

import numpy as np
import pytest

import gategrad as gg
from gategrad import train
from gategrad.encoding import Filters, Thermometer
from gategrad.nn import training_backend
from gategrad.train import Recipe, TrainError, presets
from gategrad.train.network import layer_widths

SETS = ("mnist-1bit", "mnist", "fashion-mnist", "cifar-10", "other", "table")
MOST_NEURONS = {"small": 8_000, "best": 128_000, "fast": 64_000, "plain": 64_000}


def rows(kind):
    """A few random rows like those of a set, and their shape."""
    generator = np.random.default_rng(0)
    y = np.arange(60) % 10
    if kind == "mnist-1bit":
        return generator.random((60, 784)) < 0.3, y, (1, 28, 28)
    if kind == "table":
        return generator.random((60, 12)) < 0.5, y, None
    shape = (3, 32, 32) if kind == "cifar-10" else (1, 28, 28)
    return generator.integers(0, 256, (60, np.prod(shape))).astype(np.uint8), y, shape


def encoder_of(recipe, x, shape):
    """As docs/training.md has it."""
    if recipe.filters is not None:
        return Filters.fit(x, shape, recipe.filters.split(","), recipe.thermometer)
    levels = recipe.thermometer or 1
    if isinstance(levels, int):
        levels = 255 * np.arange(1, levels + 1) / (levels + 1)
    return Thermometer.fixed(levels, x.shape[1])


@pytest.mark.parametrize("kind", SETS)
@pytest.mark.parametrize("name", presets.NAMES)
def test_every_preset_trains(kind, name):
    x, y, shape = rows(kind)
    recipe = train.preset(name, kind, image_shape=shape)
    if recipe.layers is not None:
        assert sum(layer_widths(recipe.layers)) <= MOST_NEURONS[name]
    recipe = recipe.but(layers="60,40", steps=2, batch_size=20)
    encoder = None if x.dtype == bool else encoder_of(recipe, x, shape)
    net, result = train.fit_recipe(
        recipe, x, y, image_shape=shape, encoder=encoder, threads=1, progress=False
    )
    assert result.steps == 2
    assert training_backend(net).startswith("native"), training_backend(net)
    assert gg.discretize(net, encoder=encoder).optimize().predict(x).shape == (60,)


def test_images_of_floats_are_warped_as_bytes_in_front_of_filters():
    x, y, shape = rows("cifar-10")
    recipe = train.preset("fast", "cifar-10", filters="steps", layers="60,40", steps=2)
    assert recipe.augment == "online"
    encoder = encoder_of(recipe, x, shape)
    same = {"image_shape": shape, "encoder": encoder, "threads": 1, "progress": False}
    nets = [train.fit_recipe(recipe, rows_, y, **same)[0] for rows_ in (x, x.astype(np.float32))]
    first, again = (gg.discretize(net, encoder=encoder) for net in nets)
    assert first == again


def test_recipes_with_filters_want_an_encoder_that_has_them():
    x, y, shape = rows("cifar-10")
    recipe = train.preset("best", "cifar-10", layers="60,40", steps=2)
    with pytest.raises(TrainError, match=r"the recipe has filters .* give encoder=gategrad\.enc"):
        train.fit_recipe(recipe, x, y, image_shape=shape, encoder=Thermometer.fixed([9], 3072))


def test_the_same_seed_gives_the_same_network():
    x, y, shape = rows("mnist-1bit")
    recipe = train.preset("fast", "mnist-1bit", layers="60,40", steps=3)
    options = {"image_shape": shape, "threads": 1, "progress": False}
    first, again, other = (
        gg.discretize(train.fit_recipe(recipe, x, y, seed=seed, **options)[0]) for seed in (1, 1, 2)
    )
    assert first.circuit == again.circuit
    assert first.circuit != other.circuit


def test_options_take_the_place_of_the_presets():
    recipe = train.preset("small", "mnist-1bit", lr=0.2, steps=7)
    assert (recipe.lr, recipe.steps, recipe.candidates) == (0.2, 7, 16)
    # What belongs to learned wiring goes with it.
    fixed = recipe.but(connections="local")
    assert (fixed.candidates, fixed.wire_estimator, fixed.wiring_lr) == (None, None, None)
    assert recipe.but(connections="learned", candidates=4).candidates == 4
    assert (recipe.but(epochs=2.0).steps, recipe.but(epochs=2.0).but(steps=3).epochs) == (
        None,
        None,
    )
    assert Recipe(lr=0.1, gates=("and", "or")).settings() == {"lr": 0.1, "gates": ["and", "or"]}


def test_messages():
    with pytest.raises(TrainError, match="unknown preset 'huge'; known: plain, fast, small, best"):
        train.preset("huge", "mnist")
    with pytest.raises(TrainError, match="unknown option 'lrr' of a recipe; known: thermometer,"):
        train.preset("fast", "mnist", lrr=1)
    for bad in (-1, "always"):
        with pytest.raises(TrainError, match=re.escape(f"augment is {bad!r}; expected how many")):
            Recipe(augment=bad)
    x, y, _ = rows("table")
    with pytest.raises(TrainError, match="connections 'local' are for images; give image_shape"):
        train.fit_recipe(Recipe(connections="local"), x, y)
    with pytest.raises(TrainError, match="augment warps images; give image_shape"):
        train.fit_recipe(Recipe(augment=1), x, y)
    with pytest.raises(TrainError, match="the last layer has 7 gates"):
        train.fit_recipe(Recipe(layers="7"), x, y)
    with pytest.raises(TrainError, match="candidates applies only to connections"):
        train.fit_recipe(Recipe(candidates=3), x, y)


def test_a_presets_widths_grow_until_the_classes_divide_them():
    x, y = np.random.default_rng(0).random((60, 12)) < 0.5, np.arange(60) % 7
    recipe = train.preset("fast").but(steps=1)
    net, _ = train.fit_recipe(recipe, x, y, threads=1, progress=False)
    assert [layer.out_dim for layer in net[:2]] == [100, 63]
    assert "rounds" not in recipe.settings()
    for given in (recipe.but(layers="2000x2"), Recipe(layers="2000x2")):
        with pytest.raises(TrainError, match="the last layer has 2000 gates, which 7 classes"):
            train.fit_recipe(given, x, y, progress=False)
