"""Wiring: balance, distinctness, coverage, limits, determinism, messages."""

from math import comb

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gategrad.nn.wiring.connections import (
    WiringOptions,
    connect,
    given_connections,
    local_connections,
    random_connections,
    structured_connections,
    unique_connections,
)

SEEDS = st.integers(0, 2**32)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def drawn(monkeypatch):
    """Of every draw of random numbers by torch, how many they were."""
    counts = []

    def counted(draw):
        def wrapper(*args, **options):
            found = draw(*args, **options)
            counts.append(found.numel())
            return found

        return wrapper

    for name in ("randperm", "randint"):
        monkeypatch.setattr(torch, name, counted(getattr(torch, name)))
    return counts


def fan_out(indices, in_dim):
    return torch.bincount(indices.flatten(), minlength=in_dim)


def assert_balanced(indices, in_dim):
    counts = fan_out(indices, in_dim)
    assert counts.max() - counts.min() <= 1
    if indices.numel() >= in_dim:
        assert counts.min() >= 1


def unordered(indices):
    return set(map(tuple, indices.sort(dim=0).values.T.tolist()))


@settings(max_examples=300, deadline=None)
@given(st.integers(2, 40), st.integers(1, 200), SEEDS)
def test_random_is_balanced_with_two_different_pins(in_dim, out_dim, seed):
    indices = random_connections(in_dim, out_dim, generator(seed))
    assert indices.shape == (2, out_dim)
    assert indices.dtype == torch.int64
    assert (indices[0] != indices[1]).all()
    assert_balanced(indices, in_dim)


@st.composite
def unique_sizes(draw):
    in_dim = draw(st.integers(2, 30))
    n_pairs = in_dim * (in_dim - 1) // 2
    return in_dim, draw(st.one_of(st.just(n_pairs), st.integers(1, n_pairs)))


@settings(max_examples=300, deadline=None)
@given(unique_sizes(), SEEDS)
def test_unique_is_balanced_and_no_pair_occurs_twice(sizes, seed):
    in_dim, out_dim = sizes
    indices = unique_connections(in_dim, out_dim, generator(seed))
    assert indices.shape == (2, out_dim)
    assert indices.dtype == torch.int64
    assert (indices[0] != indices[1]).all()
    assert len(unordered(indices)) == out_dim
    assert_balanced(indices, in_dim)


@pytest.mark.parametrize("in_dim", range(2, 12))
def test_unique_is_balanced_at_every_size(in_dim):
    for out_dim in range(1, in_dim * (in_dim - 1) // 2 + 1):
        indices = unique_connections(in_dim, out_dim, generator())
        assert len(unordered(indices)) == out_dim
        assert_balanced(indices, in_dim)
        for pin in indices:
            assert_balanced(pin, in_dim)


def test_unique_beyond_the_maximum_is_refused():
    with pytest.raises(ValueError, match="11 gates different pairs of 5 wires: there are 10; use"):
        unique_connections(5, 11, generator())


@pytest.mark.parametrize("wire", [random_connections, unique_connections])
def test_a_million_gates_over_a_million_inputs_take_a_few_draws(wire, drawn):
    indices = wire(1_000_000, 1_000_000, generator())
    assert len(drawn) < 20
    assert sum(drawn) < 6_000_000
    assert_balanced(indices, 1_000_000)
    assert (indices[0] != indices[1]).all()


def test_random_over_very_few_inputs_ends():
    for in_dim in (2, 3, 4):
        assert_balanced(random_connections(in_dim, 300_000, generator()), in_dim)


@pytest.mark.parametrize("wire", [random_connections, unique_connections])
def test_pairs_are_far_apart_and_pins_in_random_order(wire):
    first, second = wire(1000, 3000, generator())
    distance = (first - second).abs().double()
    # Two uniform draws from a line of length 1 are 1/3 apart on average.
    assert 0.3 < distance.mean() / 1000 < 0.37
    assert (distance < 10).double().mean() < 0.05
    assert 0.45 < (first < second).double().mean() < 0.55


@pytest.mark.parametrize("wire", [random_connections, unique_connections])
def test_gate_order_is_random(wire):
    first, _ = wire(1000, 3000, generator()).double()
    steps = first.diff()
    assert 0.3 < steps.abs().mean() / 1000 < 0.37
    # A part of the gates uses its wires unevenly; only all of them are balanced.
    part = fan_out(wire(1000, 3000, generator())[:, :1000], 1000)
    assert part.min() == 0
    assert part.max() > 3


@pytest.mark.parametrize("wire", [random_connections, unique_connections])
def test_the_same_seed_gives_the_same_wiring(wire):
    one, same, other = (wire(50, 80, generator(s)) for s in (3, 3, 4))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_random_needs_two_inputs():
    with pytest.raises(ValueError, match=r"needs in_dim of at least 2 .* different pins, got 1"):
        random_connections(1, 4, generator())


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 3),
    st.integers(1, 9),
    st.integers(2, 9),
    st.integers(1, 3),
    st.integers(1, 150),
    SEEDS,
)
def test_local_pins_are_two_close_pixels(channels, height, width, radius, out_dim, seed):
    in_dim = channels * height * width
    indices = local_connections(
        in_dim, out_dim, (channels, height, width), radius, None, generator(seed)
    )
    assert indices.shape == (2, out_dim)
    assert indices.min() >= 0
    assert indices.max() < in_dim
    row, column = indices % (height * width) // width, indices % width
    rows, columns = (row[0] - row[1]).abs(), (column[0] - column[1]).abs()
    assert rows.max() <= 2 * radius
    assert columns.max() <= 2 * radius
    assert ((rows > 0) | (columns > 0)).all()


