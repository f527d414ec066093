"""OneHot: text, numbers and mixtures; unknown categories."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gategrad.encoding import Encoder, OneHot

TEXT_DTYPES = ["U5", object]
if hasattr(np.dtypes, "StringDType"):  # numpy 2
    TEXT_DTYPES.append(np.dtypes.StringDType())
CELLS = st.sampled_from(
    ["a", " a", "b", "", "?", "1", "01", "+1.0", 1, 2.5, True, np.float32(2.5), np.str_("a")]
)
TABLES = st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=8)


def oracle(categories, x):
    """Ask of every category whether it is the cell."""
    return [
        [
            _number(cell) == _number(category) is not None or cell == category
            for cell, column in zip(row, categories, strict=True)
            for category in column
        ]
        for row in x
    ]


def _number(cell):
    try:
        return float(cell)
    except ValueError:
        return None


@given(fitted=TABLES, later=TABLES)
def test_encode_is_the_oracle(fitted, later):
    encoder = OneHot.fit(fitted)
    assert encoder.encode(later).tolist() == oracle(encoder.categories, later)
    assert (encoder.encode(fitted).sum(axis=1) == 2).all()


def test_categories_are_numbers_in_order_then_text_in_order():
    encoder = OneHot.fit([["b"], [10], ["?"], [9], ["a"], [9.0]])
    assert encoder.categories == ((9.0, 10.0, "?", "a", "b"),)


def test_bits_run_column_by_column():
    encoder = OneHot((("a", "b"), ("x", "y", "z")))
    assert encoder.encode([["b", "x"]]).tolist() == [[False, True, True, False, False]]
    assert (encoder.n_features, encoder.n_inputs) == (2, 5)


@pytest.mark.parametrize("dtype", TEXT_DTYPES)
def test_text_arrays_of_every_kind(dtype):
    x = np.array([["red", "s"], ["blue", "m"]], dtype=dtype)
    encoder = OneHot.fit(x)
    assert encoder.categories == (("blue", "red"), ("m", "s"))
    assert encoder.encode(x).tolist() == [[False, True, False, True], [True, False, True, False]]


@pytest.mark.parametrize("dtype", [bool, "u1", "i8", "f2", "f8"])
def test_number_arrays_of_every_kind(dtype):
    x = np.array([[1, 0], [0, 0], [1, 1]], dtype=dtype)
    encoder = OneHot.fit(x)
    assert encoder.categories == ((0.0, 1.0), (0.0, 1.0))
    assert encoder.encode(x[:, ::-1]).tolist() == oracle(encoder.categories, x[:, ::-1].tolist())


def test_unknown_categories_are_zeros_or_an_error():
    assert not OneHot((("a",),)).encode([["b"]]).any()
    with pytest.raises(ValueError, match=r"row 0, column 0 is 'b'"):
        OneHot((("a",),), unknown="error").encode([["b"]])


def test_a_large_integer_is_not_taken_for_its_rounded_neighbour():
    encoder = OneHot(((float(2**53),),))
    assert encoder.encode([[2**53]]).all()
    with pytest.raises(ValueError, match=r"row 0, column 0: 9007199254740993 is beyond 2\*\*53"):
        encoder.encode([[2**53 + 1]])


def test_no_rows_give_no_rows():
    for empty in (np.zeros((0, 2)), np.empty((0, 2), dtype=object), np.empty((0, 2), dtype="U1")):
        assert OneHot((("a",), (1, 2))).encode(empty).shape == (0, 3)


def test_names_show_the_category():
    names = OneHot((("red", 3, 0.5),)).input_names(["colour"])
    assert names == ["colour = red", "colour = 3", "colour = 0.5"]


def test_it_is_a_frozen_value():
    encoder = OneHot([["a", np.str_("b")], [np.float32(1), True + 1]])
    assert encoder == OneHot((("a", "b"), (1.0, 2.0)))
    assert hash(encoder) == hash(OneHot((("a", "b"), (1.0, 2.0))))
    assert encoder != OneHot((("a", "b"), (1.0, 2.0)), unknown="error")
    assert encoder.thresholds() is None
    assert isinstance(encoder, Encoder)
    with pytest.raises(AttributeError):
        encoder.unknown = "error"
