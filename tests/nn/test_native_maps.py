"""Convolutions and pools on packed bits: equal to plain torch, one operation, repeatable."""

from copy import deepcopy
from dataclasses import dataclass, replace

import pytest
import torch
from torch.nn import Flatten

from gategrad import _core, nn
from gategrad.nn.executors.native import MAPS
from gategrad.nn.executors.plan import Run
from gategrad.nn.gates.parametrization import LIGHT
from tests.nn.native_layers import (
    CONV_SHAPES,
    gradients_on_threads,
    images,
    noted_calls,
    torch_gradients,
)
from tests.nn.native_layers import gradients as gradients_of

ONE_OPERATION = ["maps_forward", "maps_backward"]
HARD = {"estimator": "straight-through", "parametrization": "light", "seed": 1}


def _bits(batch: int, *shape: int) -> torch.Tensor:
    return (images(batch, *shape, dtype=torch.float32) > 0.5).float()


def _conv(in_channels: int = 3, out_channels: int = 5, **options: object) -> nn.LogicConv2d:
    options = HARD | {"channels": min(2, in_channels)} | options
    return nn.LogicConv2d(in_channels, out_channels, **options)


def _net(**options: object) -> nn.Sequential:
    """Gates of two to four inputs, a tree, and pools with and without overlap."""
    options = HARD | options
    return nn.Sequential(
        nn.LogicConv2d(2, 6, 3, in_size=(11, 10), padding=1, inputs=3, grad_factor=1.5, **options),
        nn.OrPool2d(2),
        nn.LogicConv2d(6, 9, 3, in_size=5, padding=1, depth=3, channels=2, **options),
        nn.OrPool2d((2, 3), 1),
        nn.LogicConv2d(9, 8, 2, in_size=(4, 3), inputs=4, **options),
    )


