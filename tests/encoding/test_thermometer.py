"""Thermometer: exact strict comparison, fitting, memory layouts."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gategrad.encoding import Encoder, Thermometer

DTYPES = [bool, "u1", "i1", "u2", "i4", "i8", "u8", "f2", "f4", "f8", ">f4", ">i2"]


def oracle(levels, x):
    """Compare element by element, in rational arithmetic."""
    n_levels, n_features = levels.shape
    bits = np.zeros((len(x), n_levels * n_features), dtype=bool)
    for row in range(len(x)):
        for t in range(n_levels):
            for f in range(n_features):
                value, level = x[row, f].item(), levels[t, f].item()
                if abs(value) == np.inf or abs(level) == np.inf:
                    bits[row, t * n_features + f] = value > level
                else:
                    bits[row, t * n_features + f] = Fraction(value) > Fraction(level)
    return bits


def finite(dtype):
    return hnp.from_dtype(np.dtype(dtype), allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize("dtype", DTYPES)
def test_encode_is_the_oracle_for_every_dtype(dtype):
    rng = np.random.default_rng(1)
    x = rng.integers(0, 100, (17, 5)).astype(dtype)
    encoder = Thermometer(np.sort(rng.integers(-2, 100, (4, 5)) / 2.0, axis=0))
    bits = encoder.encode(x)
    assert bits.dtype == bool
    assert bits.flags.c_contiguous
    np.testing.assert_array_equal(bits, oracle(encoder.levels, x))


@given(value=finite("f4"))
def test_float32_at_its_own_value_is_not_above_and_one_step_below_is(value):
    level = float(value)
    below, above = np.nextafter(level, -np.inf), np.nextafter(level, np.inf)
    x = np.array([[value]], dtype=np.float32)
    assert Fraction(below) < Fraction(level) < Fraction(above)
    bits = Thermometer.fixed([below, level, above], 1).encode(x)
    assert bits.tolist() == [[True, False, False]]


@given(x=hnp.arrays(np.float32, (3, 2), elements=finite("f4")), level=finite("f8"))
def test_float32_against_any_float64_level_is_exact(x, level):
    encoder = Thermometer.fixed(level, 2)
    np.testing.assert_array_equal(encoder.encode(x), oracle(encoder.levels, x))


@given(
    x=hnp.arrays(
        np.float64, (6, 3), elements=st.floats(-1e6, 1e6) | st.sampled_from([-np.inf, np.inf])
    ),
    bits=st.integers(1, 6),
)
def test_a_bit_implies_the_bits_of_lower_levels(x, bits):
    encoded = Thermometer.quantile(x, bits).encode(x).reshape(6, bits, 3)
    assert not (encoded[:, 1:] & ~encoded[:, :-1]).any()


def test_integers_are_exact_up_to_2_to_the_53():
    top = 2**53
    encoder = Thermometer.fixed([-top, top - 1.0], 1)
    x = np.array([[top], [top - 1], [-top]])
    assert encoder.encode(x).tolist() == [[True, True], [True, False], [False, False]]
    assert encoder.encode(np.array([[top]], dtype=np.uint64)).tolist() == [[True, True]]


def test_bits_are_threshold_major():
    bits = Thermometer([[1.0, 10.0], [2.0, 20.0]]).encode([[1.5, 30]])
    assert bits.tolist() == [[True, True, False, True]]


def test_infinities_are_ordinary_values():
    encoder = Thermometer.fixed([-np.inf, 0.0, np.inf], 1)
    bits = encoder.encode([[-np.inf], [0.0], [np.inf]])
    assert bits.tolist() == [[False] * 3, [True, False, False], [True, True, False]]


@pytest.mark.parametrize(
    "layout",
    [
        np.asfortranarray,
        lambda x: x[::-1],
        lambda x: x[:, ::-1],
        lambda x: x[1::3],
        lambda x: x[:0],
        lambda x: np.broadcast_to(x[:1], x.shape),
    ],
)
@pytest.mark.parametrize("dtype", ["u1", "f4", "f8", bool])
def test_memory_layout_does_not_matter(layout, dtype):
    x = layout(np.random.default_rng(2).integers(0, 9, (20, 6)).astype(dtype))
    encoder = Thermometer.fixed([0.5, 3, 7], 6)
    np.testing.assert_array_equal(encoder.encode(x), encoder.encode(np.array(x, order="C")))
    np.testing.assert_array_equal(encoder.encode(x), oracle(encoder.levels, x))


def test_read_only_rows_are_fine_and_stay_unchanged():
    x = np.array([[1.0, -0.0]])
    x.setflags(write=False)
    assert Thermometer.fixed(0.0, 2).encode(x).tolist() == [[True, False]]


def test_many_rows_are_encoded_alike_in_every_block():
    x = np.random.default_rng(3).integers(0, 256, (2_500, 1_000), dtype=np.uint8)
    encoder = Thermometer.fixed(127, 1_000)
    np.testing.assert_array_equal(encoder.encode(x), x > 127)


def test_a_bad_row_far_down_is_named_by_its_number():
    x = np.zeros((2_500, 1_000), dtype=np.float32)
    x[2_345, 678] = np.nan
    with pytest.raises(ValueError, match="x at row 2345, column 678 is NaN"):
        Thermometer.fixed(0, 1_000).encode(x)


def test_thresholds_describe_every_bit():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(50, 3))
    encoder = Thermometer.quantile(x, 4)
    feature, threshold = encoder.thresholds()
    assert (feature.dtype, threshold.dtype) == (np.uint32, np.float64)
    np.testing.assert_array_equal(encoder.encode(x), x[:, feature] > threshold)


def test_uniform_levels_are_evenly_spaced_strictly_inside():
    x = np.array([[0, -1.0], [100, 1.0]])
    np.testing.assert_array_equal(
        Thermometer.uniform(x, 3).levels, [[25, -0.5], [50, 0], [75, 0.5]]
    )


def test_uniform_takes_given_ends():
    assert Thermometer.uniform([[7]], 2, low=0, high=30).levels.tolist() == [[10], [20]]
    assert Thermometer.uniform([[8, 16]], 1, low=[0, 8]).levels.tolist() == [[4, 12]]
    empty = np.zeros((0, 2))
    assert Thermometer.uniform(empty, 1, low=0, high=[2, 4]).levels.tolist() == [[1, 2]]


@given(
    ends=st.lists(st.floats(-1e300, 1e300), min_size=2, max_size=2, unique=True).map(sorted),
    bits=st.integers(1, 9),
)
def test_uniform_tells_the_ends_of_any_range_apart(ends, bits):
    encoded = Thermometer.uniform([[ends[0]], [ends[1]]], bits).encode([[ends[0]], [ends[1]]])
    assert not encoded[0].any()
    assert encoded[1].all()


def test_uniform_tells_neighbouring_numbers_apart():
    x = np.array([[1.0], [np.nextafter(1.0, 2.0)]])
    assert Thermometer.uniform(x, 3).encode(x).tolist() == [[False] * 3, [True] * 3]


def test_uniform_of_whole_numbers_hits_whole_numbers():
    assert Thermometer.uniform([[0], [100]], 99).levels.ravel().tolist() == list(range(1, 100))


@given(
    column=st.lists(st.integers(-5, 5), min_size=1, max_size=30),
    bits=st.integers(1, 7),
)
def test_quantile_levels_split_rows_by_definition(column, bits):
    """Midway between the value that the share of rows needs and the next; or spread where tied."""
    levels = Thermometer.quantile(np.array(column)[:, None], bits).levels.ravel().tolist()
    values = sorted(set(column))
    places = [(a + b) / 2 for a, b in pairwise(values)] or values
    assert set(levels) <= set(places)
    assert len(set(levels)) == min(bits, len(places))
    shares = [Fraction(i, bits + 1) * len(column) for i in range(1, bits + 1)]
    plain = [min(v for v in column if sum(w <= v for w in column) >= s) for s in shares]
    wanted = [places[min(values.index(v), len(places) - 1)] for v in plain]
    if len(set(wanted)) == bits:
        assert levels == wanted


def test_quantile_of_a_mostly_maximal_column_still_tells_values_apart():
    encoder = Thermometer.quantile([[0], [1], [1], [1], [1]], 2)
    assert encoder.levels.tolist() == [[0.5], [0.5]]
    assert encoder.encode([[0], [1]]).tolist() == [[False, False], [True, True]]


@pytest.mark.parametrize("fit", [Thermometer.uniform, Thermometer.quantile])
@pytest.mark.parametrize("dtype", [bool, "u1", "i8", "f2", "f4", "f8"])
def test_constant_columns_give_zeros_until_something_larger_comes(fit, dtype):
    encoder = fit(np.ones((5, 2), dtype=dtype), 3)
    assert encoder.levels.tolist() == [[1, 1]] * 3
    assert not encoder.encode(np.ones((1, 2))).any()
    assert encoder.encode(np.full((1, 2), 1.5)).all()


def test_fixed_gives_every_feature_the_same_levels():
    assert Thermometer.fixed([1, 2], 3).levels.tolist() == [[1, 1, 1], [2, 2, 2]]
    assert (Thermometer.fixed(0.5, 4).n_features, Thermometer.fixed(0.5, 4).n_inputs) == (4, 4)


def test_names_show_short_numbers():
    encoder = Thermometer([[1 / 3, 100000.0], [1234567.0, 123456789.123]])
    assert encoder.input_names(["age", "pay"]) == [
        "age > 0.333333",
        "pay > 100000",
        "age > 1234567",
        "pay > 1.23457e+08",
    ]
    assert encoder.input_names()[2] == "x0 > 1234567"


def test_it_is_a_frozen_value():
    levels = np.array([[-0.0, 1.0]])
    encoder = Thermometer(levels)
    levels[0, 1] = 5
    assert encoder == Thermometer([[0.0, 1.0]])
    assert hash(encoder) == hash(Thermometer([[0.0, 1.0]]))
    assert encoder != Thermometer([[0.0, 2.0]])
    assert encoder != Thermometer([[0.0], [1.0]])
    assert encoder != "thermometer"
    assert isinstance(encoder, Encoder)
    with pytest.raises(ValueError, match="read-only"):
        encoder.levels[0, 0] = 1
    with pytest.raises(AttributeError):
        encoder.levels = levels
