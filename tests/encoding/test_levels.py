"""Where levels lie: between values, on one side of a measurement whatever it comes as, spread."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gategrad.encoding import Binned, OneHot, Table, Thermometer

FITS = {
    "quantile": Thermometer.quantile,
    "uniform": Thermometer.uniform,
    "bins": lambda x, bits: Binned.quantile(x, bits + 1),
    "uniform bins": lambda x, bits: Binned.uniform(x, bits + 1),
    "table": Table.fit,
    "uniform table": lambda x, bits: Table.fit(x, bits, spacing="uniform"),
}


@st.composite
def measurements(draw, digits=2):
    """A column of numbers of one or two decimals, as whole numbers of the last digit's unit."""
    scale = 10 ** draw(st.integers(1, digits))
    values = draw(st.lists(st.integers(-300, 3000), min_size=2, max_size=40))
    return [f"{value / scale:.{digits}f}" for value in values]


def as_columns(texts):
    numbers = np.array([float(text) for text in texts])[:, None]
    return numbers, numbers.astype(np.float32), np.array(texts, dtype=object)[:, None]


@pytest.mark.parametrize("name", FITS)
@given(texts=measurements(), more=measurements(), bits=st.integers(1, 9))
def test_a_measurement_has_the_same_bits_in_every_dtype(name, texts, more, bits):
    for fitted_on in as_columns(texts)[:2]:
        encoder = FITS[name](fitted_on, bits)
        for rows in (texts, more):
            double, single, text = as_columns(rows)
            expected = encoder.encode(double)
            np.testing.assert_array_equal(encoder.encode(single), expected)
            if isinstance(encoder, Table):
                np.testing.assert_array_equal(encoder.encode(text), expected)


@pytest.mark.parametrize("name", ["quantile", "bins", "table"])
@given(texts=measurements(), bits=st.integers(1, 9))
def test_levels_are_the_same_whichever_dtype_they_are_fitted_on(name, texts, bits):
    double, single, _ = as_columns(texts)
    assert FITS[name](double, bits) == FITS[name](single, bits)


@pytest.mark.parametrize("digits", [3, 4])
@given(data=st.data())
def test_levels_between_two_decimals_suit_longer_measurements_too(digits, data):
    encoder = Thermometer.quantile(as_columns(data.draw(measurements(2)))[0], 5)
    double, single, _ = as_columns(data.draw(measurements(digits)))
    np.testing.assert_array_equal(encoder.encode(double), encoder.encode(single))


def test_pixels_as_shares_of_255():
    pixels = np.arange(256)[:, None] / 255
    for encoder in (Thermometer.uniform(pixels, 254), Thermometer.uniform(pixels, 2)):
        single = encoder.encode(pixels.astype(np.float32))
        np.testing.assert_array_equal(encoder.encode(pixels), single)


def test_bytes_have_the_thresholds_that_they_had():
    rows = np.array([[0], [255]], np.uint8)
    assert Thermometer.uniform(rows, 3).levels.ravel().tolist() == [63.75, 127.5, 191.25]


def test_quantiles_of_neighbours_that_float32_does_not_tell_apart():
    x = np.array([[2.0**30], [2.0**30 + 1], [2.0**30 + 2]])
    assert Thermometer.quantile(x, 2).encode(x).sum(1).tolist() == [0, 1, 2]
    x = np.array([[1.0], [np.nextafter(1.0, 2.0)]])
    assert Thermometer.quantile(x, 1).encode(x).tolist() == [[False], [True]]
    x = np.array([[-np.inf], [-1e308], [1e308], [np.inf]])
    assert Thermometer.quantile(x, 3).encode(x).sum(1).tolist() == [0, 1, 2, 3]


def test_a_constant_decimal_is_below_its_level_in_every_dtype():
    double, single, _ = as_columns(["0.1", "0.1"])
    for fit in (Thermometer.quantile, Thermometer.uniform):
        for encoder in (fit(double, 2), fit(single, 2)):
            assert not encoder.encode(double).any()
            assert not encoder.encode(single).any()


def test_tied_levels_spread_over_the_tail():
    """A column such as Adult's capital gain: nine rows of ten are 0."""
    gains = np.concatenate([np.zeros(900), np.arange(1, 101)])[:, None]
    encoder = Thermometer.quantile(gains, 8)
    levels = encoder.levels.ravel()
    assert levels[0] == 0.5
    assert (np.diff(levels) > 0).all()
    shares = np.diff(encoder.encode(gains).sum(0))
    assert shares.min() >= -14
    assert shares.max() <= -11


@given(
    rows=st.lists(st.integers(1, 60), min_size=2, max_size=30),
    bits=st.integers(1, 12),
)
def test_levels_differ_where_there_are_values_for_it(rows, bits):
    column = np.repeat(np.arange(len(rows)), rows)[:, None]
    levels = Thermometer.quantile(column, bits).levels.ravel()
    assert len(np.unique(levels)) == min(bits, len(rows) - 1)
    assert (np.diff(levels) >= 0).all()


def test_levels_of_untied_columns_split_rows_evenly():
    x = np.random.default_rng(0).permutation(900)[:, None]
    assert Thermometer.quantile(x, 8).encode(x).sum(0).tolist() == list(range(800, 0, -100))


def test_more_bits_than_places_repeat_them():
    encoder = Thermometer.quantile([[0], [1], [2]], 5)
    assert encoder.levels.ravel().tolist() == [0.5, 0.5, 0.5, 1.5, 1.5]


def test_categories_that_are_decimals_are_the_same_in_every_dtype():
    double, single, _ = as_columns(["0.1", "0.2", "7"])
    for encoder in (OneHot.fit(double), OneHot.fit(single)):
        assert encoder.categories == ((0.1, 0.2, 7.0),)
        assert encoder.encode(double).tolist() == np.eye(3, dtype=bool).tolist()
        assert encoder.encode(single).tolist() == np.eye(3, dtype=bool).tolist()
        cells = np.array([list(row) for row in single], dtype=object)
        assert encoder.encode(cells).tolist() == np.eye(3, dtype=bool).tolist()
