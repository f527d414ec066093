"""A circuit by its kernels: what it is flat, and what is refused."""

import numpy as np
import pytest

from gategrad.circuit import Circuit, CircuitError, Convolution, Kernels, Pool, Readout, evaluate
from tests.random_convolutions import random_kernels, small_convolution


def test_kernels_as_computed_by_hand():
    """AND of the middle and its left neighbour, at stride (2, 1) with a border of zeros."""
    image = np.random.default_rng(0).random((7, 5, 6)) < 0.6
    edge = Kernels([[4], [3]], [0b1000], (3, 3), (2, 1), (1, 1))
    found = evaluate(edge.circuit((1, 5, 6)), image.reshape(7, 30)).reshape(7, 3, 6)
    padded = np.pad(image, ((0, 0), (0, 0), (1, 0)))
    np.testing.assert_array_equal(found, (padded[:, ::2, 1:] & padded[:, ::2, :-1]))


def test_trees_count_level_by_level():
    """(a and b) xor (c or d), of two channels."""
    tree = Kernels([[0], [3], [4], [7]], [0b1000, 0b1110, 0b0110], (2, 2), depth=2)
    image = np.random.default_rng(1).random((9, 2, 3, 3)) < 0.5
    found = evaluate(tree.circuit((2, 3, 3)), image.reshape(9, 18)).reshape(9, 2, 2)
    a, b = image[:, 0, :2, :2], image[:, 0, 1:, 1:]
    c, d = image[:, 1, :2, :2], image[:, 1, 1:, 1:]
    np.testing.assert_array_equal(found, (a & b) ^ (c | d))


def test_pools_as_computed_by_hand():
    image = np.random.default_rng(2).random((6, 2, 5, 7)) < 0.2
    pool = Pool((3, 2), (1, 3))
    found = evaluate(pool.circuit((2, 5, 7)), image.reshape(6, 70)).reshape(6, 2, 3, 2)
    windows = np.lib.stride_tricks.sliding_window_view(image, (3, 2), axis=(2, 3))
    np.testing.assert_array_equal(found, windows[:, :, :, ::3].any(axis=(-1, -2)))


def test_equality_and_sizes():
    _, readout, whole = small_convolution()
    assert whole == small_convolution()[2]
    assert whole.shapes == [(1, 5, 4), (3, 5, 4), (3, 4, 2), (2, 3, 1)]
    stages = (random_kernels(1, 3, padding=(1, 1), depth=2, seed=9), *whole.stages[1:])
    assert whole != Convolution(whole.in_shape, stages, whole.tail, readout)
    assert whole != 1
    assert repr(whole) == "Convolution(in_shape=(1, 5, 4), stages=3, tail_gates=150)"


FIELD = {"leaves": [[0], [1]], "table": [8], "kernel_size": (2, 2)}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"leaves": [[0]]},
            r"leaves have shape \(1, 1\); expected \(2, out_channels\) for depth 1",
        ),
        ({"leaves": [[0.5], [1]]}, "leaves must hold integers"),
        ({"table": [8, 8]}, "table has 2 entries; expected 1 for 1 trees of depth 1"),
        ({"table": [16]}, r"table\[0\] has bits beyond the 4 that 2 inputs can select"),
        ({"depth": 2, "inputs": 3}, "trees of depth 2 have gates of 2 inputs, got 3"),
        ({"depth": 5}, "depth must be integers of 1 to 4, got 5"),
        ({"inputs": 7}, "inputs must be integers of 2 to 6, got 7"),
        ({"stride": (0, 1)}, "stride must be integers of 1 to"),
        ({"kernel_size": (2,)}, r"kernel_size must be 2 integers, got \(2,\)"),
        ({"padding": (2, 0)}, r"padding \(2, 0\) leaves positions whose whole field"),
        ({"padding": (True, 0)}, "padding must be integers of 0 to"),
    ],
)
def test_kernels_that_are_none_are_refused(changed, message):
    with pytest.raises(CircuitError, match=message):
        Kernels(**(FIELD | changed))


def test_parts_that_do_not_fit_are_refused():
    kernels, tail = Kernels(**FIELD), Circuit(4, [], [], [2])
    sums = Readout.identity(1)
    for in_shape, stages, message in [
        ((1, 3, 3), (), "a convolution has no stages"),
        ((1, 3, 4), (kernels,), r"the last maps have shape \(1, 2, 3\), but the circuit behind"),
        ((1, 1, 9), (kernels,), "kernels of 2x2 are larger than maps of 1x9 with padding"),
        ((1, 3, 3), (Pool((4, 1), (1, 1)),), "windows of 4x1 are larger than maps of 3x3"),
        ((1, 3), (kernels,), r"in_shape must be 3 integers, got \(1, 3\)"),
        ((1, 5000, 5000), (kernels,), r"maps have 49,990,001 values; at most 2\*\*24"),
    ]:
        with pytest.raises(CircuitError, match=message):
            Convolution(in_shape, stages, tail, sums)
    with pytest.raises(CircuitError, match="a leaf reads place 7 of a field of 1 channels and 2x2"):
        Kernels([[0], [7]], [8], (2, 2)).out_shape((1, 3, 3))
    with pytest.raises(CircuitError, match="readout entry 0 reads output 0"):
        Convolution((1, 3, 3), (kernels,), Circuit(4, [], [], []), sums)
