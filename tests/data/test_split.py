"""The seeded, stratified split."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gategrad.data import DataError, split


@settings(deadline=None)
@given(
    y=st.lists(st.integers(0, 3), max_size=60),
    test=st.floats(0.05, 0.95),
    seed=st.integers(0, 2**32),
)
def test_it_parts_the_rows_by_class(y, test, seed):
    y = np.array(y, np.int64)
    x = np.arange(len(y))[:, None]
    x_train, y_train, x_test, y_test = split(x, y, test=test, seed=seed)
    assert sorted([*x_train[:, 0], *x_test[:, 0]]) == list(range(len(y)))
    assert np.array_equal(y[x_train[:, 0]], y_train)
    assert np.array_equal(y[x_test[:, 0]], y_test)
    for label in set(y.tolist()):
        n, held = (y == label).sum(), (y_test == label).sum()
        # To whole rows, and of two rows or more one in each part.
        assert held == min(max(round(test * n), 1), n - 1)


def test_the_rows_keep_their_order():
    x = np.arange(100)[:, None]
    x_train, _, x_test, _ = split(x, np.arange(100) % 2)
    assert (np.diff(x_train[:, 0]) > 0).all()
    assert (np.diff(x_test[:, 0]) > 0).all()


def test_a_seed_is_a_split_for_good():
    x = np.arange(12)[:, None]
    y = np.zeros(12)
    assert split(x, y, seed=0)[2][:, 0].tolist() == [3, 5, 7]
    assert split(x, y, seed=1)[2][:, 0].tolist() == [0, 8, 9]


def test_rows_without_labels():
    with pytest.raises(DataError, match="x has 3 rows and y 2; expected one label a row"):
        split(np.zeros((3, 1)), np.zeros(2))


@pytest.mark.parametrize("test", [0, 1, -0.5, 20, float("nan")])
def test_a_share_that_is_none(test):
    with pytest.raises(DataError, match=r"expected a share between 0 and 1, such as 0\.25"):
        split(np.zeros((3, 1)), np.zeros(3), test=test)


@pytest.mark.parametrize("test", [0.1, 0.25, 0.9])
def test_no_class_of_two_rows_vanishes_from_a_part(test):
    y = np.array([0] * 40 + [1, 1] + [2])
    _, y_train, _, y_test = split(y[:, None], y, test=test)
    assert set(y_train.tolist()) == {0, 1, 2}
    assert set(y_test.tolist()) == {0, 1}
