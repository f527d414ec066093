"""Histograms of gate outputs."""

import numpy as np
import pytest
import torch

from gategrad import nn


def bits():
    return (torch.rand(64, 20, generator=torch.Generator().manual_seed(0)) > 0.5).float()


def test_counts_and_moments_are_those_of_the_relaxed_outputs():
    net = nn.Sequential(
        nn.LogicDense(20, 30, seed=0),
        nn.LogicDense(30, 30, seed=1, estimator="straight-through"),
        nn.GroupSum(3),
    ).eval()
    found = nn.output_histogram(net, bits(), bins=10)
    assert [layer.training for layer in net[:2]] == [False, False]
    assert net[1].estimator == "straight-through"
    net.train()
    net[1].estimator = "soft"
    first = net[0](bits()).detach()
    outputs = [first.numpy(), net[1](first).detach().numpy()]
    for i, y in enumerate(outputs):
        assert found.counts[i].tolist() == np.histogram(y, bins=found.edges)[0].tolist()
        assert found.mean[i] == pytest.approx(y.mean(), rel=1e-5)
        assert found.variance[i] == pytest.approx(y.var(), rel=1e-4)
        assert found.signal[i] == pytest.approx(y.var(0).mean(), rel=1e-4)


def test_heavy_tails_keep_what_a_gaussian_start_loses():
    variances = {}
    for init in ("gaussian", "heavy-tail"):
        generator = torch.Generator().manual_seed(0)
        make = {"parametrization": "light", "init": init, "generator": generator}
        layers = [nn.LogicDense(20, 500, **make), nn.LogicDense(500, 500, **make)]
        variances[init] = nn.output_histogram(torch.nn.Sequential(*layers), bits()).variance[-1]
    assert variances["gaussian"] < 0.02 < 0.1 < variances["heavy-tail"]


def test_messages():
    with pytest.raises(ValueError, match="the network called no LogicDense"):
        nn.output_histogram(torch.nn.Identity(), bits())
    with pytest.raises(ValueError, match="bins must be an integer of at least 1, got 0"):
        nn.output_histogram(nn.LogicDense(20, 30), bits(), bins=0)
