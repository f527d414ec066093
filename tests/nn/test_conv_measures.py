"""Convolutions in what measures networks: expected gates, histograms, who computes."""

import pytest
import torch

import gategrad as gg
from gategrad import nn
from gategrad.circuit import live_gates
from gategrad.nn.measures.expected_gates import count_gates


def _net(**options):
    conv = nn.LogicConv2d(2, 5, 3, in_size=6, depth=2, padding=1, channels=2, seed=0, **options)
    return nn.Sequential(
        torch.nn.Unflatten(1, (2, 6, 6)),
        conv,
        nn.OrPool2d(2),
        torch.nn.Flatten(),
        nn.LogicDense(45, 60, init=options.get("init", "gaussian"), seed=1),
        nn.GroupSum(10),
    )


def test_expected_gates_of_a_hardened_network_are_those_of_its_circuit():
    """But for gates that are the same; XORs hide no other."""
    net = _net()
    for layer in (net[1], net[4]):
        layer.weight.data.fill_(0.0)[:, 6] = 50.0
    expected = nn.expected_gates(net)
    live = live_gates(gg.discretize(net).optimize().circuit)
    assert live <= expected.item() + 0.5
    assert live > 0.9 * expected.item()
    assert count_gates(net) == 3 * 5 * 36 + 3 * 45 + 60


def test_expected_gates_are_counted_by_hand():
    conv = nn.LogicConv2d(1, 1, 2, in_size=3, depth=1, seed=0)
    conv.weight.data.fill_(0.0)[0, 1] = 50.0  # AND
    assert nn.expected_gates(conv).item() == pytest.approx(4)
    bordered = nn.LogicConv2d(
        1, 1, 2, in_size=3, padding=1, connections=[[[0, 0, 0]], [[0, 1, 1]]], seed=0
    )
    bordered.weight.data.fill_(0.0)[0, 1] = 50.0
    # 16 positions, of which 4 see both pixels.
    assert nn.expected_gates(bordered).item() == pytest.approx(4)
    pooled = nn.Sequential(torch.nn.Unflatten(1, (1, 3, 3)), conv, nn.OrPool2d(2))
    assert nn.expected_gates(pooled).item() == pytest.approx(4 + 3)
    with pytest.raises(ValueError, match=r"an OrPool2d has no LogicConv2d or torch\.nn\.Unf"):
        nn.expected_gates(nn.Sequential(nn.OrPool2d(2), conv))


def test_the_penalty_has_a_gradient_everywhere():
    net = _net(init="residual")
    nn.expected_gates(net).backward()
    for layer in (net[1], net[4]):
        assert layer.weight.grad.abs().sum() > 0


def test_histogram_counts_every_place_of_every_map():
    found = nn.output_histogram(_net(), torch.rand(7, 72), bins=4)
    assert found.counts.sum(1).tolist() == [7 * 5 * 36, 7 * 60]
