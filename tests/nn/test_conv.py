"""Convolutions of gates: by hand, against loops, against dense layers on patches."""

import itertools

import numpy as np
import pytest
import torch
from torch.nn import functional

from gategrad import nn
from gategrad.nn.executors.training_variable import VARIABLE
from tests.nn.conv_loop import by_loop

AND, A_NOT_B, OR, XOR = 0b1000, 0b0010, 0b1110, 0b0110


def _bits(*shape, seed=0):
    return np.random.default_rng(seed).random(shape) > 0.5


def _wired(leaves, tables, in_channels=1, **options):
    """A kernel of places (leaves, out_channels, 3) and tables (gates,), in `.eval()`."""
    leaves = np.asarray(leaves)
    layer = nn.LogicConv2d(
        in_channels, leaves.shape[1], connections=leaves, init="residual", seed=0, **options
    )
    layer.bank.set_tables(torch.as_tensor(tables), 0.95)
    return layer.eval()


def _maps(layer, images):
    return layer(torch.from_numpy(images)).detach().numpy()


def test_and_over_three_by_three_is_the_smallest_of_every_window():
    places = [(0, i // 3, i % 3) for i in range(9)]
    leaves = np.array([places[i % 9] for i in range(16)])[:, None]
    layer = _wired(leaves, np.full(15, AND), kernel_size=3, in_size=(6, 7), depth=4)
    images = _bits(20, 1, 6, 7) | _bits(20, 1, 6, 7, seed=1) | _bits(20, 1, 6, 7, seed=2)
    by_hand = np.lib.stride_tricks.sliding_window_view(images, (3, 3), (2, 3)).all((4, 5))
    maps = _maps(layer, images)
    assert maps.shape == (20, 1, 4, 5)
    assert 0 < by_hand.mean() < 1
    np.testing.assert_array_equal(maps, by_hand)


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 0), (1, 1), (2, 1), ((2, 1), (1, 0))])
def test_edges_at_every_stride_and_padding(stride, padding):
    """A left edge and a top edge in one layer, on a rectangular image."""
    leaves = [[(0, 1, 1), (0, 1, 1)], [(0, 1, 0), (0, 0, 1)]]
    options = {"kernel_size": 3, "in_size": (7, 9), "stride": stride, "padding": padding}
    layer = _wired(leaves, [A_NOT_B, A_NOT_B], **options)
    images = _bits(8, 1, 7, 9)
    (sy, sx), (py, px) = layer.stride, layer.padding
    padded = np.pad(images[:, 0], ((0, 0), (py, py), (px, px)))
    h, w = padded.shape[1] - 2, padded.shape[2] - 2
    centre = padded[:, 1 : 1 + h, 1 : 1 + w]
    left, top = padded[:, 1 : 1 + h, :w], padded[:, :h, 1 : 1 + w]
    by_hand = np.stack([centre & ~left, centre & ~top], 1)[:, :, ::sy, ::sx]
    np.testing.assert_array_equal(_maps(layer, images), by_hand)
    assert layer.out_shape == by_hand.shape[1:]


def test_channels_and_groups():
    """Output channel c is the XOR of one pixel in two channels of its own group."""
    leaves = [[(0, 0, 0), (2, 0, 0)], [(1, 0, 0), (3, 0, 0)]]
    layer = _wired(leaves, [XOR, XOR], in_channels=4, kernel_size=1, in_size=5, channels=2)
    images = _bits(6, 4, 5, 5)
    by_hand = np.stack([images[:, 0] ^ images[:, 1], images[:, 2] ^ images[:, 3]], 1)
    np.testing.assert_array_equal(_maps(layer, images), by_hand)
    drawn = nn.LogicConv2d(6, 9, 3, in_size=5, channels=2, groups=3, depth=2, seed=0).leaves()
    for group, channels in enumerate(drawn[:, :, 0].split(3, dim=1)):
        assert set(channels.unique().tolist()) == {2 * group, 2 * group + 1}


