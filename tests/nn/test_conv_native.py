"""Convolutions and pools in the native core: equal to plain torch, one operation, repeatable."""

from copy import deepcopy

import pytest
import torch
from torch.nn import Flatten

from gategrad import nn
from gategrad.nn.executors.cpu.conv import conv_window, pool
from gategrad.nn.executors.cpu.description import StackLayer, describe
from gategrad.nn.executors.cpu.native_op import run_forward
from tests.nn.native_layers import (
    CONV_SHAPES,
    check_float32,
    check_one_operation,
    gradients,
    gradients_on_threads,
    images,
    noted_calls,
    torch_gradients,
)


def _conv(depth: int = 1, in_channels: int = 3, out_channels: int = 5, **options) -> nn.LogicConv2d:
    options = {"seed": depth, "dtype": torch.float64, "channels": min(2, in_channels)} | options
    return nn.LogicConv2d(in_channels, out_channels, depth=depth, **options)


def _net(dtype: torch.dtype = torch.float64, **options) -> nn.Sequential:
    """Depths and estimators in turn, pools with and without overlap, dense layers of both kinds."""
    options = {"dtype": dtype, "seed": 0} | options
    return nn.Sequential(
        nn.LogicConv2d(2, 6, 3, in_size=(11, 10), padding=1, depth=3, grad_factor=1.5, **options),
        nn.OrPool2d(2),
        nn.LogicConv2d(6, 8, 3, in_size=5, padding=1, estimator="straight-through", **options),
        nn.LogicConv2d(8, 8, 2, in_size=5, depth=2, parametrization="light", channels=2, **options),
        nn.OrPool2d((2, 3), 1),
        Flatten(),
        nn.LogicDense(48, 40, **options),
        nn.LogicDense(40, 40, inputs=3, parametrization="light", **options),
        nn.GroupSum(4, tau=3.0),
    )


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_same_as_plain_torch_for_every_shape(isa, monkeypatch, depth) -> None:
    for i, shape in enumerate(CONV_SHAPES):
        layer = _conv(depth, estimator=("soft", "straight-through")[i % 2], **shape)
        for batch in (0, 17, 70)[i % 2 :]:
            check_one_operation(layer, images(batch, *layer.in_shape), monkeypatch)


