"""GroupSum: groups, temperature, dtypes, messages."""

import math

import numpy as np
import pytest
import torch

import gategrad as gg
from gategrad import nn
from gategrad.circuit import decide, evaluate_sums


def test_groups_are_contiguous_and_divided_by_tau():
    x = torch.arange(12.0).view(2, 6)
    assert nn.GroupSum(3)(x).tolist() == [[1.0, 5.0, 9.0], [13.0, 17.0, 21.0]]
    torch.testing.assert_close(nn.GroupSum(3, tau=4.0)(x), nn.GroupSum(3)(x) / 4)


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.float16, torch.bfloat16])
def test_counts_are_exact_for_narrow_types(dtype):
    x = torch.ones(1, 4000, dtype=dtype)
    x[0, 0] = 0
    scores = nn.GroupSum(1)(x)
    assert scores.dtype == torch.float32
    assert scores.item() == 3999


def test_gradient():
    x = torch.rand(3, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.autograd.gradcheck(nn.GroupSum(2, tau=1.7), x.requires_grad_())


@pytest.mark.parametrize("shape", [(6,), (0, 6), (2, 3, 6)])
def test_leading_dimensions_are_kept(shape):
    x = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    expected = torch.stack([x[..., :3].sum(-1), x[..., 3:].sum(-1)], -1)
    torch.testing.assert_close(nn.GroupSum(2)(x), expected)


def test_messages():
    with pytest.raises(ValueError, match=r"\(4, 7\), which does not split into 3 equal groups"):
        nn.GroupSum(3)(torch.zeros(4, 7))
    with pytest.raises(ValueError, match="k must be an integer of at least 1, got 0"):
        nn.GroupSum(0)
    for tau in (0.0, -1.0, math.nan, math.inf, None):
        with pytest.raises(ValueError, match=f"tau must be a finite number above 0, got {tau}"):
            nn.GroupSum(2, tau=tau)


HEADS = {
    "bias": {"k": 4, "tau": 1.7, "bias": True},
    "auto": {"k": 4, "tau": "auto"},
    "binary": {"k": 1, "tau": 3.0, "kind": "binary"},
    "binary with bias": {"k": 1, "kind": "binary", "bias": True},
    "multilabel": {"k": 5, "tau": "auto", "kind": "multilabel", "bias": True},
    "regression": {"k": 1, "tau": 0.3, "kind": "regression", "offset": -1.3},
    "regressions": {
        "k": 2,
        "tau": (0.3, 7.0),
        "kind": "regression",
        "offset": [1.1, -2.0],
        "bias": True,
    },
}


def network_with(head):
    first, second = nn.LogicDense(12, 50, seed=0), nn.LogicDense(50, 60, seed=1)
    net = torch.nn.Sequential(first, second, nn.GroupSum(**HEADS[head]))
    if net[2].bias is not None:
        with torch.no_grad():
            net[2].bias.copy_(torch.linspace(-3.6, 4.5, net[2].k))
    return net


@pytest.mark.parametrize("head", HEADS)
def test_circuit_and_engines_equal_eval(head):
    net = network_with(head).eval()
    bits = np.random.default_rng(0).random((200, 12)) < 0.5
    with torch.no_grad():
        expected = net(torch.from_numpy(bits)).numpy()
    raw = gg.discretize(net)
    for model in (raw, raw.optimize()):
        sums = evaluate_sums(model.circuit, model.readout, bits)
        for backend in ("native", "numpy"):
            np.testing.assert_array_equal(model.scores(bits, backend=backend), expected)
            decided = model.predict(bits, backend=backend)
            np.testing.assert_array_equal(decided, decide(model.readout, sums))
            np.testing.assert_array_equal(model.predict(bits[:1], backend=backend), decided[:1])
    kind = net[2].kind
    if kind in ("binary", "multilabel"):
        np.testing.assert_array_equal(raw.predict(bits), (expected > 0).astype(int).squeeze())
        outputs = net[1](net[0](torch.from_numpy(bits).float())).unflatten(1, (net[2].k, -1))
        if net[2].bias is None:
            majority = (outputs.sum(2) > outputs.shape[2] / 2).int().squeeze(1)
            np.testing.assert_array_equal(raw.predict(bits), majority.detach().numpy())


@pytest.mark.parametrize("head", HEADS)
def test_fused_equals_module_by_module(head):
    net = network_with(head)
    x = torch.rand(9, 12, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(nn.Sequential(*net)(x), net(x))


def test_bias_is_real_in_training_and_an_integer_in_eval():
    net = network_with("bias")
    zeros = torch.zeros(1, 60)
    assert net[2](zeros)[0, 0].item() == pytest.approx(-3.6 / 1.7)
    assert net[2].eval()(zeros)[0, 0].item() == pytest.approx(-4 / 1.7)
    assert gg.discretize(net).readout.bias.tolist() == [-4, -1, 2, 4]


def test_bias_has_a_gradient():
    net = nn.Sequential(*network_with("multilabel"))
    net(torch.rand(3, 12)).sum().backward()
    torch.testing.assert_close(net[2].bias.grad, torch.full((5,), 3 * (12 / 8) ** -0.5))


def test_auto_tau_grows_with_the_root_of_the_outputs_a_group():
    head, x = nn.GroupSum(10, tau="auto"), torch.ones(1, 8000)
    assert head(x)[0, 0].item() == pytest.approx(80)
    assert 1 / head.scale(64_000) == pytest.approx(28.28, abs=0.01)


def test_regression_spans_the_range():
    head = nn.GroupSum.regression([-1.0, 0.0], [1.0, 50.0], 40)
    assert head(torch.zeros(1, 40)).tolist() == [[-1.0, 0.0]]
    torch.testing.assert_close(head(torch.ones(1, 40)), torch.tensor([[1.0, 50.0]]))
    assert nn.GroupSum.regression(2.0, 3.0, 7)(torch.zeros(1, 7)).tolist() == [[2.0]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "softmax"}, "unknown kind 'softmax'; known: argmax, binary, multilabel, regres"),
        ({"kind": "binary"}, 'kind="binary" has one sum, got k=2'),
        ({"offset": 1.0}, "offset is for kind=\"regression\", got 1.0 with 'argmax'"),
        ({"tau": "best"}, "tau must be a finite number above 0, or \"auto\", got 'best'"),
        ({"tau": [1.0, 2.0]}, 'tau has 2 numbers; expected one, or k=2 with kind="regression"'),
        ({"tau": [1.0], "kind": "regression"}, "tau has 1 numbers; expected one, or k=2 with"),
        ({"offset": math.nan, "kind": "regression"}, "offset must be a finite number, got nan"),
    ],
)
def test_head_messages(options, message):
    with pytest.raises(ValueError, match=message):
        nn.GroupSum(2, **options)


def test_regression_messages():
    with pytest.raises(ValueError, match="low must be below high, both finite, got"):
        nn.GroupSum.regression(1.0, 1.0, 4)
    with pytest.raises(ValueError, match="5 outputs don't split into 2 equal groups"):
        nn.GroupSum.regression([0, 0], [1, 1], 5)
