"""`Warp` on bits and bytes against the floats, and what it draws."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from gategrad import _core
from gategrad.train import TrainError, Warp
from gategrad.train.warp import affine_matrices, warp_bytes, warp_floats
from tests.train.test_affine import NONE, digits


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def matrices(n, seed=0, rotation=0.4, shift=4.0, scale=0.3, shear=0.3):
    draws = 2 * torch.rand(n, 6, generator=generator(seed)).numpy() - 1
    return affine_matrices(draws, rotation, shift, scale, shear)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 5, 9), (2, 1, 7), (1, 1, 1), (1, 9, 4)])
def test_fixed_point_is_the_interpolation_of_floats(shape):
    images = np.random.default_rng(1).integers(0, 256, (40, *shape)).astype(np.uint8)
    maps = matrices(40)
    found = warp_bytes(images, maps).astype(float)
    expected = warp_floats(torch.from_numpy(images).float(), torch.from_numpy(maps)).numpy()
    # Fractions of a pixel are rounded to 1/256, of a difference of at most 255 on each axis.
    assert np.abs(found - expected).max() < 2.6
    assert np.abs(found - expected).mean() < 0.5


def test_bits_are_cut_at_a_half():
    images = digits().reshape(-1, 1, 28, 28)
    maps = matrices(len(images))
    found = warp_bytes(images, maps)
    exact = warp_floats(torch.from_numpy(images).float(), torch.from_numpy(maps)).numpy()
    assert found.dtype == bool
    clear = np.abs(exact - 0.5) > 0.01
    assert clear.mean() > 0.9
    np.testing.assert_array_equal(found[clear], exact[clear] > 0.5)


def test_half_a_pixel_is_no_bit_and_rounds_up_as_a_byte():
    half = np.float32([[[1, 0, 0.5], [0, 1, 0]]])
    bits = np.array([[[[False, True, False, False]]]])
    assert not warp_bytes(bits, half).any()
    assert warp_bytes(bits.astype(np.uint8), half).tolist() == [[[[1, 1, 0, 0]]]]


def test_any_number_of_threads_gives_the_same():
    images = digits(50).reshape(-1, 1, 28, 28).view(np.uint8)
    maps = matrices(50)
    made = [np.empty_like(images) for _ in range(3)]
    for threads, out in zip((1, 2, 7), made, strict=True):
        _core.warp("baseline", images, maps, True, out, threads)
    np.testing.assert_array_equal(made[0], made[1])
    np.testing.assert_array_equal(made[0], made[2])


@pytest.mark.parametrize("isa", _core.isas())
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 5, 17), (1, 1, 1), (2, 9, 40)])
def test_any_instruction_set_gives_what_the_definition_gives(isa, shape):
    images = np.random.default_rng(1).integers(0, 256, (6, *shape)).astype(np.uint8)
    maps = np.concatenate([matrices(3), matrices(3, seed=1, rotation=3.0, shift=30.0)])
    out = np.empty_like(images)
    _core.warp(isa, images, maps, False, out, 1)
    np.testing.assert_array_equal(out, warp_by_hand(images, maps))


def warp_by_hand(images, maps):
    """Pixel by pixel, in whole numbers: places in 1/65,536 of a pixel, fractions in 1/256."""
    n, channels, height, width = images.shape
    ringed = np.zeros((n, channels, height + 4, width + 4), np.int64)
    ringed[:, :, 2:-2, 2:-2] = images
    m = maps.astype(np.float64)
    cx, cy = (width - 1) / 2, (height - 1) / 2
    out = np.empty_like(images)
    for i, row, column in np.ndindex(n, height, width):
        dy = row - cy
        place = [
            round((m[i, axis, 1] * dy - m[i, axis, 0] * cx + m[i, axis, 2] + centre) * 65536)
            + column * round(m[i, axis, 0] * 65536)
            for axis, centre in ((0, cx), (1, cy))
        ]
        x, y = (min(max(p >> 16, -2), most) for p, most in zip(place, (width, height), strict=True))
        right, below = (p >> 8 & 255 for p in place)
        quad = ringed[i, :, y + 2 : y + 4, x + 2 : x + 4]
        rows = quad[:, :, 0] * (256 - right) + quad[:, :, 1] * right
        out[i, :, row, column] = (rows[:, 0] * (256 - below) + rows[:, 1] * below + 32768) >> 16
    return out


def test_a_flip_mirrors_about_half_of_the_images():
    x = np.random.default_rng(0).integers(0, 256, (400, 2 * 3 * 5)).astype(np.uint8)
    flipped = Warp((2, 3, 5), **NONE, flip=True)(x, generator())
    mirror = x.reshape(-1, 2, 3, 5)[..., ::-1].reshape(x.shape)
    mirrored, same = (flipped == mirror).all(1), (flipped == x).all(1)
    assert (mirrored | same).all()
    assert 150 < mirrored.sum() < 250


def test_a_share_is_warped():
    x = np.tile(digits(1, seed=3), (600, 1))
    same = (Warp((28, 28), share=0.25)(x, generator()) == x).all(1)
    assert 0.65 < same.mean() < 0.85
    assert (Warp((28, 28), share=0.0)(x, generator()) == x).all()


def test_any_memory_layout_and_no_rows():
    x = digits(6)
    expected = Warp((28, 28))(x, generator())
    np.testing.assert_array_equal(Warp((28, 28))(np.asfortranarray(x), generator()), expected)
    doubled = np.repeat(x, 2, 0)[::2]
    np.testing.assert_array_equal(Warp((28, 28))(doubled, generator()), expected)
    assert Warp((28, 28))(x[:0], generator()).shape == (0, 784)


@pytest.mark.parametrize(
    ("field", "value"),
    [("rotation", 181.0), ("shift", -1.0), ("scale", 1.0), ("shear", 2.0), ("share", 1.5)],
)
def test_ranges(field, value):
    with pytest.raises(TrainError, match=re.escape(f"{field} is {value!r}; expected 0 to ")):
        replace(Warp((28, 28)), **{field: value})


def test_the_core_refuses_what_it_can_not_do():
    images, out = np.zeros((1, 1, 4, 4), np.uint8), np.zeros((1, 1, 4, 4), np.uint8)
    maps = np.array([[[1, 0, 0], [0, 1, 0]]], np.float32)
    for bad in (maps * np.nan, maps * 5, np.float32([[[1, 0, 5000], [0, 1, 0]]])):
        with pytest.raises(ValueError, match="a warp moves by more than"):
            _core.warp("baseline", images, bad, False, out, 1)
    with pytest.raises(ValueError, match="out is not like images"):
        _core.warp("baseline", images, maps, False, out[..., :3].copy(), 1)
    with pytest.raises(ValueError, match="matrices must be"):
        _core.warp("baseline", images, np.tile(maps, (2, 1, 1)), False, out, 1)
