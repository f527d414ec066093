"""Convolutions in Triton equal plain torch: forward, gradients, shapes, depths, dtypes."""

import pytest

torch = pytest.importorskip("torch", reason="needs gategrad[train]")

from gategrad import nn  # noqa: E402
from gategrad.nn.executors.training_variable import VARIABLE  # noqa: E402

SHAPES = (
    {"kernel_size": 3, "in_size": (4, 3), "padding": 1},
    {"kernel_size": 3, "in_size": (5, 4), "stride": 2, "padding": 1},
    {"kernel_size": (2, 4), "in_size": (4, 6), "stride": (3, 1), "padding": (0, 3)},
)


def _layer(device, depth=1, **options):
    options = {"seed": depth, "channels": 2, "device": device} | options
    return nn.LogicConv2d(2, 2, depth=depth, **options)


def _run(layer, x, grad):
    x = x.detach().requires_grad_()
    layer.zero_grad()
    y = layer(x)
    y.backward(grad)
    return y.detach(), x.grad, layer.weight.grad


def _compare(layer, monkeypatch, batch, tolerance=1e-5):
    generator = torch.Generator().manual_seed(batch)
    x = torch.rand(batch, *layer.in_shape, generator=generator).to(layer.weight)
    grad = torch.rand(batch, *layer.out_shape, generator=generator).to(layer.weight) - 0.5
    assert nn.training_backend(layer).startswith("triton")
    got = _run(layer, x, grad)
    monkeypatch.setenv(VARIABLE, "torch")
    for ours, plain in zip(got, _run(layer, x, grad), strict=True):
        assert ours.dtype == plain.dtype
        scale = plain.abs().max().item() + 1e-3 if plain.numel() else 1.0
        torch.testing.assert_close(ours, plain, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize("shape", SHAPES, ids=["padded", "strided", "odd"])
def test_shapes(device, monkeypatch, shape) -> None:
    _compare(_layer(device, grad_factor=1.5, **shape), monkeypatch, 18)


@pytest.mark.parametrize(("depth", "estimator"), [(2, "soft"), (3, "straight-through")])
def test_trees(device, monkeypatch, depth, estimator) -> None:
    layer = _layer(device, depth, estimator=estimator, parametrization="light", **SHAPES[1])
    _compare(layer, monkeypatch, 3)


def test_no_samples(device, monkeypatch) -> None:
    _compare(_layer(device, 2, **SHAPES[0]), monkeypatch, 0)


def test_leaves_that_read_one_pixel(device, monkeypatch) -> None:
    places = torch.tensor([[[0, 1, 1]] * 2, [[0, 1, 1]] * 2])
    _compare(_layer(device, connections=places, **SHAPES[0]), monkeypatch, 5)


def test_what_is_left_to_plain_torch_is_said(device) -> None:
    options = {"kernel_size": 3, "in_size": 4}
    tables = _layer(device, inputs=3, parametrization="light", **options)
    assert "gates of a convolution are interpolated" in nn.training_backend(tables)
    learned = _layer(device, connections="learned", **options)
    assert "a layer learns its wiring" in nn.training_backend(learned)
