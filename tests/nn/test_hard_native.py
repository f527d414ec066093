"""The hard network runs in the native core, and is the hard network."""

import numpy as np
import pytest
import torch

import gategrad as gg
from gategrad import nn
from gategrad.nn.executors.native import HARD_SLOTS, TILES
from gategrad.nn.executors.plan import Run, plan

OPTIONS = {
    "raw": {},
    "light": {"parametrization": "light"},
    "walsh": {"parametrization": "walsh"},
    "covjac": {"parametrization": "covjac"},
    "gates": {"gates": ("nand", "or")},
    "straight-through": {"estimator": "straight-through"},
    "gumbel": {"estimator": "gumbel-hard"},
    "learned": {"connections": "learned", "candidates": 5},
    "mixed": {"connections": "learned", "candidates": 5, "wire_estimator": "soft"},
}


def network(options, dtype=torch.float32):
    layers = [
        nn.LogicDense(30, 50, seed=0, dtype=dtype, **options),
        nn.LogicDense(50, 60, seed=1, dtype=dtype, **options),
    ]
    return torch.nn.Sequential(*layers, nn.GroupSum(3, tau=1.7)).eval()


@pytest.mark.parametrize("kind", [torch.nn.Sequential, nn.Sequential])
@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.float32, torch.int64])
@pytest.mark.parametrize("name", OPTIONS)
def test_eval_runs_natively_and_equals_the_circuit(name, dtype, kind):
    net = kind(*network(OPTIONS[name])).eval()
    run = Run((net[0],), torch.zeros(1, 30))
    assert plan(run, (TILES,)).reason is None
    bits = np.random.default_rng(0).random((300, 30)) < 0.5
    x = torch.from_numpy(bits).to(dtype)
    with torch.no_grad():
        np.testing.assert_array_equal(net(x).numpy(), gg.discretize(net).scores(bits))


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.float32])
def test_slots_run_natively_and_equal_the_circuit(dtype, monkeypatch):
    net = torch.nn.Sequential(nn.SlotDense(30, 60, seed=0), nn.GroupSum(3)).eval()
    with torch.no_grad():
        net[0].logits.normal_(generator=torch.Generator().manual_seed(0))
    assert HARD_SLOTS.reason(Run((net[0],), torch.zeros(1, 30))) is None
    assert HARD_SLOTS.reason(Run((net[0],), torch.zeros(1, 30), True)) == "the layer trains"
    bits = np.random.default_rng(0).random((300, 30)) < 0.5
    x = torch.from_numpy(bits).to(dtype)
    with torch.no_grad():
        np.testing.assert_array_equal(net(x).numpy(), gg.discretize(net).scores(bits))
        assert torch.equal(net(x.view(30, 10, 30)).view(300, 3), net(x))
    found = []
    for backend in ("native", "torch"):
        monkeypatch.setenv("GATEGRAD_TRAINING", backend)
        leaf = torch.rand(40, 30, generator=torch.Generator().manual_seed(0)).requires_grad_()
        net(leaf).square().sum().backward()
        found.append(leaf.grad)
    torch.testing.assert_close(*found)
    assert net[0].logits.grad is None


@pytest.mark.parametrize("name", OPTIONS)
def test_reals_and_their_gradient_are_the_polynomials(name, monkeypatch):
    net = network(OPTIONS[name], torch.float64)
    x = torch.rand(40, 30, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = []
    for backend in ("native", "torch"):
        monkeypatch.setenv("GATEGRAD_TRAINING", backend)
        leaf = x.clone().requires_grad_()
        out = net(leaf)
        out.square().sum().backward()
        found.append((out.detach(), leaf.grad))
    torch.testing.assert_close(found[0], found[1])
    assert all(p.grad is None for p in net.parameters())
