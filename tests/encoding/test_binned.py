"""Binned: exactly one bin a feature, edges on the side that the strict comparison puts them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gategrad.encoding import Binned, Encoder, Thermometer


def oracle(edges, x):
    """Count by hand how many edges lie below each value."""
    n_bins, n_features = len(edges) + 1, edges.shape[1]
    bits = np.zeros((len(x), n_bins * n_features), dtype=bool)
    for row in range(len(x)):
        for f in range(n_features):
            b = sum(edge < x[row, f] for edge in edges[:, f].tolist())
            bits[row, b * n_features + f] = True
    return bits


@given(
    x=hnp.arrays(np.float64, (7, 3), elements=st.integers(-4, 4)),
    bins=st.integers(2, 6),
    seed=st.integers(0, 9),
)
def test_encode_is_the_oracle(x, bins, seed):
    edges = np.sort(np.random.default_rng(seed).integers(-4, 5, (bins - 1, 3)), axis=0)
    bits = Binned(edges).encode(x)
    np.testing.assert_array_equal(bits, oracle(edges, x))
    assert (bits.reshape(7, bins, 3).sum(axis=1) == 1).all()


def test_an_edge_belongs_to_the_bin_below():
    encoder = Binned([[10.0], [20.0]])
    bits = encoder.encode([[-np.inf], [10], [10.5], [20], [np.inf]])
    assert bits.argmax(axis=1).tolist() == [0, 0, 1, 1, 2]


def test_bits_are_bin_major():
    bits = Binned([[0.0, 0.0]]).encode([[-1, 1]])
    assert bits.tolist() == [[True, False, False, True]]


@pytest.mark.parametrize("fit", ["uniform", "quantile"])
def test_edges_are_the_levels_of_a_thermometer_of_one_bit_less(fit):
    x = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    edges = getattr(Binned, fit)(x, 5).edges
    np.testing.assert_array_equal(edges, getattr(Thermometer, fit)(x, 4).levels)


def test_uniform_takes_given_ends():
    assert Binned.uniform([[3]], 3, low=0, high=30).edges.tolist() == [[10], [20]]


@pytest.mark.parametrize("fit", [Binned.uniform, Binned.quantile])
def test_constant_columns_fall_into_the_first_bin(fit):
    bits = fit(np.full((4, 1), 7), 3).encode([[7], [8]])
    assert bits.tolist() == [[True, False, False], [False, False, True]]


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda x: x[::-2], lambda x: x[:0]])
def test_memory_layout_does_not_matter(layout):
    x = layout(np.random.default_rng(2).integers(0, 9, (20, 3), dtype=np.uint8))
    encoder = Binned.uniform(np.array([[0, 0, 0], [8, 8, 8]]), 4)
    np.testing.assert_array_equal(encoder.encode(x), oracle(encoder.edges, x))


def test_names_show_the_bins():
    assert Binned([[25.0], [37.5]]).input_names(["age"]) == [
        "age <= 25",
        "25 < age <= 37.5",
        "age > 37.5",
    ]


def test_it_is_a_frozen_value():
    encoder = Binned([[1.0, 2.0]])
    assert (encoder.n_bins, encoder.n_features, encoder.n_inputs) == (2, 2, 4)
    assert encoder.thresholds() is None
    assert encoder == Binned([[1, 2]])
    assert hash(encoder) == hash(Binned([[1, 2]]))
    assert encoder != Binned([[1, 3]])
    assert encoder != Thermometer([[1, 2]])
    assert isinstance(encoder, Encoder)
    with pytest.raises(ValueError, match="read-only"):
        encoder.edges[0, 0] = 1
