"""What kernels read, how it is saved, and everything that is refused."""

import copy

import pytest
import torch

from gategrad import nn
from gategrad.nn.wiring.connections.fields import Field, connect_field

OPTIONS = {"in_size": 6, "seed": 0}


@pytest.mark.parametrize("connections", ["random", "local"])
@pytest.mark.parametrize(("depth", "channels"), [(1, 1), (3, 1), (3, 2), (4, 3)])
def test_leaves_are_different_places_of_the_field(connections, depth, channels):
    layer = nn.LogicConv2d(
        6, 50, (3, 4), depth=depth, channels=channels, connections=connections, **OPTIONS
    )
    leaves = layer.leaves()
    assert leaves.shape == (2**depth, 50, 3)
    assert (leaves >= 0).all()
    assert (leaves < torch.tensor([6, 3, 4])).all()
    for kernel in range(50):
        places = {tuple(place) for place in leaves[:, kernel].tolist()}
        assert len(places) == 2**depth
        assert len({place[0] for place in places}) == min(channels, 2**depth)
    if connections == "local":
        steps = (leaves[::2] - leaves[1::2])[:, :, 1:].abs()
        assert steps.max() == 1


def test_channels_are_shared_out_evenly():
    leaves = nn.LogicConv2d(6, 30, 3, **OPTIONS).leaves()
    assert leaves[0, :, 0].bincount().tolist() == [5] * 6
    assert torch.equal(leaves[0, :, 0], leaves[1, :, 0])


@pytest.mark.parametrize("connections", ["random", "local"])
def test_no_two_kernels_read_the_same_while_there_is_something_else(connections):
    for seed in range(5):
        layer = nn.LogicConv2d(1, 16, 3, in_size=6, connections=connections, seed=seed)
        assert len(layer.wires().sort(dim=0).values.unique(dim=1).t()) == 16
    every = nn.LogicConv2d(1, 50, 3, connections=connections, **OPTIONS)  # 36 pairs, 20 neighbours
    assert len(every.wires().sort(dim=0).values.unique(dim=1).t()) == (
        36 if connections == "random" else 20
    )


def test_trees_of_the_same_leaves_in_other_pairs_are_different():
    layer = nn.LogicConv2d(1, 40, 2, in_size=6, depth=2, seed=0)
    pairs = layer.wires().t().reshape(40, 2, 2).sort(dim=2).values.flatten(1)
    assert len(pairs.unique(dim=0)) == 6


def test_local_never_pairs_two_thresholds_of_one_pixel():
    """Three levels of two colours, level by level: channels 0, 2, 4 are one colour."""
    layer = nn.LogicConv2d(
        6, 400, 3, depth=2, channels=4, connections="local", thresholds=3, **OPTIONS
    )
    a, b = layer.leaves()[::2], layer.leaves()[1::2]
    same_pixel = (a[:, :, 1:] == b[:, :, 1:]).all(2)
    assert same_pixel.any()
    assert not (same_pixel & (a[:, :, 0] % 2 == b[:, :, 0] % 2)).any()
    without = nn.LogicConv2d(6, 400, 3, depth=2, channels=4, connections="local", **OPTIONS)
    a, b = without.leaves()[::2], without.leaves()[1::2]
    assert ((a[:, :, 1:] == b[:, :, 1:]).all(2) & (a[:, :, 0] % 2 == b[:, :, 0] % 2)).any()


