"""build_network, active_inputs and the splitting of rows."""

import re

import numpy as np
import pytest
import torch

from gategrad import nn, train
from gategrad.train import TrainError
from gategrad.train.network import layer_widths
from gategrad.train.splitting import held_rows


@pytest.mark.parametrize(
    ("layers", "widths"),
    [
        ("8000x3", [8000] * 3),
        ("40", [40]),
        (" 40 x 2 , 20", [40, 40, 20]),
        ([30, 20], [30, 20]),
        ((50,), [50]),
    ],
)
def test_widths(layers, widths):
    assert layer_widths(layers) == widths


@pytest.mark.parametrize(
    "layers", ["", "x3", "8000x", "0", "40,", "8000y3", [1.5], [], "-3", "4x0"]
)
def test_widths_that_can_not_be_read(layers):
    with pytest.raises(TrainError, match=r"expected widths such as '8000x3' for three layers"):
        layer_widths(layers)


def test_layers_and_options():
    net = train.build_network(
        20, 4, layers="40,80", parametrization="light", estimator="soft", connections="unique",
        init="residual", tau=3.0,
    )  # fmt: skip
    first, second, head = net
    assert (first.in_dim, first.out_dim, second.in_dim, second.out_dim) == (20, 40, 40, 80)
    assert {layer.parametrization for layer in (first, second)} == {"light"}
    assert {layer.estimator for layer in (first, second)} == {"soft"}
    assert all((layer.tables() == 0xA).all() for layer in (first, second))
    pairs = first.indices.sort(0).values.T
    assert len(pairs.unique(dim=0)) == 40
    assert (head.k, head.tau) == (4, 3.0)


def test_the_default_temperature_is_10_for_800_outputs_a_class():
    assert train.build_network(20, 10, layers="8000")[1].tau == 10.0
    assert train.build_network(20, 10, layers="2000")[1].tau == 5.0


def test_an_image_has_a_local_first_layer_over_active_pixels():
    active = np.zeros((8, 8), bool)
    active[2:7, 1:6] = True
    options = {"layers": "100x2", "image_shape": (1, 8, 8), "active": active, "radius": 1}
    first, second, _ = train.build_network(64, 5, **options)
    assert active.ravel()[first.indices.numpy()].all()
    rows, columns = first.indices // 8, first.indices % 8
    assert max((rows[0] - rows[1]).abs().max(), (columns[0] - columns[1]).abs().max()) <= 2
    assert len(second.indices.unique()) == 100


def test_learned_wiring_looks_at_windows_first():
    active = np.zeros((8, 8), bool)
    active[2:7, 1:6] = True
    first, second, _ = train.build_network(
        64, 5, layers="100x2", connections="learned", candidates=6, wire_estimator="soft",
        image_shape=(1, 8, 8), active=active, radius=1,
    )  # fmt: skip
    assert first.wiring.candidates.shape == second.wiring.candidates.shape == (2, 100, 6)
    assert {layer.wiring.estimator for layer in (first, second)} == {"soft"}
    assert active.ravel()[first.wiring.candidates.numpy()].all()
    rows = (first.wiring.candidates // 8).transpose(0, 1).flatten(1)
    assert (rows.max(1).values - rows.min(1).values).max() <= 2


def test_a_seed_gives_the_same_network_and_layers_differ():
    nets = [train.build_network(16, 2, layers="16x2", seed=seed) for seed in (1, 1, 2)]
    states = [torch.cat([v.double().ravel() for v in net.state_dict().values()]) for net in nets]
    assert torch.equal(states[0], states[1])
    assert not torch.equal(states[0], states[2])
    assert not torch.equal(nets[0][0].weight, nets[0][1].weight)
    assert isinstance(nets[0], nn.Sequential)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"layers": "100"},
            "the last layer has 100 gates, which 3 classes can't share equally; us",
        ),
        ({"active": np.ones(9, bool)}, "active and radius are for images; give image_shape with"),
        ({"radius": 2}, "active and radius are for images; give image_shape with them"),
        ({"parametrization": "rawr"}, "unknown parametrization 'rawr'; known: raw, light"),
    ],
)
def test_messages(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        train.build_network(9, 3, **({"layers": "30"} | options))


def test_the_width_that_would_do_is_named():
    with pytest.raises(TrainError, match=r"use 102$"):
        train.build_network(9, 3, layers="100")


def test_active_inputs_vary():
    bits = np.zeros((1000, 5), bool)
    bits[:, 0] = True
    bits[:9, 1] = bits[:10, 2] = bits[:990, 3] = bits[:991, 4] = True
    assert train.active_inputs(bits).tolist() == [False, False, True, True, False]
    assert train.active_inputs(bits, share=0.005).tolist() == [False, True, True, True, True]


def test_held_rows_are_in_proportion_and_drawn_by_the_seed():
    labels = np.random.default_rng(0).choice(4, 1000, p=[0.5, 0.3, 0.15, 0.05])
    held = held_rows(labels, 200, seed=0)
    assert held.sum() == 200
    share = np.bincount(labels[held]) / np.bincount(labels)
    assert abs(share - 0.2).max() < 0.02
    assert np.array_equal(held, held_rows(labels, 200, seed=0))
    assert not np.array_equal(held, held_rows(labels, 200, seed=1))


def test_a_fraction_of_the_rows():
    labels = np.arange(50) % 2
    assert held_rows(labels, 0.1, seed=0).sum() == 5
    assert held_rows(labels, 0.001, seed=0).sum() == 1
    assert held_rows(labels, np.int64(7), seed=0).sum() == 7