def _check(module: torch.nn.Module, x: torch.Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outputs are those of plain torch, and gradients within the rounding of sums."""
    with monkeypatch.context() as patch:
        called = noted_calls(patch, "maps_")
        out, *got = gradients_of(module, x)
    assert called == ONE_OPERATION
    wanted_out, *wanted = torch_gradients(module, x, monkeypatch)
    assert torch.equal(out, wanted_out)
    torch.testing.assert_close(got, wanted, rtol=1e-4, atol=3e-5)


@pytest.mark.parametrize("inputs", [2, 3, 4])
@pytest.mark.parametrize("shape", CONV_SHAPES, ids=lambda shape: str(shape["kernel_size"]))
def test_same_as_plain_torch_for_every_shape(isa, monkeypatch, shape, inputs) -> None:
    layer = _conv(inputs=inputs, **shape)
    for batch in (0, 1, 16, 70, 128):
        _check(layer, _bits(batch, *layer.in_shape), monkeypatch)


@pytest.mark.parametrize("depth", [2, 3, 4])
@pytest.mark.parametrize("kind", ["light", "raw", "walsh"])
def test_trees_are_levels(monkeypatch, depth, kind) -> None:
    options = {"kernel_size": 3, "in_size": (5, 7), "padding": 1, "depth": depth, "channels": 3}
    _check(_conv(parametrization=kind, **options), _bits(40, 3, 5, 7), monkeypatch)


def test_a_run_is_one_operation_and_the_same(isa, monkeypatch) -> None:
    for batch in (1, 50):
        _check(_net(), _bits(batch, 2, 11, 10), monkeypatch)


def test_pools_give_the_gradient_to_the_first_maximum(isa, monkeypatch) -> None:
    for size, stride in ((2, None), (3, 1), ((1, 2), (2, 1))):
        conv = nn.LogicConv2d(2, 7, 3, in_size=(9, 8), **HARD)
        _check(nn.Sequential(conv, nn.OrPool2d(size, stride)), _bits(20, 2, 9, 8), monkeypatch)


def test_few_maps_before_many_gates_stay_with_them(monkeypatch) -> None:
    def calls(width: int) -> list[str]:
        conv = nn.LogicConv2d(2, 6, 3, in_size=6, **HARD)
        net = nn.Sequential(conv, nn.OrPool2d(2), Flatten(), nn.LogicDense(24, width, **HARD))
        with monkeypatch.context() as patch:
            called = noted_calls(patch, "")
            net(_bits(3, 2, 6, 6))
        return [name for name in called if name.endswith(("_forward", "_forward_float32"))]

    assert calls(6 * 16) == ["maps_forward", "train_forward_float32"]
    assert calls(6 * 16 + 1) == ["train_forward_float32"]


@pytest.mark.parametrize("learned", [False, True])
def test_dense_layers_follow(monkeypatch, learned) -> None:
    wiring = {"connections": "learned", "candidates": 4} if learned else {}
    net = nn.Sequential(*_net(), Flatten(), nn.LogicDense(48, 40, **HARD, **wiring))
    net = nn.Sequential(*net, nn.GroupSum(4, tau=3.0))
    x = _bits(33, 2, 11, 10)
    called = noted_calls(monkeypatch, "maps_")
    got = gradients_of(net, x)
    assert called == ONE_OPERATION
    torch.testing.assert_close(got, torch_gradients(net, x, monkeypatch), rtol=1e-4, atol=3e-5)


def test_results_are_the_same_on_any_number_of_threads() -> None:
    first, *others = gradients_on_threads(_net(), _bits(300, 2, 11, 10))
    for other in others:
        assert all(torch.equal(a, b) for a, b in zip(first, other, strict=True))


def test_rows_of_bits_in_any_type_and_layout(monkeypatch) -> None:
    net, x = _net(), _bits(20, 2, 11, 10)
    wanted = net(x)
    called = noted_calls(monkeypatch, "maps_")
    sideways = x.permute(1, 2, 3, 0).contiguous().permute(3, 0, 1, 2)
    for other in (x.bool(), x.byte(), x.double(), sideways, torch.cat([x, x], 1)[:, :2]):
        assert torch.equal(net(other), wanted)
    assert called == ["maps_forward"] * 5


def test_gradients_in_rows_are_taken(monkeypatch) -> None:
    """A loss on flat maps may give rows or columns."""
    net, x = _net(), _bits(20, 2, 11, 10)
    weight = net[0].weight
    rows = torch.rand(20, 48)
    for upstream in (rows, rows.t().contiguous().t()):
        out = net(x).flatten(1)
        (got,) = torch.autograd.grad(out, weight, upstream)
        with monkeypatch.context() as patch:
            patch.setenv("GATEGRAD_TRAINING", "torch")
            (wanted,) = torch.autograd.grad(net(x).flatten(1), weight, upstream)
        torch.testing.assert_close(got, wanted, rtol=1e-4, atol=3e-5)


def test_values_between_bits_go_another_way(monkeypatch) -> None:
    net, x = _net(), images(5, 2, 11, 10, dtype=torch.float32)
    called = noted_calls(monkeypatch, "maps_")
    got = gradients_of(net, x)
    assert called == ["maps_forward"]
    torch.testing.assert_close(got, torch_gradients(net, x, monkeypatch), rtol=1e-4, atol=3e-5)


def test_noise_is_drawn_once_for_values_between_bits(monkeypatch) -> None:
    noisy = {"kernel_size": 3, "estimator": "gumbel-hard", "parametrization": "light-sigmoid"}
    net = nn.Sequential(_conv(in_size=7, **noisy), _conv(5, in_size=5, **noisy))
    x = images(4, 3, 7, 7, dtype=torch.float32)
    other = deepcopy(net)
    got = [net(x) for _ in range(3)]
    with monkeypatch.context() as patch:
        patch.setenv("GATEGRAD_TRAINING", "torch")
        torch.testing.assert_close(got, [other(x) for _ in range(3)])
    assert [int(conv.noise[1]) for conv in net] == [3, 3]


def test_parametrizations_that_look_at_a_whole_layer(monkeypatch) -> None:
    """Or cannot be hashed: their layers stay apart."""

    @dataclass
    class Centred:
        scale: float

        def __call__(self, weight: torch.Tensor) -> torch.Tensor:
            return LIGHT.coefficients(self.scale * (weight - weight.mean(0, keepdim=True)))

    def tables(weight: torch.Tensor) -> torch.Tensor:
        return LIGHT.tables(weight - weight.mean(0, keepdim=True))

    kind = replace(LIGHT, name="centred", coefficients=Centred(1.0), tables=tables)
    options = {"kernel_size": 3, "padding": 1, "in_size": 5, "parametrization": kind}
    net = nn.Sequential(_conv(**options), _conv(5, **options))
    _check(net, _bits(30, 3, 5, 5), monkeypatch)


def test_trees_under_another_default_device(monkeypatch) -> None:
    layer, x = _conv(kernel_size=3, in_size=5, depth=2), _bits(3, 3, 5, 5)
    wanted = layer(x)
    with torch.device("meta"):
        assert torch.equal(layer(x), wanted)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"estimator": "soft"}, "gates are not hard in training"),
        ({"inputs": 6}, "gates have more than 4 inputs"),
        ({"estimator": "efd"}, "operands are smoothed"),
        ({"depth": 2, "estimator": "efd"}, "trees of more than one level"),
        ({"dtype": torch.float64}, "values are not float32"),
        ({"connections": "learned"}, "a layer learns its wiring"),
    ],
    ids=lambda value: None if isinstance(value, str) else "-".join(map(str, value.values())),
)
def test_what_is_not_for_bits_is_said(options, reason) -> None:
    layer = _conv(kernel_size=3, in_size=5, **options)
    assert reason in MAPS.reason(Run((layer,), layer.weight))


def test_frozen_layers_train_nothing(monkeypatch) -> None:
    net, x = _net(), _bits(9, 2, 11, 10)
    wanted = net(x)
    for module in net:
        module.frozen = True
    called = noted_calls(monkeypatch, "maps_")
    out = net(x)
    assert torch.equal(out, wanted)
    assert not out.requires_grad
    assert called == ["maps_forward"]


def test_arrays_that_do_not_fit_are_refused() -> None:
    window = {"depth": 1, "channels": 1, "size": (3, 3), "out_channels": 2, "out_size": (1, 1),
              "kernel": (3, 3), "stride": (1, 1), "padding": (0, 0)}  # fmt: skip

    def stack(inputs: int = 2, **changed: object) -> object:
        layer = _core.MapLayer(
            window=_core.Window(**window | changed), inputs=inputs, grad_factor=1.0
        )
        return _core.MapStack(isa="baseline", layers=[layer], batch=1, threads=1)

    def call(made: object, places: torch.Tensor, entries: torch.Tensor, layers: int = 1) -> bool:
        tensors = (places, entries, torch.zeros(9, dtype=torch.int64), torch.zeros(1, 9))
        tensors = (*tensors, torch.zeros(2, 1))
        types = {torch.int64: _core.ScalarType.int64, torch.float32: _core.ScalarType.float32}
        arrays = [_core.Array(t.data_ptr(), types[t.dtype], tuple(t.shape)) for t in tensors]
        none = [None] * (layers - 1)
        own = _core.MapArrays(
            places=[arrays[0], *none], forward=[arrays[1], *none], entries=[arrays[1], *none]
        )
        kept, x, out = arrays[2:]
        return _core.maps_forward(
            made, own, kept=kept, x=_core.BitBatch(array=x, stride=9), out=out
        )

    places, entries = torch.zeros(2, 2, dtype=torch.int64), torch.zeros(2, 4)
    assert call(stack(), places, entries)
    with pytest.raises(IndexError, match="outside places 0 to 8"):
        call(stack(), places + 9, entries)
    with pytest.raises(IndexError, match="outside places 0 to 8"):
        call(stack(), places - 1, entries)
    with pytest.raises(ValueError, match=r"places is \(2, 2\); expected \(3, 2\)"):
        call(stack(inputs=3), places, entries)
    with pytest.raises(ValueError, match="has another type"):
        call(stack(), places, entries.double().long())
    with pytest.raises(ValueError, match="gates of 2 to 4 inputs"):
        call(stack(inputs=5), places, entries)
    with pytest.raises(ValueError, match="does not go over"):
        call(stack(out_size=(2, 1)), places, entries)
    # As many values, in maps of other sizes.
    pool = {"depth": 0, "kernel": (1, 1)}
    windows = [
        window | {"out_channels": 64, "size": (4, 4), "out_size": (2, 2)},
        window | pool | {"channels": 4, "out_channels": 4, "size": (8, 8), "out_size": (8, 8)},
    ]
    layers = [_core.MapLayer(window=_core.Window(**w), inputs=2, grad_factor=1.0) for w in windows]
    made = _core.MapStack(isa="baseline", layers=layers, batch=1, threads=1)
    with pytest.raises(ValueError, match="do not fit those before"):
        call(made, places.repeat(1, 32), entries.repeat(32, 1), 2)
    with pytest.raises(IndexError):
        _core.MapStack(isa="baseline", layers=[], batch=1, threads=1).n_out  # noqa: B018


def test_second_derivatives_are_refused() -> None:
    net = _net()
    with pytest.raises(RuntimeError, match="differentiated twice"):
        torch.autograd.grad(net(_bits(3, 2, 11, 10)).sum(), net[0].weight, create_graph=True)