def test_local_windows_have_a_common_active_centre_and_reach_their_corners():
    mask = torch.zeros(9, 9, dtype=torch.bool)
    mask[4, 4] = mask[2, 2] = mask[6, 6] = True
    indices = local_connections(81, 400, (9, 9), 2, mask, generator())
    pixels = {2 * 9 + 2, 4 * 9 + 4, 6 * 9 + 6}
    assert set(indices.flatten().tolist()) == pixels
    # Only the window around (4, 4) holds both corners.
    assert (2 * 9 + 2, 6 * 9 + 6) in unordered(indices)


def test_local_centres_are_balanced_over_the_active_pixels():
    # Two islands of 2 and 6 pixels: a gate's island tells where its centre was.
    mask = torch.zeros(12, 12, dtype=torch.bool)
    mask[0, :2] = True
    mask[10:, 9:] = True
    indices = local_connections(144, 800, (12, 12), 3, mask, generator())
    assert int((indices[0] < 12).sum()) == 200
    assert mask.flatten()[indices].all()


def test_local_uses_only_active_channels_of_a_pixel():
    mask = torch.zeros(2, 3, 3, dtype=torch.bool)
    mask[0, 0] = True
    mask[1, 1] = True
    indices = local_connections(18, 200, (2, 3, 3), 1, mask.flatten(), generator())
    assert mask.flatten()[indices].all()
    assert len(indices.unique()) == 6
    assert torch.equal(indices, local_connections(18, 200, (2, 3, 3), 1, mask.numpy(), generator()))


def test_local_uses_every_channel_under_a_pixel_mask():
    indices = local_connections(27, 500, (3, 3, 3), 1, np.ones((3, 3), bool), generator())
    assert len(indices.unique()) == 27


def test_local_messages():
    def wire(in_dim=12, shape=(3, 4), radius=1, active=None):
        return local_connections(in_dim, 5, shape, radius, active, generator())

    with pytest.raises(ValueError, match=r"image_shape \(3, 4\) has 12 inputs, but in_dim is 13"):
        wire(in_dim=13)
    with pytest.raises(ValueError, match=r"must be \(channels, height, width\) or \(height, width"):
        wire(shape=(12,))
    with pytest.raises(ValueError, match="radius must be an integer of at least 1, got 0"):
        wire(radius=0)
    with pytest.raises(TypeError, match=r"must be bool, got torch.float64; give a comparison"):
        wire(active=np.ones(12))
    with pytest.raises(ValueError, match=r"must have shape \(3, 4\), \(12,\) or \(1, 3, 4\)"):
        wire(active=np.ones(5, bool))
    with pytest.raises(ValueError, match="active names no input at all"):
        wire(active=np.zeros(12, bool))
    lonely = np.zeros((3, 4), bool)
    lonely[0, :2] = lonely[2, 3] = True
    with pytest.raises(ValueError, match=r"1 of 3 active pixels have no other .* row 2, column 3"):
        wire(active=lonely)


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor])
def test_given_wires_are_copied(kind):
    wires = kind([[0, 1, 1], [2, 1, 0]])
    indices = given_connections(wires, 3, 3)
    assert indices.dtype == torch.int64
    assert indices.tolist() == [[0, 1, 1], [2, 1, 0]]
    wires[0][0] = 2
    assert indices[0, 0] == 0


@pytest.mark.parametrize(
    ("connections", "options"),
    [
        ("random", {}),
        ("unique", {}),
        ("local", {"image_shape": (3, 4)}),
        (np.arange(12).reshape(6, 2).T, {}),
        (torch.arange(12, dtype=torch.uint8).view(6, 2).t(), {}),
    ],
)
def test_wires_are_contiguous(connections, options):
    indices = connect(connections, 12, 6, WiringOptions(**options), generator=generator())
    assert indices.is_contiguous()
    assert indices.dtype == torch.int64


