"""Filters against their definition, by names, and what wrong ones are answered with."""

import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gategrad import _core
from gategrad.encoding import EncodingError, Filters, from_state
from gategrad.encoding.filter_bank import KNOWN, bank

SHAPE = (3, 6, 7)
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (40, 3 * 6 * 7), np.uint8)
ALL = Filters.fit(IMAGES, SHAPE, KNOWN, 3)


def by_definition(encoder, x):
    """Planes pixel by pixel, in whole numbers of Python."""
    channels, height, width = encoder.image_shape
    size = encoder.weights.shape[2]
    images = np.asarray(x).astype(int).reshape(-1, channels, height, width)
    made = np.empty((len(images), len(encoder.filters), height, width), int)
    for p, weights in enumerate(encoder.weights.astype(int)):
        for y in range(height):
            for column in range(width):
                lines = np.clip(np.arange(size) + y - size // 2, 0, height - 1)
                places = np.clip(np.arange(size) + column - size // 2, 0, width - 1)
                around = images[:, :, lines][:, :, :, places]
                total = (around * weights).sum((1, 2, 3))
                shared = np.sign(total) * (np.abs(total) >> int(encoder.shift[p]))
                made[:, p, y, column] = np.clip(shared + int(encoder.offset[p]), 0, 255)
    return made.reshape(len(images), -1)


@pytest.mark.parametrize("isa", _core.isas())
@pytest.mark.parametrize("names", [KNOWN, ("steps", "spots")])
@pytest.mark.parametrize("shape", [SHAPE, (3, 1, 1), (3, 5, 70), (3, 33, 2)])
def test_planes_are_those_of_the_definition(names, shape, isa, monkeypatch):
    monkeypatch.setenv("GATEGRAD_ISA", isa)
    x = RNG.integers(0, 256, (5, int(np.prod(shape))), np.uint8)
    encoder = Filters.fit(x, shape, names, 2)
    np.testing.assert_array_equal(encoder.planes(x), by_definition(encoder, x))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_filters_are_those_of_the_definition(data):
    channels, height, width = (data.draw(st.integers(1, n)) for n in (3, 5, 40))
    size, n = data.draw(st.sampled_from([1, 3, 5])), data.draw(st.integers(1, 3))
    seed = data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    weights = rng.integers(-9, 10, (n, channels, size, size))
    # As much as is allowed, at some place.
    for plane in weights:
        plane *= np.abs(plane).cumsum().reshape(plane.shape) <= 127
    shift, offset = rng.integers(0, 8, n), rng.integers(0, 256, n)
    levels = np.sort(rng.uniform(0, 254.9, (2, n)), axis=0)
    names = tuple(map(str, range(n)))
    encoder = Filters((channels, height, width), weights, shift, offset, levels, names)
    x = rng.integers(0, 256, (3, channels * height * width), np.uint8)
    planes = encoder.planes(x)
    np.testing.assert_array_equal(planes, by_definition(encoder, x))
    np.testing.assert_array_equal(encoder.encode(x), encoder.of_planes().encode(planes))


def test_pixels_are_planes_as_they_are():
    encoder = Filters.fit(IMAGES, SHAPE, ("pixels",), 1)
    assert encoder.filters == ("red", "green", "blue")
    np.testing.assert_array_equal(encoder.planes(IMAGES), IMAGES)


def test_an_edge_is_seen_where_it_is():
    image = np.zeros((1, 4, 4), np.uint8)
    image[..., 2:] = 100
    encoder = Filters.fit(image.reshape(1, -1), (4, 4), ("steps",), 1)
    across, down = encoder.planes(image.reshape(1, -1)).reshape(2, 4, 4)
    assert across.tolist() == [[128, 228, 128, 128]] * 4
    assert (down == 128).all()


def test_layout_is_level_by_level_then_plane_by_plane():
    bits = ALL.encode(IMAGES).reshape(len(IMAGES), 3, len(ALL.filters), -1)
    planes = ALL.by_plane(ALL.planes(IMAGES))
    assert ALL.n_inputs == bits[0].size
    for t in range(3):
        np.testing.assert_array_equal(bits[:, t], planes > ALL.levels[t][:, None])


def test_levels_split_pixels_evenly():
    shares = ALL.encode(IMAGES).reshape(len(IMAGES), 3, len(ALL.filters), -1).mean((0, 3))
    # Bytes far apart in the images, of which no two levels may be one.
    assert np.abs(shares[:, :3] - np.array([[0.75], [0.5], [0.25]])).max() < 0.02
    assert (np.diff(ALL.levels, axis=0) > 0).all()


def test_levels_are_those_of_all_pixels():
    """Of wide images too, whose columns differ."""
    x = np.tile(np.arange(0, 256, 8, dtype=np.uint8), (9000, 2))
    encoder = Filters.fit(x, (2, 32), ("pixels",), 3)
    assert encoder.levels[:, 0].tolist() == [60, 124, 188]
    counts = encoder.histograms(x)
    assert counts.sum() == x.size
    assert counts[0, 8] == 2 * 9000


def test_levels_of_images_that_are_mostly_one_value():
    x = np.zeros((200, 16), np.uint8)
    x[:, :4] = RNG.integers(1, 256, (200, 4))
    encoder = Filters.fit(x, (4, 4), ("pixels",), 3)
    shares = encoder.encode(x).reshape(200, 3, 16).mean((0, 2))
    assert shares == pytest.approx([0.25, 0.167, 0.083], abs=0.01)


def test_levels_of_images_without_anything_stay_bytes():
    for value in (0, 255):
        levels = Filters.fit(np.full((3, 16), value, np.uint8), (4, 4), ("pixels",), 5).levels
        assert 0 <= levels.min() <= levels.max() < 255


def test_rows_of_other_types_and_strides():
    for dtype in (np.int64, np.float32, np.float64):
        np.testing.assert_array_equal(ALL.planes(IMAGES.astype(dtype)), ALL.planes(IMAGES))
    turned = np.asfortranarray(IMAGES)
    np.testing.assert_array_equal(ALL.encode(turned[::2]), ALL.encode(IMAGES)[::2])
    assert ALL.encode(IMAGES[:0]).shape == (0, ALL.n_inputs)
    np.testing.assert_array_equal(ALL.planes(IMAGES, threads=3), ALL.planes(IMAGES))


def test_names_of_bits():
    names = ALL.input_names()
    assert len(names) == ALL.n_inputs
    assert names[0] == f"red at 0, 0 > {ALL.levels[0, 0]:g}"
    assert names[-1].startswith(f"{ALL.filters[-1]} at 5, 6 > ")


def test_state_survives_json_and_pickle():
    config, arrays = ALL.to_state()
    assert all(a.dtype == np.float64 for a in arrays.values())
    again = from_state(json.loads(json.dumps(config)), {k: a.copy() for k, a in arrays.items()})
    assert again == ALL
    assert hash(again) == hash(ALL)
    assert pickle.loads(pickle.dumps(ALL)) == ALL
    assert Filters.fit(IMAGES, SHAPE, ("pixels",), 3) != ALL
    assert ALL != "filters"


GOOD = {
    "image_shape": (1, 4, 4),
    "weights": np.ones((1, 1, 3, 3), int),
    "shift": [0],
    "offset": [0],
    "levels": [[1.5]],
    "filters": ("mean",),
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image_shape": (4,)}, r"image_shape is \(4,\); expected \(channels, height, width\)"),
        ({"image_shape": (1, 0, 4)}, "each at least 1"),
        ({"image_shape": "wide"}, "image_shape is 'wide'"),
        ({"weights": np.ones((1, 1, 3, 3))}, "weights have .* dtype float64; expected 4 dim"),
        ({"weights": np.ones((1, 2, 3, 3), int)}, r"expected \(planes, 1 channels, size, size\)"),
        ({"weights": np.ones((1, 1, 2, 2), int)}, "the side of a filter is even"),
        ({"weights": np.full((1, 1, 3, 3), 15)}, "sum up to more than 127"),
        ({"shift": [8]}, "filters can't be computed: a shift is more than 7"),
        ({"shift": [0, 0]}, "2 shifts and 1 offsets"),
        ({"offset": [256]}, "integers from 0 to 255"),
        ({"levels": [[255.0]]}, "expected .* of 0 or more and below 255"),
        ({"levels": [[-0.5]]}, "expected .* of 0 or more and below 255"),
        ({"levels": [[2.0], [1.0]]}, "levels fall in column 0"),
        (
            {"image_shape": (1, 4097, 4096)},
            "16,781,312 bits of 16,781,312 pixels; expected at most",
        ),
        ({"image_shape": (1, 5000, 4)}, "more than 4096 a side"),
        ({"filters": ("a", "b")}, "got 2 feature names; expected 1"),
        ({"filters": None}, "filters have no names"),
    ],
)
def test_wrong_filters_are_refused(change, message):
    with pytest.raises(EncodingError, match=message):
        Filters(**(GOOD | change))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.zeros((2, 15)), r"x has shape \(2, 15\); expected \(rows, 16\)"),
        (np.full((2, 16), 0.5), "x at row 0, column 0 is 0.5; filters take pixels, integers"),
        (np.full((2, 16), -1), "x at row 0, column 0 is -1"),
        (np.full((2, 16), np.nan), "x at row 0, column 0 is nan"),
        (np.full((2, 16), 256), "x at row 0, column 0 is 256"),
        (np.full((2, 16), "a"), "x has dtype <U1"),
    ],
)
def test_rows_that_are_no_images_of_bytes(rows, message):
    with pytest.raises(EncodingError, match=message):
        Filters(**GOOD).encode(rows)


