"""Networks on the meta device, in torch.export, and where they can't be traced."""

from contextlib import contextmanager
from functools import partial

import pytest
import torch

from gategrad import nn

OPTIONS = {
    "fixed": {},
    "learned": {"connections": "learned", "candidates": 4},
    "gates": {"gates": ("and", "or")},
    "tables": {"inputs": 4, "parametrization": "light"},
    "noise": {"estimator": "gumbel-hard"},
    "windows": {"connections": "structured", "image_shape": (4, 5)},
}
KINDS = {
    **{name: partial(nn.LogicDense, 20, 60, seed=0, **own) for name, own in OPTIONS.items()},
    "slots": partial(nn.SlotDense, 20, 60, slots=4, seed=0),
}


def _convolution():
    return nn.Sequential(
        torch.nn.Unflatten(1, (1, 4, 5)), nn.LogicConv2d(1, 6, 3, in_size=(4, 5), seed=0)
    )


KINDS["conv"] = _convolution


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", OPTIONS)
def test_a_network_on_the_meta_device_has_shapes(name, training):
    net = torch.nn.Sequential(nn.LogicDense(20, 60, seed=0, **OPTIONS[name]), nn.GroupSum(3))
    out = net.to("meta").train(training)(torch.zeros(4, 20, device="meta"))
    assert (out.shape, out.device.type) == ((4, 3), "meta")


@contextmanager
def default_device(device):
    torch.set_default_device(device)
    try:
        yield
    finally:
        torch.set_default_device(None)


@pytest.mark.parametrize("context", [torch.device, default_device])
@pytest.mark.parametrize("name", KINDS)
def test_layers_live_on_the_default_device_and_compute_on_their_own(name, context):
    net, x = KINDS[name](), torch.rand(4, 20).round()
    expected = [net.train(mode)(x) for mode in (True, False)]
    net = KINDS[name]()
    with context("meta"):
        layer = KINDS[name]()
        for mode in (True, False):
            assert layer.train(mode)(torch.zeros(4, 20)).is_meta
        found = [net.train(mode)(x) for mode in (True, False)]
        found[0].sum().backward()
    assert all(tensor.is_meta for tensor in (*layer.parameters(), *layer.buffers()))
    torch.testing.assert_close(found, expected)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_jit_is_refused_in_one_sentence():
    net = nn.LogicDense(20, 60, seed=0).eval()
    message = "LogicDense can't be traced by torch.jit .* make a model with gategrad.discretize"
    with pytest.raises(RuntimeError, match=message):
        torch.jit.trace(net, torch.ones(4, 20))
