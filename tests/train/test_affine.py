"""affine_copies: what moves where, types, seeds and shapes."""

import re

import numpy as np
import pytest
import torch

from gategrad.train import TrainError, affine_copies
from gategrad.train.warp import affine_matrices, warp_floats

NONE = {"rotation": 0.0, "shift": 0.0, "scale": 0.0, "shear": 0.0}


def digits(n=20, seed=0):
    """Blobs of 28x28 pixels, strokes four pixels wide, away from the border."""
    rng = np.random.default_rng(seed)
    x = np.zeros((n, 28, 28), bool)
    x[:, 4:24, 4:24] = np.kron(rng.random((n, 5, 5)) < 0.5, np.ones((1, 4, 4), bool))
    return x.reshape(n, 784)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float32, np.float64])
def test_without_warps_the_images_come_back(dtype):
    x = (digits() * (1 if dtype is bool else 200)).astype(dtype)
    warped = affine_copies(x, (28, 28), copies=2, **NONE)
    assert warped.dtype == x.dtype
    np.testing.assert_allclose(warped.astype(float), np.tile(x, (2, 1)).astype(float), atol=0.01)


def warp_once(image, *, draws, rotation=0.0, shift=0.0, scale=0.0, shear=0.0):
    """One image warped by the extremes that draws (-1 to 1, six of them) choose."""
    matrices = affine_matrices(np.float32([draws]), rotation, shift, scale, shear)
    pixels = torch.tensor(image, dtype=torch.float32)[None, None]
    return warp_floats(pixels, torch.from_numpy(matrices))[0, 0].numpy()


def test_a_shift_is_in_pixels():
    image = np.zeros((6, 9))
    image[2, 3] = 1
    draws = [0.0, 1.0, -0.5, 0.0, 0.0, 0.0]
    moved = warp_once(image, draws=draws, shift=2.0)
    expected = np.zeros((6, 9))
    expected[3, 1] = 1  # read two columns to the right and one row up of each pixel
    np.testing.assert_allclose(moved, expected, atol=1e-5)


def test_a_quarter_turn_in_an_image_that_is_not_square():
    """Angles are those of pixels, whatever the image's proportions."""
    image = np.random.default_rng(0).random((5, 5))
    wide = np.pad(image, ((0, 0), (3, 3)))
    turned = warp_once(wide, draws=[1.0, 0, 0, 0, 0, 0], rotation=np.pi / 2)
    np.testing.assert_allclose(turned[:, 3:8], np.rot90(image), atol=1e-4)


def test_scale_and_shear():
    image = np.zeros((9, 9))
    image[4, 6] = 1
    grown = warp_once(image, draws=[0, 0, 0, -1.0, 0, 0], scale=0.5)
    assert np.unravel_index(grown.argmax(), grown.shape) == (4, 8)
    image = np.zeros((9, 9))
    image[6, 4] = 1
    sheared = warp_once(image, draws=[0, 0, 0, 0, 1.0, 0], shear=0.5)
    assert np.unravel_index(sheared.argmax(), sheared.shape) == (6, 3)


def test_every_copy_has_its_own_warp_and_stays_recognizable():
    x = digits()
    warped = affine_copies(x, (1, 28, 28), copies=3).reshape(3, len(x), 784)
    for copy in warped:
        assert not np.array_equal(copy, x)
        # Nearer to its own image than to the others.
        distance = (copy[:, None] != x).sum(2)
        assert (distance.argmin(1) == np.arange(len(x))).mean() > 0.9
    assert len(np.unique(warped[:, 0], axis=0)) == 3


def test_a_seed_gives_the_same_copies():
    x = digits()
    first, again = affine_copies(x, (28, 28), seed=5), affine_copies(x, (28, 28), seed=5)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, affine_copies(x, (28, 28), seed=6))


def test_channels_of_an_image_move_together():
    image = digits(4)
    warped = affine_copies(np.concatenate([image, image, image], 1), (3, 28, 28)).reshape(4, 3, 784)
    np.testing.assert_array_equal(warped[:, 0], warped[:, 1])
    np.testing.assert_array_equal(warped[:, 0], warped[:, 2])


def test_more_images_than_fit_one_chunk(monkeypatch):
    x = digits(10)
    whole = affine_copies(x, (28, 28), copies=2)
    monkeypatch.setattr("gategrad.train.affine._CHUNK_PIXELS", 3 * 784)
    np.testing.assert_array_equal(affine_copies(x, (28, 28), copies=2), whole)


def test_no_images_and_no_copies():
    assert affine_copies(digits(0), (28, 28), copies=3).shape == (0, 784)
    assert affine_copies(digits(5), (28, 28), copies=0).shape == (0, 784)


@pytest.mark.parametrize(
    ("x", "shape", "message"),
    [
        (np.zeros((2, 784), np.int64), (28, 28), "images have dtype int64; expected one of bool"),
        (np.zeros((2, 783)), (28, 28), "images have shape (2, 783); expected (n, channels * heig"),
        (np.zeros((2, 28, 28)), (28, 28), "images have shape (2, 28, 28); expected (n, channels"),
        (np.zeros((2, 784)), (784,), "for image_shape (784,)"),
    ],
)
def test_messages(x, shape, message):
    with pytest.raises(TrainError, match=re.escape(message)):
        affine_copies(x, shape)
