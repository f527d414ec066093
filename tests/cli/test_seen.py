"""Rows known by their content, and a model's sketch of those that it was trained on."""

import numpy as np
import pytest

from gategrad.cli.seen import KEPT, content_digest, row_hashes, seen, sketch

RNG = np.random.default_rng(0)


def test_a_row_is_its_values():
    x = RNG.integers(0, 256, (200, 7)).astype(np.uint8)
    hashes = row_hashes(x)
    assert len(np.unique(hashes)) == len(np.unique(x, axis=0))
    for dtype in (np.float32, np.float64, np.int64, object):
        np.testing.assert_array_equal(row_hashes(x.astype(dtype)), hashes)
    np.testing.assert_array_equal(row_hashes(x[::-1]), hashes[::-1])
    assert (row_hashes(x[:, ::-1]) != hashes).mean() > 0.95
    assert row_hashes(np.array([[0.0]])) == row_hashes(np.array([[-0.0]]))


def test_texts_and_numbers():
    x = np.array([["a", 1.0], ["a", 2.0], ["b", 1.0], ["a", 1.0]], object)
    hashes = row_hashes(x)
    assert hashes[0] == hashes[3]
    assert len(set(hashes.tolist())) == 3


@pytest.mark.parametrize("n", [1, 100, KEPT])
def test_few_rows_are_known_exactly(n):
    x = RNG.random((2 * n, 3))
    hashes = row_hashes(x)
    found = seen(sketch(hashes[:n]), hashes)
    assert (found.share, found.exact) == (0.5, True)
    assert found.text(2 * n) == f"{n:,} of {2 * n:,} were seen in training"
    assert seen(sketch(hashes[:n]), hashes[n:]).share == 0


def test_many_rows_are_estimated():
    hashes = row_hashes(RNG.random((60_000, 3)))
    meta = sketch(hashes[:40_000])
    assert len(meta["seen"]) < 6000
    found = seen(meta, hashes)
    assert found.share == pytest.approx(2 / 3, abs=0.05)
    assert found.text(60_000) == f"about {100 * found.share:.0f} % were seen in training"
    assert seen(meta, hashes[40_000:]).share == 0


@pytest.mark.parametrize("meta", [{}, {"seen": "AA", "seen_below": "ff"}, {"seen_below": "x"}])
def test_a_meta_that_does_not_tell(meta):
    assert seen(meta, row_hashes(np.zeros((2, 2)))) is None


def test_a_digest_knows_order_and_targets():
    hashes, y = row_hashes(RNG.random((9, 2))), np.arange(9)
    digest = content_digest(hashes, y)
    assert digest != content_digest(hashes[::-1], y)
    assert digest != content_digest(hashes, y[::-1])
    assert digest == content_digest(hashes.copy(), y.astype(float))
