"""Wires survive whatever averages a network."""

import copy
import io

import numpy as np
import pytest
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import gategrad as gg
from gategrad import nn
from tests.random_circuits import random_circuit, random_readout


def graph():
    circuit = random_circuit(n_inputs=60, n_gates=200, n_outputs=50, width=2)
    return nn.from_circuit(gg.Model(circuit, random_readout(50, 4)))


LAYERS = {
    "fixed": lambda: nn.LogicDense(60, 200, seed=0),
    "four inputs": lambda: nn.LogicDense(60, 200, seed=0, inputs=4, parametrization="light"),
    "learned": lambda: nn.LogicDense(60, 200, seed=0, connections="learned", candidates=8),
    "mixed": lambda: nn.LogicDense(
        60, 200, seed=0, connections="learned", candidates=8, wire_estimator="soft"
    ),
    "slots": lambda: nn.SlotDense(60, 200, seed=0),
    "circuit": graph,
}


def network(name):
    made = LAYERS[name]()
    return made if name == "circuit" else torch.nn.Sequential(made, nn.GroupSum(4))


def whole_numbers(net):
    return {name: b.clone() for name, b in net.named_buffers() if not b.is_floating_point()}


@pytest.mark.parametrize("average", [get_ema_multi_avg_fn(0.9), get_ema_multi_avg_fn(0.999)])
@pytest.mark.parametrize("name", LAYERS)
def test_an_average_of_an_unchanged_network_is_the_network(name, average):
    net = network(name)
    before = whole_numbers(net)
    averaged = AveragedModel(net, multi_avg_fn=average, use_buffers=True)
    for _ in range(5):
        averaged.update_parameters(net)
    x = torch.rand(40, 60).round()
    net.eval(), averaged.eval()
    with torch.no_grad():
        assert torch.equal(averaged(x), net(x))
    assert gg.discretize(averaged.module) == gg.discretize(net)
    assert all(torch.equal(before[k], v) for k, v in whole_numbers(averaged.module).items())


@pytest.mark.parametrize("mode", [True, False])
@pytest.mark.parametrize("name", ["fixed", "learned", "slots"])
def test_training_and_saving_after_an_average_see_the_wires(name, mode):
    net = nn.Sequential(*network(name))
    for use in ("forward", "state_dict", "discretize", "wires"):
        averaged = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)
        averaged.update_parameters(net), averaged.update_parameters(net)
        inner = averaged.module.train(mode)
        assert any(
            not torch.equal(a, b) for a, b in zip(net.buffers(), inner.buffers(), strict=True)
        )
        if use == "forward":
            inner(torch.rand(200, 60).round())
        elif use == "state_dict":
            inner.state_dict()
        elif use == "discretize":
            gg.discretize(inner)
        else:
            inner[0].wires()
        assert all(map(torch.equal, net.buffers(), inner.buffers())), use


def test_changes_on_purpose_stay():
    net = nn.LogicDense(10, 30, seed=0)
    wires = net.indices.flip(0).clone()
    net.indices.copy_(wires)
    net(torch.rand(4, 10))
    assert torch.equal(net.wires(), wires)
    net.indices[0, 0] -= int(net.indices[0, 0] > 0)
    expected = net.indices.clone()
    assert torch.equal(net.wires(), expected)
    assert torch.equal(copy.deepcopy(net).wires(), expected)
    other = nn.LogicDense(10, 30, seed=1)
    other.load_state_dict(net.state_dict())
    assert torch.equal(other.wires(), expected)
    file = io.BytesIO()
    torch.save(net, file)
    file.seek(0)
    assert torch.equal(torch.load(file, weights_only=False).wires(), expected)


@pytest.mark.parametrize("name", ["fixed", "learned", "slots"])
def test_averages_of_state_dicts_load_as_whole_numbers(name):
    net, other = network(name), network(name)
    state = {k: v * 0.9 + v * 0.1 for k, v in net.state_dict().items()}
    other.load_state_dict(state)
    assert all(map(torch.equal, net.buffers(), other.buffers()))


@pytest.mark.parametrize(
    "make",
    [lambda seed: nn.LogicDense(60, 200, seed=seed), lambda seed: nn.SlotDense(60, 200, seed=seed)],
)
def test_averages_of_different_wirings_are_refused(make):
    one, two = make(0), make(1)
    state = {k: v * 0.5 + two.state_dict()[k] * 0.5 for k, v in one.state_dict().items()}
    with pytest.raises(RuntimeError, match="no whole numbers, as averages of different wi"):
        one.load_state_dict(state)


def test_slots_that_changed_are_refused_and_redrawn_ones_are_not():
    net = nn.SlotDense(60, 200, seed=0)
    with torch.no_grad():
        net.logits[:, 0] = 9.0
    nn.resample_slots(net, None, generator=torch.Generator().manual_seed(0))
    net(torch.rand(4, 60))
    averaged = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)
    averaged.update_parameters(net)
    with torch.no_grad():
        net.logits.zero_()
    nn.resample_slots(net, None, generator=torch.Generator().manual_seed(1))
    averaged.update_parameters(net)
    message = r"the slot_tables of a SlotDense changed since they were drawn.*\(use_buffers=False\)"
    with pytest.raises(RuntimeError, match=message):
        averaged(torch.rand(4, 60))


def _noisy(kind: str, seed: int) -> tuple[torch.nn.Module, torch.Tensor]:
    """A layer with Gumbel noise, and an input for it."""
    if kind == "conv":
        layer = nn.LogicConv2d(1, 4, 3, in_size=5, seed=seed, estimator="gumbel-hard")
        return layer, torch.rand(4, 1, 5, 5)
    return nn.LogicDense(60, 200, seed=seed, estimator="gumbel-hard"), torch.rand(4, 60)


@pytest.mark.parametrize("kind", ["dense", "conv"])
@pytest.mark.parametrize("use", ["forward", "state_dict", "load"])
def test_an_average_leaves_the_seed_of_noise(use, kind):
    net, x = _noisy(kind, 0)
    net(x), net(x)
    averaged = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)
    for _ in range(5):
        averaged.update_parameters(net)
    inner = averaged.module
    assert inner.noise[0] != net.noise[0]
    if use == "forward":
        inner(x)
    elif use == "state_dict":
        inner.state_dict()
    else:
        inner, _ = _noisy(kind, 0)
        inner.load_state_dict({k: v * 0.9 + v * 0.1 for k, v in net.state_dict().items()})
    assert inner.noise[0] == net.noise[0]
    other, _ = _noisy(kind, 1)
    other.load_state_dict(net.state_dict())
    other(x)
    assert other.noise[0] == net.noise[0]


def test_readouts_are_kept_too():
    net = graph()
    expected = gg.discretize(net).readout
    for buffer in net.buffers():
        if not buffer.is_floating_point():
            buffer.copy_(buffer * 0.9 + buffer * 0.1)
    assert gg.discretize(net).readout == expected
    np.testing.assert_array_equal(gg.discretize(net).readout.weight, expected.weight)
