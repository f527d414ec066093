"""The native core's layers against plain torch; their memory, threads and messages."""

import gc

import pytest
import torch

from gategrad import _core, nn
from gategrad.nn.executors.cpu.arrays import pooled
from gategrad.nn.executors.cpu.native_op import logic_stack
from gategrad.nn.executors.training_variable import VARIABLE
from tests.nn.stacks import gradients, net_of, rows

ISAS = _core.isas()
# What `logic_stack` takes of two layers of logits: kinds; then hard?, factor, smoothing of each.
PLAIN = ("logits,logits", [0.0, 1.0, 0.0] * 2)


def _torch_gradients(
    net: torch.nn.Module, x: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> list[torch.Tensor]:
    with monkeypatch.context() as patch:
        patch.setenv(VARIABLE, "torch")
        return gradients(net, x)


@pytest.mark.parametrize("parametrization", ["raw", "light"])
@pytest.mark.parametrize("estimator", ["soft", "straight-through"])
@pytest.mark.parametrize("recompute", [False, True, None])
@pytest.mark.parametrize("k", [0, 6])
def test_same_as_plain_torch(
    isa, monkeypatch, parametrization: str, estimator: str, recompute: bool | None, k: int
) -> None:
    for batch in (0, 1, 31, 32, 33, 100):
        net = net_of(parametrization=parametrization, estimator=estimator, recompute=recompute, k=k,
                   grad_factor=1.5)  # fmt: skip
        x = rows(batch)
        if estimator == "straight-through":
            x = (x > 0.5).double()
        torch.testing.assert_close(
            gradients(net, x), _torch_gradients(net, x, monkeypatch), rtol=1e-12, atol=1e-12
        )


@pytest.mark.parametrize("seed", range(100))
def test_random_layers_in_float32(monkeypatch, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    n_in, n_out, batch = (int(torch.randint(2, 90, (), generator=generator)) for _ in range(3))
    net = net_of((n_in, n_out), dtype=torch.float32, parametrization=("raw", "light")[seed % 2],
               seed=seed)  # fmt: skip
    # Any wires: self-connected gates and inputs that feed no gate.
    net[0].indices.copy_(torch.randint(n_in, (2, n_out), generator=generator))
    x = torch.rand(batch, n_in, generator=generator)
    torch.testing.assert_close(
        gradients(net, x), _torch_gradients(net, x, monkeypatch), rtol=2e-5, atol=2e-5
    )


def _rewire(net: nn.Sequential, seed: int) -> None:
    """Any wires: self-connected gates, wires that many gates read, and wires that none reads."""
    generator = torch.Generator().manual_seed(seed)
    for layer in net:
        if isinstance(layer, nn.LogicDense):
            width = max(1, int(layer.in_dim * (0.5, 1.0)[seed % 2]))
            layer.indices.copy_(torch.randint(width, layer.indices.shape, generator=generator))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("recompute", [False, True])
def test_random_wires_through_three_layers(isa, monkeypatch, seed: int, recompute: bool) -> None:
    generator = torch.Generator().manual_seed(seed)
    dims = [int(torch.randint(2, 60, (), generator=generator)) for _ in range(4)]
    net = net_of(tuple(dims), recompute=recompute, seed=seed, grad_factor=(1.0, 0.5)[seed % 2])
    _rewire(net, seed)
    x = rows(1 + 17 * seed, dims[0])
    torch.testing.assert_close(
        gradients(net, x), _torch_gradients(net, x, monkeypatch), rtol=1e-12, atol=1e-12
    )


def test_changed_wires_are_seen(monkeypatch) -> None:
    net, x = net_of((20, 30, 24), k=4), rows(40)
    before = gradients(net, x)
    _rewire(net, 1)
    expected = _torch_gradients(net, x, monkeypatch)
    torch.testing.assert_close(gradients(net, x), expected, rtol=1e-12, atol=1e-12)
    assert not torch.allclose(before[0], expected[0])
    wires = net[1].indices.numpy()  # torch does not hear of this change
    wires[0, 5] = (wires[0, 5] + 1) % 30
    expected = _torch_gradients(net, x, monkeypatch)
    torch.testing.assert_close(gradients(net, x), expected, rtol=1e-12, atol=1e-12)


def test_one_set_of_wires_in_two_networks(monkeypatch) -> None:
    first, second = net_of((20, 20, 24)), net_of((20, 20, 24))
    second[1].indices = first[0].indices[:, torch.arange(24) % 20].contiguous()
    second[0].indices = first[0].indices
    for net in (first, second, first):
        torch.testing.assert_close(
            gradients(net, rows(9)), _torch_gradients(net, rows(9), monkeypatch)
        )


@pytest.mark.parametrize("recompute", [False, True])
def test_layers_larger_than_the_caches(isa, monkeypatch, recompute: bool) -> None:
    net = net_of((50, 70_000, 70_000), dtype=torch.float32, recompute=recompute, k=10)
    _rewire(net, 1)
    x = rows(70, 50, torch.float32)
    for ours, theirs in zip(gradients(net, x), _torch_gradients(net, x, monkeypatch), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4 * float(theirs.abs().max()))


@pytest.mark.parametrize("parametrization", ["raw", "light"])
@pytest.mark.parametrize("batch", [1, 3, 16, 17, 64, 100])
def test_gradcheck(parametrization: str, batch: int) -> None:
    net = net_of((6, 5, 4), parametrization=parametrization, k=2)
    with torch.no_grad():
        net[0].indices[:, 0] = 3  # both pins on one wire
        net[0].indices[net[0].indices == 5] = 0  # input 5 feeds no gate
    x = rows(batch, 6).requires_grad_()

    def out(x: torch.Tensor, *weights: torch.Tensor) -> torch.Tensor:
        names = [name for name, _ in net.named_parameters()]
        return torch.func.functional_call(net, dict(zip(names, weights, strict=True)), x)

    assert torch.autograd.gradcheck(out, (x, *net.parameters()), check_undefined_grad=False)
    grad = torch.autograd.grad(out(x, *net.parameters()).sum(), x)[0]
    assert (grad[:, 5] == 0).all()
    assert (grad[:, 0] != 0).any()


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8])
def test_bytes_are_taken_as_they_are(dtype: torch.dtype) -> None:
    net, x = net_of(dtype=torch.float32, k=4), rows(50) > 0.5
    torch.testing.assert_close(net(x.to(dtype)), net(x.float()), rtol=0, atol=0)
    strided = torch.zeros(50, 40, dtype=dtype)
    strided[:, ::2] = x.to(dtype)
    torch.testing.assert_close(net(strided[:, ::2]), net(x.float()), rtol=0, atol=0)


