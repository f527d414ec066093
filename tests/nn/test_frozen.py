"""Frozen layers: hard, without gradients, alone or in a Sequential."""

import pytest
import torch

from gategrad import nn
from gategrad.nn.executors.training_variable import VARIABLE


def network(container, kind, estimator):
    options = {"parametrization": kind, "estimator": estimator}
    generator = torch.Generator().manual_seed(0)
    layers = [
        nn.LogicDense(a, b, generator=generator, **options)
        for a, b in ((10, 24), (24, 20), (20, 12))
    ]
    return container(*layers, nn.GroupSum(3))


@pytest.mark.parametrize("backend", ["native", "torch"])
@pytest.mark.parametrize("container", [nn.Sequential, torch.nn.Sequential])
@pytest.mark.parametrize(
    ("kind", "estimator"),
    [("raw", "soft"), ("light", "straight-through"), ("walsh", "gumbel-soft")],
)
@pytest.mark.parametrize("n_frozen", [1, 2, 3])
def test_frozen_layers_are_constants_of_the_rest(
    monkeypatch, backend, container, kind, estimator, n_frozen
):
    monkeypatch.setenv(VARIABLE, backend)
    net = network(container, kind, estimator)
    for layer in net[:n_frozen]:
        layer.frozen = True
    x = (torch.rand(40, 10, generator=torch.Generator().manual_seed(1)) > 0.5).float()
    x.requires_grad_()
    inside = x.detach()
    for layer in net[:n_frozen]:
        inside = layer.eval()(inside)
        layer.train()
    noise = {k: v.clone() for k, v in net.named_buffers() if k.endswith("noise")}
    wanted = net[n_frozen:](inside)
    for name, state in noise.items():
        net.get_buffer(name).copy_(state)
    got = net(x)
    assert torch.equal(got, wanted)
    if n_frozen < 3:
        got.sum().backward()
    assert [layer.weight.grad is None for layer in net[:3]] == [i < n_frozen for i in range(3)]
    assert x.grad is None


def test_thawed_layers_learn_again():
    net = network(nn.Sequential, "raw", "soft")
    net[0].frozen = True
    net[0].frozen = False
    net(torch.rand(4, 10)).sum().backward()
    assert net[0].weight.grad is not None
