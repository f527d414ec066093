"""Candidates of learned wiring, and structured wiring: balance, windows, thresholds, messages."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gategrad.encoding import Thermometer
from gategrad.nn.wiring.connections import (
    WiringOptions,
    connect,
    local_candidates,
    random_candidates,
)

SEEDS = st.integers(0, 2**32)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 30), st.integers(1, 40), st.data(), SEEDS)
def test_random_candidates_differ_and_are_balanced(in_dim, out_dim, data, seed):
    count = data.draw(st.integers(1, in_dim))
    wires = random_candidates(in_dim, out_dim, count, generator(seed))
    assert wires.shape == (2, out_dim, count)
    ordered = wires.sort(2).values
    assert (ordered.diff(dim=2) > 0).all()
    fan_out = torch.bincount(wires.flatten(), minlength=in_dim)
    assert fan_out.max() - fan_out.min() <= 1


def test_all_candidates_are_all_wires():
    wires = random_candidates(7, 4, "all", generator())
    assert torch.equal(wires, torch.arange(7).expand(2, 4, 7))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3), st.integers(1, 8), st.integers(1, 8), st.integers(1, 3), SEEDS)
def test_local_candidates_share_a_window(planes, height, width, radius, seed):
    shape = (planes, height, width)
    wires = local_candidates(
        planes * height * width, 50, 6, shape, radius, None, generator(seed)
    ).transpose(0, 1)
    rows, columns = wires % (height * width) // width, wires % width
    for place in (rows, columns):
        spread = place.flatten(1).max(1).values - place.flatten(1).min(1).values
        assert spread.max() <= 2 * radius
    for pin in wires.flatten(0, 1):
        assert len(pin.unique()) >= min(6, planes * min(height, radius + 1))


def test_local_candidates_are_active_and_repeat_where_the_window_is_small():
    mask = torch.zeros(9, 9, dtype=torch.bool)
    mask[2, 2:5] = True
    wires = local_candidates(81, 30, 7, (9, 9), 3, mask, generator())
    assert mask.flatten()[wires].all()
    for pin in wires.flatten(0, 1):
        counts = torch.bincount(pin)[pin.unique()]
        assert sorted(counts.tolist()) == [2, 2, 3]


def structured(in_dim, out_dim, shape, *, thresholds=1, radius=1, active=None, seed=0):
    return connect(
        "structured",
        in_dim,
        out_dim,
        WiringOptions(image_shape=shape, thresholds=thresholds, radius=radius, active=active),
        generator=generator(seed),
    )


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(1, 6),
    st.integers(2, 6),
    st.integers(1, 2),
    SEEDS,
)
def test_structured_pins_are_close_in_every_way(levels, colours, height, width, radius, seed):
    shape = (levels * colours, height, width)
    in_dim = levels * colours * height * width
    pins = structured(in_dim, 2 * in_dim, shape, thresholds=levels, radius=radius, seed=seed)
    level, colour, row, column = (
        torch.tensor(part)
        for part in np.unravel_index(pins.numpy(), (levels, colours, height, width))
    )
    for place, most in ((level, 1), (row, radius), (column, radius)):
        assert (place[0] - place[1]).abs().max() <= most
    same = (colour[0] == colour[1]) & (row[0] == row[1]) & (column[0] == column[1])
    assert not same.any()
    assert len(pins.unique()) == in_dim


def test_structured_reaches_every_kind_of_partner():
    pins = structured(2 * 3 * 25, 60_000, (6, 5, 5), thresholds=2, seed=3)
    centre = 0 * 75 + 1 * 25 + 12  # threshold 0, colour 1, the middle pixel
    partners = {*pins[1, pins[0] == centre].tolist(), *pins[0, pins[1] == centre].tolist()}
    pixels = [12 + 5 * dy + dx for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    every = {t * 75 + c * 25 + p for t in (0, 1) for c in (0, 1, 2) for p in pixels}
    assert partners == every - {centre, 75 + 25 + 12}


def test_structured_reads_the_layout_of_the_encoder():
    # Levels 10, 20 of a 1x4x4 image: bits that share a pixel never meet on a gate.
    encoder = Thermometer.fixed([10, 20], 16)
    pins = structured(encoder.n_inputs, 200, (2, 4, 4), thresholds=2).numpy()
    feature, _ = encoder.thresholds()
    assert (feature[pins[0]] != feature[pins[1]]).all()


def test_structured_first_pins_are_balanced_over_active_inputs():
    mask = torch.zeros(2, 4, 4, dtype=torch.bool)
    mask[:, 1:3, 1:3] = True
    pins = structured(32, 8, (2, 4, 4), thresholds=2, active=mask)
    assert mask.flatten()[pins].all()
    assert len(pins.unique()) == 8


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"thresholds": 2}, "thresholds=2 does not divide the 3 planes of image_shape"),
        ({"thresholds": 0}, "thresholds must be an integer of at least 1, got 0"),
        ({"radius": 0}, "radius must be an integer of at least 1, got 0"),
        ({"shape": None}, 'connections="structured" needs image_shape, the (channels, height'),
        ({"shape": (3, 4, 5)}, "has 60 inputs, but in_dim is 48; make the two equal"),
        (
            {"active": torch.eye(48, dtype=torch.bool)[17]},
            "active input 17 has no other active input within radius 1 at an adjacent thr",
        ),
    ],
)
def test_messages(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        structured(48, 5, **({"shape": (3, 4, 4)} | options))