def test_leading_dimensions() -> None:
    net, x = net_of(k=4), rows(12)
    torch.testing.assert_close(net(x.reshape(3, 4, 20)), net(x).reshape(3, 4, 4), rtol=0, atol=0)


def test_extreme_logits_give_finite_gradients() -> None:
    net = net_of((20, 30), dtype=torch.float32)
    with torch.no_grad():
        net[0].weight.mul_(1e4)
    for tensor in gradients(net, rows(10, dtype=torch.float32)):
        assert torch.isfinite(tensor).all()


@pytest.mark.parametrize("parametrization", ["raw", "light"])
@pytest.mark.parametrize("entry", [0, 3])
def test_nan_weights_are_seen(isa, parametrization: str, entry: int) -> None:
    net = net_of((20, 40), dtype=torch.float32, parametrization=parametrization)
    with torch.no_grad():
        net[0].weight[7, entry] = torch.nan
    out, _, grad = gradients(net, rows(10, dtype=torch.float32))
    assert out[:, 7].isnan().all()
    assert grad[7].isnan().all() if parametrization == "raw" else grad[7, entry].isnan()
    others = torch.arange(40) != 7
    assert out[:, others].isfinite().all()
    assert grad[others].isfinite().all()


def test_outputs_are_never_overwritten_by_later_steps() -> None:
    net = net_of(dtype=torch.float32)
    first = net(rows(64, dtype=torch.float32))
    copy = first.detach().clone()
    for seed in (65, 66):
        net(rows(seed, dtype=torch.float32)[:64]).sum().backward()
    torch.testing.assert_close(first.detach(), copy, rtol=0, atol=0)


def test_two_forwards_then_both_backwards() -> None:
    net = net_of()
    batches = [rows(40), rows(41)[:40]]
    expected = [gradients(net, x)[2] for x in batches]
    outs = [net(x) for x in batches]
    weights = torch.linspace(-1, 2, outs[0].numel(), dtype=torch.float64).reshape(outs[0].shape)
    for out, grad in zip(reversed(outs), reversed(expected), strict=True):
        net.zero_grad()
        (out * weights).sum().backward()
        torch.testing.assert_close(net[0].weight.grad, grad, rtol=0, atol=0)


