"""The gate penalty of `fit`."""

import numpy as np
import pytest

import gategrad as gg
from gategrad import train
from gategrad.circuit import live_gates


def _gates(penalty: float) -> tuple[int, train.Result]:
    rng = np.random.default_rng(0)
    x = rng.random((1000, 8)) < 0.5
    net = train.build_network(8, 2, layers="100x2", seed=0)
    options = {"steps": 150, "progress": False, "seed": 0}
    result = train.fit(net, x, x[:, 0] ^ x[:, 1], gate_penalty=penalty, **options)
    return live_gates(gg.discretize(net).optimize().circuit), result


def test_a_penalty_leaves_fewer_gates_and_reports_them() -> None:
    free, without = _gates(0.0)
    small, result = _gates(2.0)
    assert small < free / 2
    assert all(e.gates is None for e in without.history)
    assert small in [e.gates for e in result.history]


@pytest.mark.parametrize("penalty", [-1, float("nan"), float("inf"), "1", True])
def test_a_penalty_that_is_none_is_refused(penalty: object) -> None:
    net = train.build_network(8, 2, layers="20")
    with pytest.raises(
        train.TrainError, match=r"gate_penalty is .*; expected a number of at least"
    ):
        train.fit(net, np.zeros((20, 8), bool), np.arange(20) % 2, gate_penalty=penalty)
