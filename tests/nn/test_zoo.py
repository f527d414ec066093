"""Networks of papers by name."""

import numpy as np
import pytest
import torch

import gategrad as gg
from gategrad import nn
from gategrad.nn.zoo.architecture import architecture, compact, tree


def _shapes(net):
    return [layer.out_shape for layer in net if isinstance(layer, nn.LogicConv2d)]


def test_compact_net_is_the_papers():
    net = nn.zoo.compact_net(8, "cifar-10", seed=0)
    assert _shapes(net) == [(8, 16, 16), (8, 16, 16), (32, 8, 8), (32, 8, 8)]
    convs = [layer for layer in net if isinstance(layer, nn.LogicConv2d)]
    assert convs[0].in_channels == 9
    assert all(torch.equal(*layer.leaves()[:, :, 0]) for layer in convs)  # one channel a gate
    dense = [layer.out_dim for layer in net if isinstance(layer, nn.LogicDense)]
    assert dense == [16_000, 8_000]
    assert compact(256).widths == (625_000, 625_000)
    assert [compact(k).levels for k in (32, 256)] == [3, 7]
    wide = nn.zoo.compact_net(2, "cifar-100", layers=(300, 150), levels=1, seed=0)
    assert wide[-2].out_dim == 200


@pytest.mark.parametrize(("k", "tau"), [(32, 20), (128, 40)])
def test_tau_of_compact_nets_is_the_papers(k, tau):
    assert nn.GroupSum(10, tau="auto").scale(compact(k).widths[-1]) == pytest.approx(1 / tau)


def test_logic_tree_net_is_the_papers():
    plan = tree("S")
    assert [block.out_channels for block in plan.blocks] == [32, 128, 512, 1024]
    assert plan.widths == (40_960, 20_480, 10_240)
    net = nn.zoo.logic_tree_net("S", "mnist", seed=0)
    assert _shapes(net) == [(16, 24, 24), (48, 12, 12), (144, 6, 6)]
    assert net[3].channels == 2
    assert net[1].depth == 3
    assert net[-1].tau == 6.5
    assert tree("B").levels == 31
    colour = nn.zoo.logic_tree_net("S", "cifar-10", levels=1, seed=0)
    assert colour[-4].in_dim == 128 * 32
    assert colour[-1].tau == 20


def test_networks_take_the_rows_that_an_encoder_gives():
    images = np.random.default_rng(0).integers(0, 256, (4, 3072), np.uint8)
    encoder = gg.encoding.Thermometer.fixed([63.5, 127.5, 191.5], 3072)
    net = nn.zoo.compact_net(2, "cifar-10", seed=0).eval()
    scores = net(torch.from_numpy(encoder.encode(images)).float())
    model = gg.discretize(net, encoder=encoder)
    np.testing.assert_array_equal(model.scores(images), scores.detach().numpy())


def test_unknown_names_list_the_known_ones():
    with pytest.raises(ValueError, match="unknown data set 'svhn'; known: mnist, fashion-mnist"):
        nn.zoo.compact_net(4, "svhn")
    with pytest.raises(ValueError, match="k must be an integer of at least 1, got 0"):
        nn.zoo.compact_net(0, "mnist")
    with pytest.raises(ValueError, match="unknown size of LogicTreeNet 'B'; known: S, M, L"):
        nn.zoo.logic_tree_net("B", "mnist")
    with pytest.raises(ValueError, match="unknown network 'mnist-large'; known: mnist-small"):
        nn.zoo.difflogic("mnist-large")
    with pytest.raises(ValueError, match="unknown architecture 'compact'; known: compact-K, such"):
        architecture("compact", (1, 28, 28))
