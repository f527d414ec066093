"""Convolutions, pools and what stands around them become one flat circuit."""

import numpy as np
import pytest
import torch

import gategrad as gg
from gategrad import nn
from gategrad.harden import DiscretizeError


def _equal(net, model, n_features, shape=None, rows=65):
    """The network in `.eval()`, the model, and the optimized one give the same scores."""
    x = np.random.default_rng(0).random((rows, n_features)) > 0.5
    given = torch.from_numpy(x).float().reshape(rows, *(shape or (n_features,)))
    scores = net.eval()(given).detach().numpy().reshape(rows, -1)
    np.testing.assert_array_equal(model.scores(x), scores)
    np.testing.assert_array_equal(model.optimize().scores(x), scores)
    return scores


@pytest.mark.parametrize(
    "options",
    [
        {"depth": 3, "channels": 2},
        {"depth": 1, "stride": 2, "padding": 1},
        {"depth": 2, "connections": "local", "padding": (1, 0)},
        {"inputs": 5, "parametrization": "light", "padding": 2, "stride": (1, 3)},
        {"connections": "learned", "candidates": 4, "padding": 1},
    ],
    ids=lambda options: "-".join(options),
)
def test_a_network_of_images_is_one_circuit(options):
    conv = nn.LogicConv2d(2, 6, 3, in_size=(8, 9), init="heavy-tail", seed=0, **options)
    if conv.wiring is not None:
        torch.nn.init.normal_(conv.wiring.logits, generator=torch.Generator().manual_seed(0))
    maps = nn.OrPool2d(2)(torch.zeros(1, *conv.out_shape))[0]
    net = torch.nn.Sequential(
        torch.nn.Unflatten(1, (2, 8, 9)),
        conv,
        nn.OrPool2d(2),
        torch.nn.Flatten(),
        nn.LogicDense(maps.numel(), 60, seed=1),
        nn.GroupSum(3, tau=5.0),
    )
    model = gg.discretize(net)
    assert model.circuit.n_inputs == 144
    assert len(np.unique(_equal(net, model, 144))) > 3
    assert model.convolution.flat() == (model.circuit, model.readout)
    assert [type(stage).__name__ for stage in model.convolution.stages] == ["Kernels", "Pool"]
    assert model.optimize().convolution.tail.n_gates < model.convolution.tail.n_gates
    each = conv.describe()
    assert model.circuit.n_gates == each.nodes * each.n_out + 3 * maps.numel() + 60


def test_borders_fold_away():
    """AND with what lies beyond the border is false, and needs no gate."""
    conv = nn.LogicConv2d(
        1, 1, 3, in_size=4, padding=1, connections=[[[0, 0, 0]], [[0, 1, 1]]], init="residual"
    )
    conv.bank.set_tables(torch.tensor([0b1000]), 0.95)
    model = gg.discretize(conv)
    assert model.circuit.n_gates == 16
    assert model.optimize().circuit.n_gates == 9
    _equal(conv, model, 16, (1, 4, 4))


def test_images_of_raw_pixels_are_encoded_by_channel():
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (40, 3 * 6 * 6), np.uint8)
    net = nn.Sequential(
        nn.Thermometer(gg.encoding.Thermometer.fixed([63.5, 127.5], 108)),
        torch.nn.Unflatten(1, (6, 6, 6)),
        nn.LogicConv2d(6, 8, 3, in_size=6, depth=2, connections="local", thresholds=2, seed=0),
        torch.nn.Flatten(),
        nn.GroupSum(4),
    )
    bits = net[1](net[0](torch.from_numpy(images)))
    by_hand = images.reshape(40, 3, 6, 6)
    np.testing.assert_array_equal(bits[:, :3], by_hand > 63.5)
    np.testing.assert_array_equal(bits[:, 3:], by_hand > 127.5)
    model = gg.discretize(net)
    scores = net.eval()(torch.from_numpy(images)).detach().numpy()
    np.testing.assert_array_equal(model.scores(images), scores)


class Skip(torch.nn.Module):
    """Two convolutions side by side and a skip, which no chain can say."""

    def __init__(self):
        super().__init__()
        options = {"in_size": 5, "padding": 1, "init": "heavy-tail"}
        self.first = nn.LogicConv2d(1, 3, 3, seed=0, **options)
        self.second = nn.LogicConv2d(4, 3, 3, depth=2, seed=1, **options)
        self.pool, self.head = nn.OrPool2d(2), nn.GroupSum(3)

    def forward(self, x):
        joined = torch.cat([self.first(x), x], 1)
        return self.head(self.pool(self.second(joined)).flatten(1))


