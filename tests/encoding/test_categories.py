"""Numbers compare as numbers, however they are written; what is unknown is counted."""

import numpy as np
import pytest

from gategrad.encoding import KnownCategories, OneHot, Table, Thermometer, from_state
from gategrad.encoding.categories import distinct_categories, numbers_of, places
from gategrad.encoding.intervals import number_intervals
from gategrad.encoding.unknown import together


@pytest.mark.parametrize("fitted", ["1", "1.0", "01", "+1", "1e0", 1, 1.0, np.float32(1)])
@pytest.mark.parametrize("later", ["1", "1.0", "01", "+1", "1e0", 1, 1.0, True])
def test_one_number_is_one_category(fitted, later):
    encoder = OneHot.fit(np.array([[fitted], ["x"]], object))
    assert encoder.n_inputs == 2
    assert encoder.encode(np.array([[later], ["x"], ["1x"]], object)).sum(1).tolist() == [1, 1, 0]


def test_spellings_of_one_number_are_one_category():
    encoder = OneHot.fit([["1"], ["1.0"], ["01"], ["+1"], ["2.50"], ["b"]])
    assert encoder.categories == (("1", "2.50", "b"),)
    assert encoder.encode([["01"], ["2.5"], ["b"]]).astype(int).tolist() == np.eye(3).tolist()
    assert distinct_categories([1.0, "1", "x", None]) == (1.0, "x")


def test_long_numbers_are_text():
    ids = ["9007199254740992", "9007199254740993"]
    assert OneHot.fit([[cell] for cell in ids]).categories == (tuple(ids),)


def test_models_of_old_keep_their_bits():
    """Whose categories may be one number in several spellings."""
    encoder = OneHot((("1", "1.0", 2.0, "2"),))
    assert from_state(*encoder.to_state()) == encoder
    cells = [["1"], ["1.0"], [2.0], ["2"], ["01"], [1.0]]
    expected = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0], [1, 0, 0, 0]]
    assert encoder.encode(np.array(cells, object)).astype(int).tolist() == expected
    np.testing.assert_array_equal(numbers_of(encoder.categories[0]), [1, np.nan, 2, np.nan])


def test_numbers_are_what_the_engine_compares():
    encoder = OneHot((("1", "x", "2.5", 7.0),))
    found = number_intervals(encoder)
    values = np.array([[1.0], [2.5], [7.0], [3.0], [0.0]])
    bits = (values > found.low) & (values <= found.high)
    np.testing.assert_array_equal(bits, encoder.encode(values))
    assert number_intervals(OneHot((("0.1",),))) is None


def test_places_of_many_numbers():
    known = tuple(map(float, range(1000)))
    assert places([5.0, "999", None, "x", 0.5], known).tolist() == [5, 999, -1, -1, -1]


def test_unknown_categories_are_counted():
    table = Table(
        (Thermometer([[0.5]]), OneHot((("red", "blue"), ("1", "2")))),
        ((1,), (0, 2)),
        names=("colour", "size", "code"),
    )
    rows = [["red", 1, "01"], ["mauve", 2, 2.0], ["pink", 3, None], ["mauve", 4, "3"]]
    known = KnownCategories(table)
    first, second = known.unknown(np.array(rows, object))
    assert (first.name, first.count, first.example, first.row) == ("colour", 3, "mauve", 1)
    assert (second.name, second.count, second.example, second.row) == ("code", 1, "3", 3)
    merged = together([*known.unknown(np.array(rows, object)), second, first])
    assert [(one.name, one.count) for one in merged] == [("colour", 6), ("code", 2)]
    assert not known.unknown(np.array(rows[:1], object))
    assert not KnownCategories(None)
    assert not KnownCategories(Thermometer([[0.5]]))
    assert KnownCategories(OneHot((("a",),))).unknown(np.array([["b"]]))[0].name == "column 0"
