"""Rows made anew for every step: what the transform sees, and going on after a kill."""

import re
import signal

import numpy as np
import pytest
import torch

from gategrad import train
from gategrad.encoding import Thermometer
from gategrad.train import CheckpointError, TrainError, Warp
from tests.train.examples import same_weights
from tests.train.test_checkpoint import interrupt_at, same_history

SHAPE = (1, 6, 6)


def images(n=300, seed=0):
    """Bytes: the bright half is the left or the right one."""
    generator = np.random.default_rng(seed)
    y = np.arange(n) % 2
    x = generator.integers(0, 100, (n, 6, 6))
    x[y == 0, :, :3] += 120
    x[y == 1, :, 3:] += 120
    return x.reshape(n, 36).astype(np.uint8), y


def network(seed=0):
    return train.build_network(72, 2, layers="120x2", image_shape=(2, 6, 6), seed=seed)


def fit(net, *, transform=None, **options):
    settings = {"steps": 60, "validation": 60, "threads": 1, "progress": False, "batch_size": 32}
    encoder = Thermometer.fixed([60, 120], 36)
    x, y = images()
    return train.fit(
        net, x, y, encoder=encoder, transform=transform or Warp(SHAPE), **(settings | options)
    )


def test_the_transform_gets_the_rows_of_a_step_as_the_user_has_them():
    seen = []

    def look(x, generator):
        seen.append((x.copy(), torch.rand(1, generator=generator).item()))
        return x

    net, plain = network(), network()
    fit(net, transform=look, steps=8)
    x, _ = images()
    assert {rows.dtype for rows, _ in seen} == {np.dtype(np.uint8)}
    assert {rows.shape for rows, _ in seen} == {(32, 36)}
    known = {row.tobytes() for row in x}
    assert all(row.tobytes() in known for rows, _ in seen for row in rows)
    assert len({draw for _, draw in seen}) == 8
    # What changes nothing gives what no transform gives.
    encoder = Thermometer.fixed([60, 120], 36)
    options = {"steps": 8, "validation": 60, "threads": 1, "progress": False, "batch_size": 32}
    train.fit(plain, *images(), encoder=encoder, **options)
    assert same_weights(net, plain)


def test_copies_and_a_transform_together():
    def dark(x):
        return np.zeros_like(x)

    seen = []

    def look(x, generator):
        seen.append((x == 0).all(1))
        return x

    fit(network(), transform=look, augment=dark, steps=15)
    assert 0.4 < np.concatenate(seen).mean() < 0.6


@pytest.mark.parametrize("step", [7, 25])
def test_an_interrupted_run_goes_on_bit_for_bit(tmp_path, step):
    options = {"eval_every": 10, "checkpoint": tmp_path / "run.pt"}
    net = network()
    handle = interrupt_at(net, step)
    assert fit(net, **options).stopped == "interrupted"
    handle.remove()
    net = network(seed=5)
    result = fit(net, resume=True, **options)
    whole = network()
    expected = fit(whole, eval_every=10)
    assert same_weights(net, whole)
    assert same_history(result, expected)
    assert not same_weights(net, trained_without())


def trained_without():
    net = network()
    train.fit(
        net,
        *images(),
        encoder=Thermometer.fixed([60, 120], 36),
        steps=60,
        validation=60,
        threads=1,
        progress=False,
        batch_size=32,
    )
    return net


def test_a_checkpoint_of_other_warps_is_refused(tmp_path):
    path = tmp_path / "run.pt"
    fit(network(), checkpoint=path, steps=10)
    with pytest.raises(CheckpointError, match="is of another run: another transform"):
        fit(network(), checkpoint=path, resume=True, steps=10, transform=Warp(SHAPE, shift=1.0))
    with pytest.raises(CheckpointError, match="is of another run: another transform"):
        fit(network(), checkpoint=path, resume=True, steps=10, transform=lambda x, generator: x)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda x, g: x.astype(float), "float64 of shape (32, 36) for uint8 of shape (32, 36)"),
        (lambda x, g: x[:5], "uint8 of shape (5, 36) for uint8 of shape (32, 36)"),
        (lambda x, g: None, "NoneType for uint8 of shape (32, 36)"),
    ],
)
def test_messages(made, message):
    with pytest.raises(TrainError, match=re.escape(f"transform gave {message}; expected an array")):
        fit(network(), transform=made)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