def test_a_forward_pass_of_ones_own_is_traced():
    net = Skip()
    assert gg.discretize(net).convolution is None, "the second one reads the input as well"
    _equal(net, gg.discretize(net), 25, (1, 5, 5))
    _equal(net, gg.discretize(net, input_shape=(1, 5, 5)), 25, (1, 5, 5))


class Turned(torch.nn.Module):
    """A chain of convolutions, written as a forward pass; its channels may change places."""

    def __init__(self, order):
        super().__init__()
        self.first = nn.LogicConv2d(1, 2, 3, in_size=6, seed=0)
        self.second = nn.LogicConv2d(2, 4, 2, in_size=4, seed=1)
        self.head, self.order = nn.GroupSum(2), order

    def forward(self, x):
        return self.head(self.second(self.first(x)[:, self.order]).flatten(1))


def test_kernels_are_kept_as_far_as_maps_are_read_as_they_are():
    kept = gg.discretize(Turned([0, 1]), input_shape=(1, 6, 6))
    assert len(kept.convolution.stages) == 2
    turned = gg.discretize(Turned([1, 0]), input_shape=(1, 6, 6))
    assert len(turned.convolution.stages) == 1
    assert turned.convolution.tail.n_gates == 36
    for model in (kept, turned):
        x = np.random.default_rng(0).random((65, 36)) < 0.5
        sums = gg.Model(*model.convolution.flat()).sums(x)
        np.testing.assert_array_equal(model.sums(x), sums)


def test_what_changes_the_gates_otherwise_drops_the_kernels():
    net = torch.nn.Sequential(
        torch.nn.Unflatten(1, (1, 5, 5)), CONV, torch.nn.Flatten(), nn.GroupSum(2)
    )
    x = np.random.default_rng(0).random((200, 25)) < 0.5
    model = gg.discretize(net)
    assert model.convolution is not None
    assert gg.prune(model, x, model.predict(x), budget=1.0).model.convolution is None


def test_maps_that_are_taken_for_others_are_described_rightly():
    net = torch.nn.Sequential(
        torch.nn.Unflatten(1, (1, 4, 4)),
        nn.LogicConv2d(1, 16, 3, in_size=4, padding=1, seed=0),
        torch.nn.Flatten(),
        torch.nn.Unflatten(1, (16, 2, 8)),
        nn.LogicConv2d(16, 8, 3, in_size=(2, 8), padding=1, seed=1),
        torch.nn.Flatten(),
        nn.GroupSum(4),
    )
    model = gg.discretize(net)
    x = np.random.default_rng(0).random((100, 16)) < 0.5
    by_kernels = gg.Model(*model.convolution.flat())
    assert len(model.convolution.stages) == 1
    np.testing.assert_array_equal(by_kernels.sums(x), model.sums(x))


CONV = nn.LogicConv2d(1, 4, 3, in_size=5, seed=0)


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        ((CONV, nn.GroupSum(2)), r"'1' \(GroupSum\) reads rows, but the module before it gives "
         r"images of shape \(4, 3, 3\); put a torch.nn.Flatten\(\) between them"),
        ((nn.LogicDense(9, 25, seed=0), CONV), r"'1' \(LogicConv2d\) reads images of shape "
         r"\(1, 5, 5\), but the module before it gives 25 signals in a row; make the two equal: "
         r"torch.nn.Unflatten\(1, \(1, 5, 5\)\) makes images of rows"),
        ((CONV, CONV), r"'1' \(LogicConv2d\) reads images of shape \(1, 5, 5\), but the module "
         r"before it gives \(4, 3, 3\)"),
        ((nn.OrPool2d(2), CONV), r"'0' \(OrPool2d\) reads images, and nothing before it says of"),
        ((CONV, nn.OrPool2d(4)), r"'1' \(OrPool2d\) can't pool: OrPool2d of 4x4 got images of 3x3"),
        ((torch.nn.Unflatten(1, (5, 5)), CONV), r"'0' \(Unflatten\) makes \(5, 5\) of dimension 1; "
         r"expected nn.Unflatten\(1, \(channels, height, width\)\)"),
    ],
)  # fmt: skip
def test_what_does_not_follow_each_other_is_refused(modules, message):
    with pytest.raises(DiscretizeError, match=message):
        gg.discretize(torch.nn.Sequential(*modules))
