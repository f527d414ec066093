"""Convolutions of gates with two to six inputs as tables, in the native core."""

import pytest
import torch
from torch.nn import Flatten

from gategrad import nn
from gategrad.nn.executors.cpu.conv import conv_window
from gategrad.nn.executors.cpu.description import StackLayer, describe
from gategrad.nn.executors.cpu.native_op import run_forward
from tests.nn.native_layers import (
    CONV_SHAPES,
    ONE_OPERATION,
    bytes_kept,
    check_float32,
    check_one_operation,
    gradients,
    gradients_on_threads,
    images,
    noted_calls,
    torch_gradients,
)

INPUTS = (2, 3, 4, 5, 6)
OPTIONS = (
    {"parametrization": "light"},
    {"parametrization": "light", "estimator": "straight-through", "grad_factor": 1.5},
    {"parametrization": "walsh", "estimator": "straight-through"},
    {"parametrization": "light-sigmoid", "grad_factor": 0.5},
    {"parametrization": "dwn", "estimator": "efd"},
    {"parametrization": "light", "estimator": "efd", "grad_factor": 2.0},
)
# Groups of channels beside the shapes of trees.
SHAPES = (*CONV_SHAPES, {"kernel_size": 3, "in_size": 4, "in_channels": 6, "groups": 3,
                         "out_channels": 9})  # fmt: skip


def _conv(inputs: int = 3, in_channels: int = 3, out_channels: int = 5, **options):
    defaults = {"seed": inputs, "dtype": torch.float64, "channels": min(2, in_channels)}
    # Tables of two inputs are the core's own business unless finite differences ask for them.
    defaults |= {"parametrization": "light", "estimator": "efd" if inputs == 2 else "soft"}
    return nn.LogicConv2d(in_channels, out_channels, inputs=inputs, **(defaults | options))


def _net(dtype: torch.dtype = torch.float64, **options) -> nn.Sequential:
    """Numbers of inputs and estimators in turn, polynomials and pools among them."""
    options = {"dtype": dtype, "seed": 0, "parametrization": "light"} | options
    hard = {"estimator": "straight-through"} | options
    return nn.Sequential(
        nn.LogicConv2d(2, 6, 3, in_size=(11, 10), padding=1, inputs=6, grad_factor=1.5, **options),
        nn.OrPool2d(2),
        nn.LogicConv2d(6, 8, 3, in_size=5, padding=1, inputs=4, **hard),
        nn.LogicConv2d(8, 8, 2, in_size=5, depth=2, channels=2, **options),
        nn.LogicConv2d(8, 8, 2, in_size=4, inputs=3, channels=2, **options),
        Flatten(),
        nn.LogicDense(72, 40, **options),
        nn.LogicDense(40, 40, inputs=5, **hard),
        nn.GroupSum(4, tau=3.0),
    )


@pytest.mark.parametrize("inputs", INPUTS)
def test_same_as_plain_torch_for_every_shape(isa, monkeypatch, inputs) -> None:
    """Every shape, each with two of the kinds of gates."""
    of_tables = OPTIONS[4:] if inputs == 2 else OPTIONS
    for i, shape in enumerate(SHAPES):
        for j, batch in enumerate((17, 70)):
            options = of_tables[(2 * i + j + inputs) % len(of_tables)]
            layer = _conv(inputs, **(shape | options))
            check_one_operation(layer, images(batch, *layer.in_shape), monkeypatch)