def test_large_maps_are_taken_in_patches(monkeypatch) -> None:
    """More columns than a patch has, of a tree whose values between gates fill it."""
    layer = _conv(4, 1, 2, kernel_size=4, in_size=(6, 70), dtype=torch.float32)
    x = images(3, 1, 6, 70, dtype=torch.float32)
    wanted = torch_gradients(layer, x, monkeypatch)
    torch.testing.assert_close(gradients(layer, x), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("recompute", [True, False])
def test_a_run_is_one_operation_and_the_same(isa, monkeypatch, recompute) -> None:
    net = _net()
    net.recompute = recompute
    for batch in (1, 50):
        check_one_operation(net, images(batch, 2, 11, 10), monkeypatch)


@pytest.mark.parametrize("net", [nn.zoo.compact_net, nn.zoo.logic_tree_net])
def test_networks_of_the_papers_are_one_operation(monkeypatch, net) -> None:
    size = {nn.zoo.compact_net: 4, nn.zoo.logic_tree_net: "S"}[net]
    network = net(size, "mnist", levels=1, seed=0)
    called = noted_calls(monkeypatch, "train_")
    network(torch.zeros(2, 784)).sum().backward()
    assert called == ["train_forward_float32", "train_backward_float32"]


def test_float32_is_the_same_within_rounding(monkeypatch) -> None:
    x = images(40, 2, 11, 10, dtype=torch.float32)
    check_float32(_net(torch.float32), x, monkeypatch)


def test_results_repeat_bit_for_bit_on_any_number_of_threads() -> None:
    net, x = _net(torch.float32), images(300, 2, 11, 10, dtype=torch.float32)
    once, again = gradients_on_threads(net, x), gradients_on_threads(net, x)
    for first, second in zip(once, again, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
        torch.testing.assert_close(first, once[0], rtol=1e-4, atol=1e-4)


def test_pools_give_the_gradient_to_the_first_maximum(monkeypatch) -> None:
    """Of hard gates, whose windows are full of equal values."""
    options = {"estimator": "straight-through", "dtype": torch.float64}
    for size, stride in ((2, None), (3, 1), ((1, 2), (2, 1))):
        conv = nn.LogicConv2d(2, 7, 3, in_size=(9, 8), seed=1, **options)
        net = nn.Sequential(conv, nn.OrPool2d(size, stride))
        x = (images(20, 2, 9, 8) > 0.5).double()
        assert set(net(x).unique().tolist()) <= {0.0, 1.0}
        wanted = torch_gradients(net, x, monkeypatch)
        torch.testing.assert_close(gradients(net, x), wanted, rtol=1e-11, atol=1e-11)


def test_maxima_of_nan_are_nan() -> None:
    same = torch.zeros(2, 5, 3)
    conv = _conv(kernel_size=1, in_size=4, in_channels=1, connections=same.int())
    net = nn.Sequential(conv, nn.OrPool2d(2))
    x = images(2, 1, 4, 4)
    x[0, 0, 1, 1] = torch.nan
    maps = net(x)
    assert maps[0, :, 0, 0].isnan().all()
    assert not maps[1].isnan().any()
    assert not maps[0, :, 1].isnan().any()


@pytest.mark.parametrize(
    "options",
    [
        {"estimator": "gumbel-soft"},
        {"estimator": "gumbel-hard", "temperature": 2.0},
        {"parametrization": "multilinear"},
        {"parametrization": "raw", "gates": "no-xor"},
    ],
    ids=lambda options: "-".join(map(str, options.values())),
)
def test_whatever_gives_coefficients_is_native(monkeypatch, options) -> None:
    layer = _conv(2, kernel_size=3, in_size=5, **options)
    assert nn.training_backend(layer).startswith("native")
    other, x = deepcopy(layer), images(9, 3, 5, 5)
    torch.testing.assert_close(gradients(layer, x), torch_gradients(other, x, monkeypatch))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            {"depth": 2, "parametrization": "light", "estimator": "efd"},
            "trees of more than one level are of interpolated tables",
        ),
        ({"connections": "learned"}, "a layer learns its wiring"),
        ({"dtype": torch.float16}, "the weights are torch.float16"),
    ],
    ids=lambda value: None if isinstance(value, str) else next(iter(value)),
)
def test_what_is_left_to_plain_torch_is_said(options, reason) -> None:
    assert reason in nn.training_backend(_conv(kernel_size=3, in_size=5, **options))


@pytest.mark.parametrize("state", ["eval", "frozen", "part"])
def test_hard_networks_are_the_same(monkeypatch, state) -> None:
    net, x = _net(), (images(21, 2, 11, 10) > 0.5).double()
    if state == "eval":
        net.eval()
    for module in list(net)[: 4 if state == "part" else 0 if state == "eval" else len(net)]:
        if hasattr(module, "frozen"):
            module.frozen = True
    with monkeypatch.context() as patch:
        patch.setenv("GATEGRAD_TRAINING", "torch")
        wanted = net(x)
    called = noted_calls(monkeypatch, "train_")
    torch.testing.assert_close(net(x), wanted, rtol=1e-12, atol=1e-12)
    assert called == ["train_forward_float64"] * (2 if state == "part" else 1)


def test_modules_that_something_watches_or_that_differ_run_alone(monkeypatch) -> None:
    net, x = _net(), images(3, 2, 11, 10)
    wanted, called = net(x), noted_calls(monkeypatch, "train_forward")
    seen = []
    handle = net[3].register_forward_hook(lambda module, x, y: seen.append(y.shape))
    torch.testing.assert_close(net(x), wanted)
    assert (len(called), seen) == (3, [(3, 8, 4, 4)])
    handle.remove()
    called.clear()
    torch.testing.assert_close(net(x), wanted)
    assert len(called) == 1