def test_candidates_are_different_places_of_the_kernels_own_channels():
    layer = nn.LogicConv2d(6, 20, 3, channels=2, connections="learned", depth=2, **OPTIONS)
    candidates = layer.wiring.candidates
    assert candidates.shape == (4, 20, 16)
    assert all(len(set(row)) == 16 for row in candidates.flatten(0, 1).tolist())
    channels = (candidates // 9).transpose(0, 1).flatten(1)
    assert all(len(set(row)) == 2 for row in channels.tolist())
    every = nn.LogicConv2d(2, 3, 3, connections="learned", candidates="all", **OPTIONS)
    assert every.wiring.candidates.shape == (2, 3, 9)
    assert nn.parameter_groups(every, lr=1.0, wiring_lr=2.0)[1]["params"] == [every.wiring.logits]


def test_wiring_is_stored_once_a_kernel_and_travels_with_the_weights():
    layer = nn.LogicConv2d(3, 8, 3, in_size=32, depth=3, channels=2, seed=0)
    state = layer.state_dict()
    assert {name: tuple(t.shape) for name, t in state.items()} == {
        "weight": (56, 16), "indices": (8, 8)}  # fmt: skip
    other = nn.LogicConv2d(3, 8, 3, in_size=32, depth=3, channels=2, seed=1)
    assert not torch.equal(other.indices, layer.indices)
    other.load_state_dict(state)
    x = torch.rand(2, 3, 32, 32)
    assert torch.equal(other(x), layer(x))
    assert torch.equal(copy.deepcopy(layer)(x), layer(x))
    smaller = nn.LogicConv2d(2, 8, 3, in_size=32, depth=3, channels=2, seed=1)
    with pytest.raises(
        RuntimeError, match=r"indices reads places outside 0 to 17; build the layer"
    ):
        smaller.load_state_dict(state)
    averaged = {name: t.double() for name, t in state.items()}
    other.load_state_dict(averaged)
    assert torch.equal(other.indices, layer.indices)


def test_same_seed_same_layer():
    ours, theirs = (nn.LogicConv2d(3, 8, 3, depth=2, **OPTIONS) for _ in range(2))
    assert torch.equal(ours.indices, theirs.indices)
    assert torch.equal(ours.weight, theirs.weight)
    assert "LogicConv2d(3, 8, (3, 3), in_size=(6, 6), stride=(1, 1)" in repr(ours)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kernel_size": 9, "padding": 1}, r"kernel_size \(9, 9\) is larger than the padded input, "
         r"8x8 of in_size \(6, 6\) and padding \(1, 1\)"),
        ({"padding": 3}, r"padding \(3, 3\) leaves positions whose whole field of \(3, 3\) lies"),
        ({"depth": 4}, "a kernel of 3x3 over 1 channels has 9 places, too few for 16 different"),
        ({"kernel_size": 1}, "a kernel of 1x1 over 1 channels has 1 places, too few for 2"),
        ({"kernel_size": (1, 2, 3)}, "kernel_size must be an integer of at least 1, or two for"),
        ({"stride": 0}, "stride must be an integer of at least 1, or two for rows and columns"),
        ({"padding": -1}, "padding must be an integer of at least 0, or two for rows"),
        ({"in_size": 2.5}, "in_size must be an integer of at least 1"),
        ({"depth": 5}, "depth must be an integer from 1 to 4, got 5"),
        ({"depth": 2, "inputs": 3, "parametrization": "light"}, "inputs=3 is for depth=1, one gate "
         "a channel; trees of depth 2 are of gates with two inputs"),
        ({"groups": 2}, "groups=2 does not divide in_channels=3"),
        ({"groups": 3}, "groups=3 does not divide out_channels=4"),
        ({"channels": 4}, "channels=4, but a kernel has 3 input channels to read"),
        ({"connections": "unique"}, "unknown connections 'unique'; known: random, local, learned"),
        ({"connections": "local", "thresholds": 2}, "thresholds=2 does not divide in_channels=3"),
        ({"connections": "local", "kernel_size": (1, 2), "channels": 3, "thresholds": 3,
          "inputs": 3, "parametrization": "light"},
         'connections="local" finds no 3 different leaves in a kernel of 1x2'),
        ({"thresholds": 3}, 'thresholds applies only to connections="local", not to'),
        ({"candidates": 4}, 'candidates are for connections="learned"'),
        ({"wire_estimator": "soft"}, 'wire_estimator applies only to connections="learned"'),
        ({"connections": "learned", "candidates": 10}, 'candidates must be "all" or an integer '
         "from 1 to 9, the places of 1 channels"),
        ({"connections": torch.zeros(2, 4, 3).int(), "candidates": 4}, "candidates are for"),
        ({"connections": torch.zeros(2, 4)}, "connections must be a name or integers, got dtype"),
        ({"connections": torch.zeros(2, 4, 2).int()}, r"connections must have shape \(2, 4, 3\), "
         "the input channel, row and column of each leaf"),
        ({"connections": torch.tensor([2, 3, 0]).expand(2, 4, 3)}, r"leaf 0 of output channel 0 "
         r"reads \(channel, row, column\) \(2, 3, 0\); expected \(0, 0, 0\) to \(2, 2, 2\)"),
    ],
    ids=lambda value: "" if isinstance(value, str) else "-".join(value),
)  # fmt: skip
def test_what_does_not_fit_is_refused(options, message):
    options = {"kernel_size": 3, **OPTIONS, **options}
    with pytest.raises((ValueError, TypeError), match=message):
        nn.LogicConv2d(3, 4, **options)


def test_places_of_another_group_are_refused():
    places = torch.zeros(2, 8, 3).int()
    message = "leaf 0 of output channel 4 reads input channel 0, which is not of its group, 1 of 2"
    with pytest.raises(ValueError, match=message):
        nn.LogicConv2d(4, 8, 3, in_size=8, groups=2, channels=2, connections=places)
    places[:, 4:, 0] = 3
    assert nn.LogicConv2d(4, 8, 3, in_size=8, groups=2, connections=places).groups == 2


def test_wrong_inputs_are_refused():
    layer, pool = nn.LogicConv2d(2, 4, 3, **OPTIONS), nn.OrPool2d(4)
    message = (
        r"LogicConv2d expects images of shape \(batch, 2, 6, 6\), got \(5, 72\); "
        r"put torch.nn.Unflatten\(1, \(2, 6, 6\)\) in front"
    )
    with pytest.raises(ValueError, match=message):
        layer(torch.zeros(5, 72))
    with pytest.raises(ValueError, match=r"got \(5, 2, 6, 7\)"):
        layer(torch.zeros(5, 2, 6, 7))
    with pytest.raises(TypeError, match="LogicConv2d takes a tensor, got list"):
        layer([0])
    with pytest.raises(ValueError, match="LogicConv2d got values from 0 to 255"):
        layer(torch.tensor([0, 255], dtype=torch.uint8).repeat(5, 2, 6, 3))
    with pytest.raises(ValueError, match="OrPool2d of 4x4 got images of 3x8; expected at"):
        pool(torch.zeros(1, 1, 3, 8))
    with pytest.raises(ValueError, match=r"OrPool2d expects images of shape .* got \(3, 8\)"):
        pool(torch.zeros(3, 8))
    with pytest.raises(TypeError, match="OrPool2d takes a tensor of real values, got list"):
        pool([0])
    with pytest.raises(ValueError, match="size must be an integer of at least 1"):
        nn.OrPool2d(0)


def test_a_field_without_room_names_it():
    generator = torch.Generator().manual_seed(0)
    with pytest.raises(ValueError, match="a kernel of 1x3 over 2 channels has 6 places, too few"):
        connect_field(
            "random", Field(4, (1, 3), 2), 5, 8, pins=2, candidates=None, generator=generator
        )