@pytest.mark.parametrize("inputs", INPUTS[1:])
@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: "-".join(map(str, o.values())))
def test_same_as_plain_torch_for_every_kind_of_gate(monkeypatch, inputs, options) -> None:
    layer = _conv(inputs, kernel_size=3, in_size=(5, 4), padding=1, **options)
    assert nn.training_backend(layer).startswith("native")
    x = images(5, 3, 5, 4)
    wanted = torch_gradients(layer, x, monkeypatch)
    torch.testing.assert_close(gradients(layer, x), wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("inputs", INPUTS)
def test_leaves_may_be_one_place_and_batches_empty(isa, monkeypatch, inputs) -> None:
    same = torch.ones(inputs, 5, 3, dtype=torch.int64)
    layer = _conv(inputs, kernel_size=3, in_size=5, padding=1, connections=same)
    for batch in (0, 1, 33):
        x = images(batch, 3, 5, 5)
        wanted = torch_gradients(layer, x, monkeypatch)
        torch.testing.assert_close(gradients(layer, x), wanted, rtol=1e-12, atol=1e-12)


def test_pixels_that_nobody_asks_the_gradient_of(monkeypatch) -> None:
    layer, x = _conv(6, kernel_size=3, in_size=5, padding=1), images(20, 3, 5, 5)

    def of_weights() -> torch.Tensor:
        out = layer(x)
        upstream = torch.linspace(-1, 2, out.numel(), dtype=out.dtype).reshape(out.shape)
        return torch.autograd.grad(out, layer.weight, upstream)[0]

    torch.testing.assert_close(of_weights(), gradients(layer, x)[2], rtol=0, atol=0)


@pytest.mark.parametrize("recompute", [True, False])
def test_a_run_is_one_operation_and_the_same(isa, monkeypatch, recompute) -> None:
    net = _net()
    net.recompute = recompute
    for batch in (1, 50):
        check_one_operation(net, images(batch, 2, 11, 10), monkeypatch)


def test_float32_is_the_same_within_rounding(isa, monkeypatch) -> None:
    x = images(40, 2, 11, 10, dtype=torch.float32)
    check_float32(_net(torch.float32), x, monkeypatch)


def test_results_repeat_bit_for_bit_on_any_number_of_threads() -> None:
    """Outputs and the gradient of the input are the same on one thread and on several."""
    net, x = _net(torch.float32), images(301, 2, 11, 10, dtype=torch.float32)
    once, again = gradients_on_threads(net, x), gradients_on_threads(net, x)
    for first, second in zip(once, again, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
        assert all(torch.equal(a, b) for a, b in zip(first[:2], once[0][:2], strict=True))
        torch.testing.assert_close(first, once[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("inputs", INPUTS)
def test_hard_gates_are_exact(isa, inputs) -> None:
    bits = (images(33, 3, 5, 5, dtype=torch.float32) > 0.5).float()
    layer = _conv(inputs, kernel_size=3, in_size=5, padding=1, stride=2, dtype=torch.float32)
    padded = torch.nn.functional.pad(bits.flatten(1), (0, 1)).long()
    places = padded[:, layer.pixels().clamp(max=75)]  # (batch, leaves, out_channels, positions)
    shifts = torch.arange(inputs)[:, None, None]
    entries = (places.view(33, inputs, 5, -1) << shifts).sum(1)
    wanted = (layer.tables()[:, None] >> entries & 1).float()
    assert 0 < wanted.mean() < 1
    for hard in (layer.eval(), layer.train()):
        layer.frozen = layer.training
        assert torch.equal(hard(bits).flatten(2), wanted)


def test_four_bytes_a_pixel_and_sample_are_kept() -> None:
    layer = _conv(6, kernel_size=3, in_size=5, padding=1, dtype=torch.float32)
    sizes = [bytes_kept(layer, images(batch, 3, 5, 5).float()) for batch in (112, 304)]
    assert sizes[1] - sizes[0] == 4 * 75 * 192


def test_deep_trees_of_tables_are_refused() -> None:
    """Where they are given to the core, which no executor does."""
    about = nn.LogicConv2d(3, 5, 3, in_size=5, depth=2, seed=0).describe()
    wires, weight = torch.zeros(4, 5, dtype=torch.int64), torch.zeros(15, 4)
    layer = StackLayer(wires, weight, "light_entries", False, window=conv_window(about))
    x = torch.zeros(2, 75)
    with pytest.raises(ValueError, match="gates with two inputs, or one level of tables"):
        run_forward(describe(x, [layer]), x, [wires], [weight], [], keep=False)


def test_nan_weights_are_seen() -> None:
    layer = _conv(4, kernel_size=3, in_size=5, padding=1)
    with torch.no_grad():
        layer.weight[2, 9] = torch.nan
    out, _, grad = gradients(layer, images(10, 3, 5, 5))
    assert out[:, 2].isnan().any()
    assert grad[2, 9].isnan()
    others = torch.arange(5) != 2
    assert out[:, others].isfinite().all()
    assert grad[others].isfinite().all()


# Of torch itself, where the graph breaks.
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
@pytest.mark.parametrize("parametrization", ["light", "walsh"])
def test_a_compiled_layer_is_the_same(monkeypatch, parametrization) -> None:
    layer = _conv(4, in_size=6, kernel_size=3, parametrization=parametrization)
    x = images(5, 3, 6, 6)
    wanted, called = gradients(layer, x), noted_calls(monkeypatch, "train_")
    torch.testing.assert_close(gradients(torch.compile(layer, backend="aot_eager"), x), wanted)
    assert called == ONE_OPERATION
