"""Runs of tables, and mixed ones, as one operation; what changes between the passes is refused."""

from collections.abc import Callable

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from gategrad import nn
from tests.nn.native_layers import gradients, gradients_on_threads, noted_calls, torch_gradients

KINDS = (
    (6, "light", "soft"),
    (4, "walsh", "straight-through"),
    (2, "raw", "soft"),
    (3, "light", "straight-through"),
    (2, "dwn", "efd"),
    (5, "light-sigmoid", "soft"),
)


def _net(*kinds: tuple, groups: bool = True, width: int = 40, **options: object) -> nn.Sequential:
    layers = [
        nn.LogicDense(24 if i == 0 else width, width, inputs=inputs, parametrization=kind,
                      estimator=estimator, seed=i, **options)
        for i, (inputs, kind, estimator) in enumerate(kinds)
    ]  # fmt: skip
    return nn.Sequential(*layers, *([nn.GroupSum(4, tau=3.0)] if groups else []))


def _rows(batch: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.rand(batch, 24, dtype=dtype, generator=torch.Generator().manual_seed(batch))


@pytest.mark.parametrize("groups", [True, False])
@pytest.mark.parametrize("kinds", [KINDS, KINDS[::-1], KINDS[:1] * 3], ids=["mixed", "back", "six"])
def test_same_as_plain_torch_in_one_operation(isa, monkeypatch, kinds, groups) -> None:
    net = _net(*kinds, groups=groups, dtype=torch.float64)
    called = noted_calls(monkeypatch, "train_")
    for batch in (0, 1, 17, 150):
        x = _rows(batch)
        called.clear()
        got = gradients(net, x)
        assert called == ["train_forward_float64", "train_backward_float64"]
        wanted = torch_gradients(net, x, monkeypatch)
        torch.testing.assert_close(got, wanted, rtol=1e-11, atol=1e-11)


def test_results_repeat() -> None:
    net = _net(*KINDS, width=2000)
    once, again = (gradients_on_threads(net, _rows(100, torch.float32)) for _ in range(2))
    for first, second in zip(once, again, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


# Of torch itself, wherever the graph breaks: at entries of tables that torch makes.
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
@pytest.mark.parametrize("kinds", [KINDS, KINDS[:1] + KINDS[2:4]], ids=["mixed", "whole"])
def test_compiled_network_is_the_same(kinds: tuple) -> None:
    net, x = _net(*kinds), _rows(10, torch.float32)
    compiled = torch.compile(net, backend="aot_eager")
    torch.testing.assert_close(gradients(compiled, x), gradients(net, x))


@pytest.mark.parametrize("kind", [KINDS[0], KINDS[2], KINDS[4]], ids=["six", "raw", "dwn"])
def test_fake_tensors_stay_fake(kind: tuple) -> None:
    net, x = _net(kind), _rows(8, torch.float32)
    with FakeTensorMode(allow_non_fake_inputs=True):
        assert net(x).shape == (8, 4)


def _halved(net: torch.nn.Module) -> None:
    net.half()


def _smaller(net: torch.nn.Module) -> None:
    net[0].weight.data = torch.zeros(1, net[0].weight.shape[1])


def _emptied(net: torch.nn.Module) -> None:
    net[0].weight.untyped_storage().resize_(0)


@pytest.mark.parametrize("change", [_halved, _smaller, _emptied])
@pytest.mark.parametrize("kind", [KINDS[0], KINDS[2]], ids=["six", "raw"])
def test_weights_that_change_between_the_passes_are_refused(
    change: Callable[[torch.nn.Module], None], kind: tuple
) -> None:
    net = _net(kind)
    out = net(_rows(9, torch.float32))
    change(net)
    with pytest.raises(RuntimeError, match=r"the weight of a layer is .*; the native core expects"):
        out.sum().backward()