# Of torch itself, where the graph breaks.
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
def test_a_compiled_network_is_the_same() -> None:
    net, x = _net()[:2], images(5, 2, 11, 10)
    compiled = torch.compile(net, backend="aot_eager")
    torch.testing.assert_close(gradients(compiled, x), gradients(net, x))


def test_images_of_any_layout_and_of_bits() -> None:
    layer = _conv(2, kernel_size=3, in_size=5, padding=1)
    bits = images(6, 3, 5, 5) > 0.5
    wanted = layer(bits.double())
    torch.testing.assert_close(layer(bits), wanted)
    sideways = bits.double().permute(1, 2, 3, 0).contiguous().permute(3, 0, 1, 2)
    torch.testing.assert_close(layer(sideways), wanted)
    torch.testing.assert_close(layer(bits[0]), wanted[0])
    assert layer(bits[None]).shape == (1, *wanted.shape)


def _layer(layer: nn.LogicConv2d, **changed: object) -> StackLayer:
    window = conv_window(layer.describe())
    own = StackLayer(layer.indices, layer.weight, "logits", False, window=window)
    return own._replace(**changed)


def _call(layer: StackLayer, x: torch.Tensor) -> torch.Tensor:
    return run_forward(describe(x, [layer]), x, [layer.wires], [layer.weight], [], keep=False)[0]


def _other_window(**changed: object) -> object:
    sizes = {"depth": 1, "channels": 3, "size": (5, 5), "out_channels": 5, "out_size": (3, 3),
             "kernel": (3, 3), "stride": (1, 1), "padding": (0, 0)} | changed  # fmt: skip
    return type(conv_window(_conv(kernel_size=3, in_size=5).describe()))(**sizes)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"out_size": (3, 4)}, r"does not go over \(5, 5\) in \(3, 4\) places"),
        ({"kernel": (6, 3), "out_size": (0, 3)}, "does not go over"),
        ({"stride": (0, 1)}, "does not go over"),
        ({"size": (5, 6), "out_size": (3, 4)}, "maps do not fit its layer's inputs"),
    ],
    ids=lambda value: None if isinstance(value, str) else "-".join(value),
)
def test_windows_that_do_not_fit_are_refused(sizes, message) -> None:
    layer, x = _conv(kernel_size=3, in_size=5), torch.rand(2, 75, dtype=torch.float64)
    assert _call(_layer(layer), x).shape == (2, 45)
    with pytest.raises(ValueError, match=message):
        _call(_layer(layer, window=_other_window(**sizes)), x)


def test_arrays_that_do_not_fit_a_window_are_refused() -> None:
    layer, x = _conv(kernel_size=3, in_size=5), torch.rand(2, 75, dtype=torch.float64)
    with pytest.raises(ValueError, match="expected \\(15, 16\\) of logits"):
        _call(_layer(layer, window=_other_window(depth=2)), x)
    with pytest.raises(ValueError, match="wires and weights of a layer must fit"):
        _call(_layer(layer, wires=layer.indices[:1].contiguous()), x)
    with pytest.raises(IndexError, match="outside 0 to 26"):
        _call(_layer(layer, wires=layer.indices + 26), x)
    with pytest.raises(ValueError, match="maps do not fit"):
        _call(_layer(layer), x[:, :74])
    padded = _other_window(depth=0, out_channels=3, padding=(1, 1), out_size=(5, 5))
    pooled = pool((3, 5, 5), (3, 3), (1, 1), torch.float64)
    assert _call(pooled, x).shape == (2, 27)
    with pytest.raises(ValueError, match="as many channels as its input, and no padding"):
        _call(pooled._replace(window=padded), x)


def test_weights_that_change_between_the_passes_are_refused() -> None:
    net, x = _net(torch.float32), images(3, 2, 11, 10, dtype=torch.float32)
    out = net(x)
    net[0].weight.data = torch.zeros(1, 16)
    with pytest.raises(RuntimeError, match=r"the weight of a layer is \(1, 16\)"):
        out.sum().backward()