def test_gradients_accumulate_over_two_backwards() -> None:
    net, x = net_of(), rows(40)
    once = gradients(net, x)[2]
    net(x)
    out = net(x)
    weights = torch.linspace(-1, 2, out.numel(), dtype=torch.float64).reshape(out.shape)
    (out * weights).sum().backward()
    torch.testing.assert_close(net[0].weight.grad, 2 * once)


def test_memory_returns_to_the_stock_when_tensors_die() -> None:
    _core.release_stock()
    gc.collect()
    tensor = pooled((1000, 1000), torch.float32)
    address = tensor.data_ptr()
    view = tensor[5:]
    assert _core.stocked_bytes() == 0
    del tensor
    gc.collect()
    assert _core.stocked_bytes() == 0  # the view still needs it
    del view
    gc.collect()
    assert _core.stocked_bytes() >= 4_000_000
    assert pooled((1000, 1000), torch.float32).data_ptr() == address


def test_kept_memory_is_four_bytes_a_wire_and_sample() -> None:
    net, x = net_of((64, 96, 128), dtype=torch.float32), rows(320, 64, torch.float32)
    arguments = [[*(m.indices for m in net), *(m.weight for m in net)], *PLAIN, 0, 1.0]
    assert logic_stack(x, *arguments, True)[2].nbytes == 4 * 320 * (64 + 96)
    assert logic_stack(x, *arguments, False)[2].nbytes == 0


def test_same_thread_count_same_bits() -> None:
    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)  # 300 * 1000 gates and samples keep both at work
            net = net_of((20, 600, 400), dtype=torch.float32, k=4)
            x = rows(300, dtype=torch.float32)
            first, second = gradients(net, x), gradients(net, x)
            assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("recompute", [False, True])
def test_threads_may_change_between_the_passes(monkeypatch, recompute: bool) -> None:
    before = torch.get_num_threads()
    net, x = net_of((20, 600, 400), k=4, recompute=recompute), rows(300)
    expected = _torch_gradients(net, x, monkeypatch)[2:]
    try:
        for first, second in ((1, 2), (2, 1), (3, 2)):
            net.zero_grad()
            torch.set_num_threads(first)
            out = net(x)
            torch.set_num_threads(second)
            weights = torch.linspace(-1, 2, out.numel(), dtype=out.dtype).reshape(out.shape)
            (out * weights).sum().backward()
            grads = [p.grad for p in net.parameters()]
            torch.testing.assert_close(grads, expected, rtol=1e-11, atol=1e-11)
    finally:
        torch.set_num_threads(before)


def test_shares_torchs_threads() -> None:
    assert _core.shares_openmp()


@pytest.mark.parametrize("wire", [30, -1, 2**62, -(2**63)])
def test_wires_out_of_range_are_refused(wire: int) -> None:
    net = net_of()
    net[1].indices[0, 3] = wire
    with pytest.raises(IndexError, match="reads a wire outside 0 to 29"):
        net(rows(4))


def test_the_operator_refuses_what_does_not_fit() -> None:
    net, x = net_of(), rows(4)
    weights, indices = [m.weight for m in net], [m.indices for m in net]
    with pytest.raises(ValueError, match="7 groups do not divide 24 outputs"):
        logic_stack(x, indices + weights, *PLAIN, 7, 1.0, False)
    narrow = [weights[0][:, :3].contiguous(), weights[1]]
    with pytest.raises(ValueError, match=r"weights are \(30, 3\); expected \(30, 16\) of logits"):
        logic_stack(x, indices + narrow, *PLAIN, 0, 1.0, False)
    with pytest.raises(ValueError, match="wires and weights of a layer must fit"):
        logic_stack(x, indices[::-1] + weights, *PLAIN, 0, 1.0, False)


def test_no_second_derivatives() -> None:
    net, x = net_of(), rows(4).requires_grad_()
    message = "can't be differentiated twice"
    with pytest.raises(RuntimeError, match=message):
        torch.autograd.grad(net(x).sum(), x, create_graph=True)
    weights, indices = [m.weight for m in net], [m.indices for m in net]
    out = logic_stack(x, indices + weights, *PLAIN, 0, 1.0, True)[0]
    (grad,) = torch.autograd.grad(out.sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match=message):
        grad.sum().backward()