def test_given_wires_are_checked():
    with pytest.raises(TypeError, match="must be a name or integers, got dtype float64"):
        given_connections(np.zeros((2, 3)), 4, 3)
    with pytest.raises(ValueError, match=r"must have shape \(2, 3\), got \(3, 2\)"):
        given_connections(np.zeros((3, 2), int), 4, 3)
    with pytest.raises(ValueError, match=r"connections\[1, 2\] is 4, but the wires are 0 to 3"):
        given_connections([[0, 1, 2], [3, 0, 4]], 4, 3)
    with pytest.raises(ValueError, match=r"connections\[0, 1\] is -1"):
        given_connections([[0, -1], [3, 0]], 4, 2)


def test_unknown_names_and_options_of_another_wiring_are_refused():
    with pytest.raises(ValueError, match="unknown connections 'uniqe'; known: random, unique, loc"):
        connect("uniqe", 4, 4, generator=generator())
    with pytest.raises(ValueError, match='connections="local" needs image_shape'):
        connect("local", 4, 4, generator=generator())
    for option in ({"image_shape": (2, 2)}, {"radius": 1}, {"active": np.ones(4, bool)}):
        (name,) = option
        for chosen in ("random", "unique", [[0, 1], [1, 2]]):
            with pytest.raises(ValueError, match=f'{name} applies only to connections="local"'):
                connect(chosen, 4, 2, WiringOptions(**option), generator=generator())


@settings(max_examples=100, deadline=None)
@given(st.integers(3, 6), st.integers(0, 30), st.integers(1, 100), SEEDS)
def test_random_with_more_pins(pins, more, out_dim, seed):
    in_dim = pins + more
    indices = random_connections(in_dim, out_dim, generator(seed), pins=pins)
    assert indices.shape == (pins, out_dim)
    assert all(len(set(gate)) == pins for gate in indices.T.tolist())
    assert_balanced(indices, in_dim)


@st.composite
def unique_set_sizes(draw):
    pins = draw(st.integers(3, 6))
    in_dim = draw(st.integers(pins, 11))
    n_sets = comb(in_dim, pins)
    return pins, in_dim, draw(st.one_of(st.just(n_sets), st.integers(1, n_sets)))


@settings(max_examples=150, deadline=None)
@given(unique_set_sizes(), SEEDS)
def test_unique_with_more_pins_up_to_all_sets(sizes, seed):
    pins, in_dim, out_dim = sizes
    indices = unique_connections(in_dim, out_dim, generator(seed), pins=pins)
    assert indices.shape == (pins, out_dim)
    assert all(len(set(gate)) == pins for gate in indices.T.tolist())
    assert len(unordered(indices)) == out_dim
    assert_balanced(indices, in_dim)
    with pytest.raises(ValueError, match=f"there are {comb(in_dim, pins)}; use at most"):
        unique_connections(in_dim, comb(in_dim, pins) + 1, generator(), pins=pins)


def test_unique_with_more_pins_of_many_wires_takes_a_few_draws(drawn):
    indices = unique_connections(784, 8000, generator(), pins=6)
    assert len(drawn) < 20
    assert sum(drawn) < 4 * 6 * 8000
    assert len(unordered(indices)) == 8000
    assert_balanced(indices, 784)


@pytest.mark.parametrize("pins", [3, 6])
def test_windows_with_more_pins(pins):
    local = local_connections(3 * 64, 500, (3, 8, 8), 2, None, generator(), pins=pins)
    pixels = local % 64
    assert all(len(set(gate)) == pins for gate in pixels.T.tolist())
    for place in (pixels // 8, pixels % 8):
        assert (place.max(0).values - place.min(0).values).max() == 4
    image = (12, 8, 8)
    wires = structured_connections(12 * 64, 800, image, 4, 2, None, generator(), pins=pins)
    places = wires // 64 % 3 * 64 + wires % 64  # of a channel and pixel, at any threshold
    assert all(len(set(gate)) == pins for gate in places.T.tolist())
    assert fan_out(wires, 12 * 64).min() >= 1
    levels = wires // 64 // 3
    assert (levels.max(0).values - levels.min(0).values).max() == 2
    with pytest.raises(ValueError, match="fewer than 2 other active ones within radius 1"):
        local_connections(2, 4, (1, 2), 1, None, generator(), pins=3)
    with pytest.raises(ValueError, match="fewer than 2 other active ones within radius 1 at an"):
        structured_connections(4, 4, (2, 1, 2), 2, 1, None, generator(), pins=3)


def test_given_wires_have_as_many_rows_as_pins():
    assert given_connections([[0, 1], [1, 1], [2, 0]], 3, 2, pins=3).shape == (3, 2)
    with pytest.raises(ValueError, match=r"must have shape \(3, 2\), got \(2, 2\)"):
        given_connections([[0, 1], [1, 1]], 3, 2, pins=3)
