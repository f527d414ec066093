"""The encoder that suits rows where none is asked for in detail."""

import numpy as np
import pytest

from gategrad.cli.encoders import choose_encoder
from gategrad.cli.errors import CommandError
from gategrad.cli.sources import Source
from gategrad.encoding import EncodingError, Filters, Table, Thermometer


def source(x, *, name="mine.npz", columns=(), categories=(), **more):
    y = np.zeros(len(x), np.int64)
    return Source(
        name, x, y, x, y, ("a", "b"), "all", columns=columns, categories=categories, **more
    )


BYTES = np.array([[0, 200], [255, 3], [90, 90]], np.uint8)


@pytest.mark.parametrize(
    ("name", "levels"),
    [
        ("mnist", [127.5]),
        ("fashion-mnist", [25.5, 89.25, 165.75]),
        ("cifar-10", [63.75, 127.5, 191.25]),
        ("mine.npz", [63.75, 127.5, 191.25]),
    ],
)
def test_bytes_have_the_levels_of_their_set(name, levels):
    encoder = choose_encoder(source(BYTES, name=name))
    assert encoder == Thermometer.fixed(levels, 2)


def test_bits_that_are_asked_for_replace_the_levels_of_a_set():
    encoder = choose_encoder(source(BYTES, name="mnist"), bits=4)
    assert encoder == Thermometer.fixed([51, 102, 153, 204], 2)


def test_other_numbers_have_quantiles():
    x = np.arange(40.0).reshape(20, 2) ** 2
    assert choose_encoder(source(x)) == Thermometer.quantile(x, 8)
    assert choose_encoder(source(x), bits=3) == Thermometer.quantile(x, 3)
    assert choose_encoder(source(x), bits=3, spacing="uniform") == Thermometer.uniform(x, 3)


@pytest.mark.parametrize("dtype", [bool, np.uint8, float])
def test_bits_have_no_encoder(dtype):
    assert choose_encoder(source(np.eye(3, dtype=dtype))) is None


def test_tables_keep_their_names_and_categories():
    encoder = choose_encoder(source(BYTES, columns=("p", "q"), categories=("q",)), bits=2)
    assert isinstance(encoder, Table)
    assert encoder.names == ("p", "q")
    assert encoder.input_names()[-3:] == ["q = 3", "q = 90", "q = 200"]


def test_unknown_spacing():
    with pytest.raises(CommandError, match="--spacing is 'x'; known: uniform, quantile"):
        choose_encoder(source(BYTES), spacing="x")


PHOTOS = np.random.default_rng(0).integers(0, 256, (30, 3 * 4 * 4), np.uint8)


def test_filters_by_name():
    photos = source(PHOTOS, image_shape=(3, 4, 4))
    encoder = choose_encoder(photos, filters="pixels, steps")
    assert encoder == Filters.fit(PHOTOS, (3, 4, 4), ("pixels", "steps"), 7)
    assert len(choose_encoder(photos, filters="steps", bits=2).levels) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bits": (1.0, 2.0)}, "give --thermometer as a number of levels"),
        ({"spacing": "uniform"}, "leave out --spacing"),
        ({"missing": "zero"}, "--filters are for images, which have no columns and no gaps"),
        ({"filters": "pixels,edges"}, "unknown filter 'edges'; known: pixels, opponents, steps"),
    ],
)
def test_what_filters_do_not_take(options, message):
    error = EncodingError if "filters" in options else CommandError
    with pytest.raises(error, match=message):
        choose_encoder(source(PHOTOS, image_shape=(3, 4, 4)), **{"filters": "steps"} | options)


def test_filters_are_for_images():
    with pytest.raises(CommandError, match="--filters are for images; say their shape by --image"):
        choose_encoder(source(PHOTOS), filters="steps")
