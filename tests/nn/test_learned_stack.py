"""Consecutive layers with learned wiring as one operation, against plain torch."""

from itertools import pairwise

import pytest
import torch

from gategrad import _core, nn
from gategrad.nn.executors.training_variable import VARIABLE

DIMS = (40, 37, 70, 30)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Layers of each forward call of the core that found bits."""
    seen, run = [], _core.learned_forward

    def learned_forward(stack, arrays, **rest) -> bool:
        done = run(stack, arrays, **rest)
        if done:
            seen.append(len(stack.layers))
        return done

    monkeypatch.setattr(_core, "learned_forward", learned_forward)
    return seen


def network(*options: dict, groups: int = 5, dims=DIMS) -> nn.Sequential:
    """Layers of these options, straight-through with learned wires unless they say otherwise."""
    layers = []
    for seed, ((a, b), own) in enumerate(zip(pairwise(dims), options, strict=False)):
        chosen = {"connections": "learned", "estimator": "straight-through", "seed": seed} | own
        if chosen["connections"] == "learned":
            chosen.setdefault("candidates", 5)
        layers.append(nn.LogicDense(a, b, **chosen))
    generator = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for layer in layers:
            if layer.wiring is not None:
                layer.wiring.logits.normal_(generator=generator)
    head = [nn.GroupSum(groups, tau=3.0)] if groups else []
    return nn.Sequential(*layers, *head)


def bits(batch: int, dtype=torch.float32) -> torch.Tensor:
    random = torch.rand(batch, DIMS[0], generator=torch.Generator().manual_seed(batch))
    return (random < 0.5).to(dtype)


def gradients(net: nn.Sequential, x: torch.Tensor, *, wants_x: bool = True) -> list:
    wants_x = wants_x and x.is_floating_point()
    x = x.detach().requires_grad_(wants_x)
    out = net(x)
    upstream = torch.linspace(-1, 2, out.numel()).reshape(out.shape)
    wanted = [p for p in net.parameters() if p.requires_grad]
    found = torch.autograd.grad(
        out, [x] * wants_x + wanted, upstream, allow_unused=True, materialize_grads=True
    )
    return [out.detach(), *found]


def assert_as_torch(net, x, monkeypatch, **options) -> None:
    found = gradients(net, x, **options)
    with monkeypatch.context() as patch:
        patch.setenv(VARIABLE, "torch")
        wanted = gradients(net, x, **options)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=2e-5)


LIGHT = {"parametrization": "light"}
LAYERS = {
    "learned": ({}, {}, {}),
    "soft last": ({}, {}, {"estimator": "soft"}),
    "light, factors": (LIGHT | {"grad_factor": 1.5}, LIGHT | {"grad_factor": 2.0}, LIGHT),
    "fixed between": ({}, {"connections": "random"}, {}),
    "fixed first": ({"connections": "random"}, {"connections": "random", "grad_factor": 0.5}, {}),
    "given coefficients": (
        {"parametrization": "walsh"},
        {"gates": "no-xor"},
        {"parametrization": "walsh", "estimator": "soft"},
    ),
    "many candidates": ({"candidates": 16}, {"candidates": "all"}, {"candidates": 1}),
}


@pytest.mark.parametrize("groups", [0, 5])
@pytest.mark.parametrize("options", LAYERS.values(), ids=LAYERS.keys())
def test_same_as_plain_torch(isa, monkeypatch, calls, options, groups) -> None:
    net = network(*options, groups=groups)
    for batch in (1, 63, 64, 128, 130, 193):
        assert_as_torch(net, bits(batch), monkeypatch)
        assert calls.pop() == 3


@pytest.mark.parametrize("options", [({}, {}, {}), ({}, {}, {"estimator": "soft"})])
def test_threads_change_no_bit(isa, options) -> None:
    net = network(*options, dims=(40, 1000, 1000, 1000))
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            found.append(gradients(net, bits(300)))
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        assert all(map(torch.equal, found[0], other))


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64, torch.float64])
def test_inputs_of_other_types(isa, monkeypatch, calls, dtype) -> None:
    net = network({}, {}, {})
    assert_as_torch(net, bits(70, dtype), monkeypatch, wants_x=False)
    assert calls == [3]


def test_any_layout_of_the_input(isa, monkeypatch, calls) -> None:
    net = network({}, {}, {})
    columns = bits(70).t().contiguous().t()
    wide = torch.zeros(70, 50)
    wide[:, 5:45] = bits(70)
    reference = gradients(net, bits(70))
    for x in (columns, wide[:, 5:45], bits(70).repeat_interleave(2, 1)[:, ::2]):
        assert all(map(torch.equal, gradients(net, x), reference))
    assert len(calls) == 4


def test_leading_dimensions() -> None:
    net = network({}, {}, {})
    out = net(bits(12).view(3, 4, -1))
    assert out.shape == (3, 4, 5)
    assert torch.equal(out.view(12, 5), net(bits(12)))


def test_soft_layers_end_a_run_of_bits(monkeypatch, calls) -> None:
    net = network({}, {"estimator": "soft"}, {})
    assert_as_torch(net, bits(65), monkeypatch)
    assert calls == [2]


@pytest.mark.parametrize("bad", [0.25, -1.0, 2.0, 1e-30, torch.nan, torch.inf])
def test_values_that_are_no_bits_go_through_torch(monkeypatch, calls, bad) -> None:
    x, net = bits(65), network({}, {}, {})
    x[3, 4] = bad
    with monkeypatch.context() as patch:
        patch.setenv(VARIABLE, "torch")
        wanted = net(x)
    assert torch.equal(net(x).nan_to_num(7.0), wanted.nan_to_num(7.0))
    assert not calls


def test_the_core_takes_over_where_values_become_bits(monkeypatch, calls) -> None:
    x, wires = bits(65), torch.arange(2 * DIMS[1]).view(2, -1) % (DIMS[0] - 1)
    x[3, -1] = 0.25
    net = network({"connections": wires}, {}, {})
    assert_as_torch(net, x, monkeypatch)
    assert calls == [2]


def test_bytes_that_are_no_bits_are_refused(calls) -> None:
    x, net = bits(9, torch.uint8), network({}, {}, {})
    x[0, 0] = 2
    with pytest.raises(ValueError, match="LogicDense got values from 0 to 2; expected bits"):
        net(x)
    assert not calls


def test_frozen_layers_are_hard_and_get_no_gradient(monkeypatch, calls) -> None:
    net = network({}, {}, {})
    net[0].frozen = True
    assert_as_torch(net, bits(65), monkeypatch)
    assert calls == [1, 2]
    net(bits(65)).sum().backward()
    assert net[0].weight.grad is None
    assert net[0].wiring.logits.grad is None


def test_parameters_that_want_no_gradient(monkeypatch) -> None:
    net = network({}, {}, {})
    net[0].weight.requires_grad_(False)
    net[1].wiring.logits.requires_grad_(False)
    assert_as_torch(net, bits(65), monkeypatch)


def test_hooks_see_their_module_called(calls) -> None:
    net, seen = network({}, {}, {}), []
    net[1].register_forward_hook(lambda *args: seen.append(args[2].shape))
    net(bits(8))
    assert seen == [(8, 70)]
    assert calls == [1, 1, 1]


def test_twice_is_refused() -> None:
    out = network({}, {}, {})(bits(8).requires_grad_())
    with pytest.raises(RuntimeError, match="can't be differentiated twice"):
        out.sum().backward(create_graph=True)


def test_an_empty_batch() -> None:
    for groups in (0, 5):
        net = network({}, {}, {}, groups=groups)
        out = net(bits(0))
        out.sum().backward()
        assert out.shape == (0, groups or DIMS[-1])
        assert not net[0].weight.grad.any()


def test_wires_outside_are_refused() -> None:
    net = network({}, {"connections": "random"}, {})
    net[1].indices[0, 3] = 37
    with pytest.raises(IndexError, match="a gate reads a wire outside 0 to 36"):
        net(bits(8))
    net[1].indices[0, 3] = -1
    with pytest.raises(IndexError, match="a gate reads a wire outside 0 to 36"):
        net(bits(8))


@pytest.mark.parametrize("candidates", [4, 16])
def test_less_than_four_bytes_a_wire_and_sample_are_kept(candidates) -> None:
    net, batch, kept = network(*[{"candidates": candidates}] * 3), 512, {}
    own = {t.data_ptr() for t in (*net.parameters(), *net.buffers())}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.data_ptr() not in own:
            kept[tensor.data_ptr()] = tensor.nbytes
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        net(bits(batch))
    assert 0 < sum(kept.values()) < 4 * batch * sum(DIMS[:3]) / 8
