"""Encoders as comparisons and a gate a bit: the same bits as `encode`."""

import numpy as np
import pytest

from gategrad.circuit import Circuit, evaluate
from gategrad.encoding import Binned, OneHot, Table, Thermometer, compare, number_intervals

VALUES = np.array([-np.inf, -3.0, 0.0, 0.5, 1.0, 2.5, 7.0, np.inf])
LEVELS = [[0.0, 1.0], [1.0, 1.0], [7.0, 2.5]]
CATEGORIES = ((0.0, 7.0), (2.5, "red"))


@pytest.mark.parametrize(
    "encoder",
    [
        Thermometer(LEVELS),
        Binned(LEVELS),
        OneHot(CATEGORIES),
        Table((Binned(LEVELS), OneHot(CATEGORIES)), ((3, 0), (1, 2))),
    ],
    ids=lambda encoder: type(encoder).__name__,
)
def test_comparisons_and_gates_give_the_bits_of_encode(encoder) -> None:
    x = np.random.default_rng(0).choice(VALUES, (200, encoder.n_features))
    front = compare(number_intervals(encoder), encoder.n_features)
    feature, threshold = front.comparisons.thresholds()
    circuit = Circuit(len(feature), front.fanin, front.table, front.outputs)
    np.testing.assert_array_equal(evaluate(circuit, x[:, feature] > threshold), encoder.encode(x))
    pairs = list(zip(feature.tolist(), threshold.tolist(), strict=True))
    assert pairs == sorted(set(pairs))
    assert front.comparisons.n_features == encoder.n_features


def test_bits_that_nothing_reads_need_no_comparison() -> None:
    encoder = Thermometer(LEVELS)
    used = np.array([True, False, False, True, False, False])
    front = compare(number_intervals(encoder), 2, used=used)
    assert front.comparisons.feature.tolist() == [0, 1]
    assert front.comparisons.threshold.tolist() == [0.0, 1.0]
    assert front.table.tolist() == [2, 1, 1, 2, 1, 1]
    assert not front.fanin[~used].any()