@pytest.mark.parametrize(
    ("filters", "channels", "message"),
    [
        (("edges",), 3, "unknown filter 'edges'; known: pixels, opponents, steps"),
        ((), 3, r"filters are \(\); expected some of"),
        (("steps", "steps"), 3, "expected some of .*, once"),
        (("opponents",), 1, '"opponents" are differences of three colours; the images have 1'),
    ],
)
def test_wrong_names(filters, channels, message):
    with pytest.raises(EncodingError, match=message):
        bank(filters, channels)


@pytest.mark.parametrize("threads", [0, -1, 1.5])
def test_wrong_threads(threads):
    with pytest.raises(EncodingError, match=f"threads is {threads}; expected an integer of at"):
        ALL.planes(IMAGES, threads=threads)


def test_nothing_to_fit_on():
    with pytest.raises(EncodingError, match="x has no rows"):
        Filters.fit(IMAGES[:0], SHAPE)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda c, a: c.pop("filters"), "filters config lacks the key 'filters'"),
        (lambda c, a: c.update(image_shape=[3, 6.0, 7]), "image_shape holds 6.0; expected int"),
        (lambda c, a: c.update(image_shape=[6, 7]), "expected three sizes"),
        (lambda c, a: c.update(extra=1), "unexpected key 'extra'"),
        (lambda c, a: a.pop("shift"), "filters state lacks the array 'shift'"),
        (lambda c, a: a.update(shift=a["shift"].astype(int)), "array 'shift' has dtype int64"),
        (lambda c, a: a.update(shift=a["shift"] + 0.5), "'shift' holds something else than whole"),
        (lambda c, a: a.update(offset=a["offset"] * np.nan), "something else than whole numbers"),
        (lambda c, a: a.update(weights=a["weights"] * 1e9), "whole numbers of 16 bits"),
    ],
)
def test_damaged_states_are_refused(edit, message):
    config, arrays = ALL.to_state()
    edit(config, arrays)
    with pytest.raises(EncodingError, match=message):
        from_state(config, arrays)