@pytest.mark.parametrize("inputs", [3, 6])
def test_gates_of_many_inputs(inputs):
    """A gate of k places, all of which must be on."""
    leaves = [[(0, i // 3, i % 3)] for i in range(inputs)]
    layer = _wired(
        leaves, [-(2**63) if inputs == 6 else 1 << (2**inputs - 1)],
        kernel_size=3, in_size=6, padding=1, inputs=inputs, parametrization="light",
    )  # fmt: skip
    images = _bits(30, 1, 6, 6) | _bits(30, 1, 6, 6, seed=1)
    padded = np.pad(images[:, 0], ((0, 0), (1, 1), (1, 1)))
    by_hand = np.stack([padded[:, i // 3 :, i % 3 :][:, :6, :6] for i in range(inputs)]).all(0)
    assert by_hand.any()
    np.testing.assert_array_equal(_maps(layer, images)[:, 0], by_hand)


@pytest.mark.parametrize("backend", ["native", "torch"])
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_maps_equal_loops_at_every_depth_stride_and_padding(depth, backend, monkeypatch):
    monkeypatch.setenv(VARIABLE, backend)
    rng = np.random.default_rng(depth)
    for stride, padding, size in itertools.product((1, 2), (0, 1), (5, (4, 7))):
        layer = nn.LogicConv2d(
            3, 4, 3, in_size=size, stride=stride, padding=padding, depth=depth, channels=2,
            init="heavy-tail", seed=7, dtype=torch.float64,
        )  # fmt: skip
        images = rng.random((2, *layer.in_shape))
        _, soft = layer.bank.coefficients()
        maps = layer(torch.from_numpy(images)).detach().numpy()
        np.testing.assert_allclose(maps, by_loop(layer, images, soft.detach().numpy()), atol=1e-12)
        assert maps.std() > 0.05


@pytest.mark.parametrize("backend", ["native", "torch"])
@pytest.mark.parametrize("depth", [1, 2, 4])
def test_gradients_are_those_of_the_function(depth, backend, monkeypatch):
    monkeypatch.setenv(VARIABLE, backend)
    layer = nn.LogicConv2d(
        2, 2, (3, 2), in_size=(4, 3), padding=(1, 0), stride=(2, 1), depth=depth, channels=2,
        init="heavy-tail" if depth < 4 else "gaussian", seed=1, dtype=torch.float64,
        connections="random" if depth < 4 else torch.randint(0, 2, (16, 2, 3)),
    )  # fmt: skip
    x = torch.rand(2, 2, 4, 3, dtype=torch.float64).requires_grad_()

    def maps(x, weight):
        return torch.func.functional_call(layer, {"weight": weight}, (x,))

    inputs = (x, layer.weight.detach().requires_grad_())
    assert torch.autograd.gradcheck(maps, inputs, fast_mode=True)
    tables = nn.LogicConv2d(
        1, 2, 2, in_size=3, padding=1, inputs=3, parametrization="light", seed=2,
        dtype=torch.float64,
    )  # fmt: skip
    x = torch.rand(2, 1, 3, 3, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(tables, (x,), fast_mode=True)


@pytest.mark.parametrize(
    "options",
    [
        {"estimator": "soft"},
        {"estimator": "straight-through", "parametrization": "light"},
        {"estimator": "efd", "parametrization": "light", "grad_factor": 2.0},
        {"estimator": "straight-through", "parametrization": "walsh", "inputs": 4},
    ],
    ids=lambda options: "-".join(map(str, options.values())),
)
@pytest.mark.parametrize("wiring", ["fixed", "straight-through", "soft"])
@pytest.mark.parametrize("backend", ["native", "torch"])
def test_a_convolution_is_a_dense_layer_on_patches(options, wiring, backend, monkeypatch):
    """Outputs and all gradients, against `torch.nn.functional.unfold` and LogicDense."""
    learned = {} if wiring == "fixed" else {"candidates": 5, "wire_estimator": wiring}
    kind = "random" if wiring == "fixed" else "learned"
    layer = nn.LogicConv2d(
        2, 6, 3, in_size=(5, 4), stride=2, padding=1, channels=2, connections=kind, seed=3,
        dtype=torch.float64, **learned, **options,
    )  # fmt: skip
    wires = layer.indices if wiring == "fixed" else layer.wiring.candidates
    given = {"connections": wires} if wiring == "fixed" else {
        "connections": "learned", "candidates": wires, "wire_estimator": wiring}  # fmt: skip
    dense = nn.LogicDense(18, 6, dtype=torch.float64, seed=0, **given, **options)
    with torch.no_grad():
        dense.weight.copy_(layer.weight)
        if wiring != "fixed":
            dense.wiring.logits.copy_(layer.wiring.logits.normal_())
    rows = []
    monkeypatch.setenv(VARIABLE, backend)
    for net, patches in ((layer, False), (dense, True)):
        x = torch.rand(3, 2, 5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
        x = x.requires_grad_()
        if patches:
            field = functional.unfold(x, 3, padding=1, stride=2)  # (3, 18, positions)
            maps = net(field.transpose(1, 2)).transpose(1, 2).reshape(3, 6, 3, 2)
        else:
            maps = net(x)
        (maps * torch.arange(maps.numel()).view(maps.shape)).sum().backward()
        rows.append([maps.detach(), x.grad, *(p.grad for p in net.parameters())])
    for ours, theirs in zip(*rows, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("parametrization", "estimator"),
    [
        ("raw", "gumbel-hard"), ("raw", "gumbel-soft"), ("light", "soft"), ("walsh", "gumbel-hard"),
        ("light-sigmoid", "straight-through"), ("multilinear", "straight-through"),
        ("covjac", "soft"), ("dwn", "efd"),
    ],
)  # fmt: skip
def test_every_kind_of_gate_trains_and_hardens_to_its_tables(parametrization, estimator):
    layer = nn.LogicConv2d(
        2, 4, 3, in_size=5, padding=1, depth=2, parametrization=parametrization,
        estimator=estimator, seed=5,
    )  # fmt: skip
    x = torch.from_numpy(_bits(4, 2, 5, 5)).float().requires_grad_()
    layer(x).sum().backward()
    assert layer.weight.grad.abs().sum() > 0
    assert x.grad.isfinite().all()
    hard, _ = layer.eval().bank.coefficients() if not layer.bank.of_tables else (None, None)
    maps = layer(x).detach()
    assert ((maps == 0) | (maps == 1)).all()
    layer.train().frozen = True
    assert torch.equal(layer(x), maps)
    assert not layer(x).requires_grad
    if hard is not None:
        np.testing.assert_array_equal(maps, by_loop(layer, x.detach().numpy(), hard.numpy()))


def test_output_is_laid_out_for_the_next_layer_and_any_leading_shape_is_taken():
    layer = nn.LogicConv2d(1, 3, 2, in_size=4, seed=0)
    x = torch.rand(2, 5, 1, 4, 4)
    out = layer(x)
    assert out.shape == (2, 5, 3, 3, 3)
    torch.testing.assert_close(out[1, 2], layer(x[1, 2]))
    torch.testing.assert_close(layer(x[0].transpose(2, 3)), layer(x[0].transpose(2, 3).clone()))
    assert layer(torch.zeros(0, 1, 4, 4)).shape == (0, 3, 3, 3)
    assert layer.to("meta")(x.to("meta")).shape == out.shape


def test_plain_and_own_sequential_flatten_alike():
    def make(kind):
        return kind(
            torch.nn.Unflatten(1, (1, 8, 8)),
            nn.LogicConv2d(1, 4, 3, in_size=8, padding=1, depth=3, seed=0),
            nn.OrPool2d(2),
            torch.nn.Flatten(),
            nn.LogicDense(64, 40, seed=1),
            nn.GroupSum(10),
        )

    x = torch.rand(7, 64)
    torch.testing.assert_close(make(nn.Sequential)(x), make(torch.nn.Sequential)(x))


@pytest.mark.parametrize(("size", "stride"), [(2, None), ((3, 2), None), (2, 1), (3, (2, 1))])
def test_or_pool_is_max_pool(size, stride):
    bits = torch.from_numpy(_bits(6, 3, 7, 8) & _bits(6, 3, 7, 8, seed=1))
    pool = nn.OrPool2d(size, stride)
    window, step = pool.size, pool.stride
    views = np.lib.stride_tricks.sliding_window_view(bits.numpy(), window, (2, 3))
    by_hand = views.any((4, 5))[:, :, :: step[0], :: step[1]]
    pooled = pool(bits)
    assert pooled.dtype == torch.float32
    np.testing.assert_array_equal(pooled, by_hand)
    ours, theirs = (bits.double().requires_grad_() for _ in range(2))
    weights = torch.rand(pooled.shape, dtype=torch.float64)
    (pool(ours) * weights).sum().backward()
    (functional.max_pool2d(theirs, window, step) * weights).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad)
    assert pool.windows((3, 7, 8)).shape == (*by_hand.shape[1:], window[0] * window[1])
