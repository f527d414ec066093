"""The native core's learned wiring against plain torch, on every instruction set."""

from copy import deepcopy

import pytest
import torch

from gategrad import _core, nn
from gategrad.nn.executors.training_variable import VARIABLE


def layer(candidates, *, in_dim=40, out_dim=37, **options) -> nn.LogicDense:
    made = nn.LogicDense(
        in_dim, out_dim, connections="learned", candidates=candidates, seed=0, **options
    )
    with torch.no_grad():
        noise = torch.randn(made.wiring.logits.shape, generator=torch.Generator().manual_seed(1))
        made.wiring.logits.copy_(3 * noise)
    return made


def bits(batch: int, width: int = 40) -> torch.Tensor:
    return (torch.rand(batch, width, generator=torch.Generator().manual_seed(batch)) < 0.5).float()


def gradients(net: torch.nn.Module, x: torch.Tensor) -> list[torch.Tensor]:
    x = x.clone().requires_grad_()
    out = net(x)
    upstream = torch.linspace(-1, 2, out.numel()).reshape(out.shape)
    return [out.detach(), *torch.autograd.grad(out, (x, *net.parameters()), upstream)]


def torch_gradients(net, x, monkeypatch) -> list[torch.Tensor]:
    with monkeypatch.context() as patch:
        patch.setenv(VARIABLE, "torch")
        return gradients(net, x)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Layers and samples of each call of the core."""
    seen, run = [], _core.learned_forward

    def learned_forward(stack, arrays, **rest) -> bool:
        done = run(stack, arrays, **rest)
        if done:
            seen.append((len(stack.layers), stack.batch))
        return done

    monkeypatch.setattr(_core, "learned_forward", learned_forward)
    return seen


@pytest.mark.parametrize("candidates", [1, 3, 8, 16, 21, "all"])
@pytest.mark.parametrize("estimator", ["soft", "straight-through"])
def test_same_as_plain_torch(isa, monkeypatch, calls, candidates, estimator) -> None:
    net = layer(candidates, estimator=estimator, grad_factor=1.5)
    for batch in (1, 31, 64, 65, 128, 200):
        found = gradients(net, bits(batch))
        assert calls.pop() == (1, batch)
        wanted = torch_gradients(net, bits(batch), monkeypatch)
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=2e-5)


def test_threads_change_no_bit(isa) -> None:
    net, x, before = layer(16, out_dim=2000), bits(300), torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            found.append(gradients(net, x))
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        assert all(map(torch.equal, found[0], other))


def test_values_that_are_no_bits_are_for_other_kernels(monkeypatch, calls) -> None:
    net, x = layer(5), bits(9)
    x[3, 7] = 0.5
    found, wanted = gradients(net, x), torch_gradients(net, x, monkeypatch)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=2e-5)
    assert not calls


@pytest.mark.parametrize("options", [{"wire_estimator": "soft"}, {"dtype": torch.float64}])
def test_layers_that_are_for_other_kernels(calls, options) -> None:
    net = layer(5, **options)
    net(bits(9).to(net.weight.dtype))
    assert not calls


def test_large_logits_and_equal_ones(isa, monkeypatch) -> None:
    net = layer(16)
    with torch.no_grad():
        net.wiring.logits[0] *= 100
        net.wiring.logits[1] = 0
    found, wanted = gradients(net, bits(64)), torch_gradients(net, bits(64), monkeypatch)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("candidates", [5, 16])
@pytest.mark.parametrize("wire", [40, -1])
def test_candidates_beyond_the_input_are_refused(isa, candidates, wire) -> None:
    net = layer(candidates)
    net.wiring.candidates[1, 3, 2] = wire
    with pytest.raises(IndexError, match="a pin has a candidate outside 0 to 39"):
        net(bits(9))


def test_weights_changed_before_the_backward_pass_are_noticed() -> None:
    net = layer(5)
    out = net(bits(9)).sum()
    with torch.no_grad():
        net.wiring.logits.add_(1.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.backward()


def test_two_layers_and_a_group_sum(monkeypatch, calls) -> None:
    first = layer(16, estimator="straight-through")
    second = layer(8, in_dim=37, out_dim=30, estimator="straight-through")
    net = nn.Sequential(first, second, nn.GroupSum(5, tau=2.0))
    found = gradients(net, bits(100))
    assert calls == [(2, 100)]
    wanted = torch_gradients(net, bits(100), monkeypatch)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=2e-5)


def test_an_empty_batch() -> None:
    assert layer(5)(bits(0)).shape == (0, 37)


def halved(module: nn.LogicDense) -> None:
    module.half()


def shrunk(module: nn.LogicDense) -> None:
    module.weight.data = module.weight.data[:3].clone()


def shrunk_logits(module: nn.LogicDense) -> None:
    logits = module.wiring.logits
    logits.data = logits.data[:, :3].clone()


@pytest.mark.parametrize("change", [halved, shrunk, shrunk_logits])
def test_tensors_that_changed_between_the_passes_are_refused(change) -> None:
    module = nn.LogicDense(
        40, 30, connections="learned", candidates=4, estimator="straight-through", seed=0
    )
    out = module(torch.ones(9, 40)).sum()
    change(module)
    with pytest.raises(RuntimeError, match="the native core expects a dense tensor"):
        out.backward()


def test_noise_is_drawn_once_for_values_between_bits(monkeypatch) -> None:
    options = {"estimator": "gumbel-hard", "parametrization": "light-sigmoid"}
    layer = nn.LogicDense(8, 6, connections="learned", candidates=3, seed=0, **options)
    other, x = deepcopy(layer), torch.rand(5, 8, generator=torch.Generator().manual_seed(0))
    got = [layer(x) for _ in range(3)]
    monkeypatch.setenv("GATEGRAD_TRAINING", "torch")
    torch.testing.assert_close(got, [other(x) for _ in range(3)])
    assert int(layer.noise[1]) == 3
