"""The native core's layers as a citizen of torch: its compiler, checkpoints, hooks and modules."""

import copy
import pickle

import pytest
import torch
from torch.utils.checkpoint import checkpoint

from gategrad import _core, nn
from gategrad.nn.executors.cpu.native_op import logic_stack
from gategrad.nn.executors.training_variable import VARIABLE
from tests.nn.stacks import gradients, net_of, rows

ISAS = _core.isas()


def test_the_operator_passes_torchs_own_checks() -> None:
    net, x = net_of((6, 5, 4)), rows(5, 6).requires_grad_()
    tensors = [*(m.indices for m in net), *(m.weight for m in net)]
    arguments = (x, tensors, "logits,logits", [0.0, 1.0, 0.0] * 2, 2, 0.5, True)
    checks = ("test_schema", "test_autograd_registration", "test_faketensor")
    torch.library.opcheck(logic_stack, arguments, test_utils=checks)


def test_compiled_network_is_the_same() -> None:
    net, x = net_of(k=4), rows(10)
    compiled = torch.compile(net, backend="aot_eager")
    torch.testing.assert_close(gradients(compiled, x), gradients(net, x))


def test_checkpointing_is_the_same() -> None:
    net, x = net_of(k=4), rows(10)
    expected = gradients(net, x)

    class Checkpointed(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = net

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return checkpoint(self.net, x, use_reentrant=False)

    torch.testing.assert_close(gradients(Checkpointed(), x), expected)


def test_autocast_changes_nothing() -> None:
    net, x = net_of(dtype=torch.float32), rows(10, dtype=torch.float32)
    expected = net(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = net(x)
        lowered = net(x.bfloat16())
    assert out.dtype == torch.float32
    torch.testing.assert_close(out, expected, rtol=0, atol=0)
    torch.testing.assert_close(lowered, net(x.bfloat16().float()), rtol=0, atol=0)


@pytest.mark.parametrize("transform", [torch.func.grad, torch.func.vmap])
def test_functional_transforms_are_refused(transform) -> None:
    net = net_of(k=4)
    with pytest.raises(RuntimeError, match=r"LogicDense can't run under torch\.func transforms"):
        transform(lambda x: net(x).sum())(rows(10))


def test_hooks_are_called(monkeypatch) -> None:
    net, x, seen = net_of(k=4), rows(10), []
    expected = net(x)
    net[0].register_forward_hook(lambda module, inputs, out: seen.append(out.shape))
    torch.testing.assert_close(net(x), expected)
    assert seen == [(10, 30)]


@pytest.mark.parametrize("change", ["module", "append", "estimator", "frozen", "hook removed"])
def test_what_changes_between_two_calls_is_seen(change: str) -> None:
    net, x = net_of(k=4), rows(10)
    hook = net[0].register_forward_hook(lambda module, inputs, out: 1 - out)
    before = net(x)
    if change != "hook removed":
        hook.remove()
        net(x)
    if change == "module":
        net[0] = nn.LogicDense(net[0].in_dim, net[0].out_dim, seed=77)
    elif change == "append":
        net.append(torch.nn.Tanh())
    elif change == "estimator":
        net[0].estimator = "straight-through"
    elif change == "frozen":
        net[0].frozen = True
    else:
        hook.remove()
    after = net(x)
    assert not torch.equal(after, before)
    torch.testing.assert_close(after, torch.nn.Sequential(*net)(x))
    after.sum().backward()
    assert (net[0].weight.grad is None) == (change == "frozen")


@pytest.mark.parametrize(
    "learned", [{}, {"connections": "learned", "estimator": "straight-through"}]
)
def test_heads_that_change_are_seen(learned: dict) -> None:
    def network() -> nn.Sequential:
        layers = [nn.LogicDense(a, b, seed=a, **learned) for a, b in [(16, 20), (20, 40)]]
        return nn.Sequential(*layers, nn.GroupSum(4))

    class Zero(nn.GroupSum):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x) * 0

    net, x = network(), (torch.rand(70, 16) < 0.5).float()
    net(x)
    net[2].k = 3
    with pytest.raises(ValueError, match="does not split into 3 equal groups"):
        net(x)
    net[2].k = 5
    assert net(x).shape == (70, 5)
    net[2].__class__ = Zero
    assert net(x).abs().max() == 0


def test_a_network_that_was_called_is_copied_and_pickled() -> None:
    net, x = net_of(k=4), rows(10)
    expected = net(x)
    assert b"_Run" not in pickle.dumps(net)
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert torch.equal(other(x), expected)
        with torch.no_grad():
            other[0].weight.neg_()
        assert not torch.equal(other(x), expected)
        assert torch.equal(net(x), expected)


def test_training_backend_is_told(monkeypatch) -> None:
    net = net_of()
    assert nn.training_backend(net.eval()) == f"native ({ISAS[-1]}, torch's OpenMP threads)"
    assert not net[0].training
    assert (
        nn.training_backend(net_of(dtype=torch.bfloat16))
        == "torch (the weights are torch.bfloat16)"
    )
    assert nn.training_backend(torch.nn.Linear(2, 2)) == "torch (no logic layers)"
    monkeypatch.setenv(VARIABLE, "torch")
    assert nn.training_backend(net) == "torch (GATEGRAD_TRAINING is torch)"
    monkeypatch.setenv(VARIABLE, "numpy")
    with pytest.raises(
        ValueError, match="unknown GATEGRAD_TRAINING 'numpy'; known: native, torch, triton"
    ):
        nn.training_backend(net)
    assert not net[0].training
    with pytest.raises(
        ValueError, match="unknown GATEGRAD_TRAINING 'numpy'; known: native, torch, triton"
    ):
        net.train()(rows(2))


def test_fuse_shares_the_modules() -> None:
    plain = torch.nn.Sequential(*net_of(k=4))
    fused = nn.fuse(plain)
    assert isinstance(fused, nn.Sequential)
    assert [*fused] == [*plain]
    assert fused.state_dict().keys() == plain.state_dict().keys()
    assert nn.fuse(fused) is fused
    plain.register_forward_hook(lambda module, inputs, out: None)
    assert nn.fuse(plain) is plain
    torch.testing.assert_close(fused(rows(9)), plain(rows(9)))


def test_misfits_are_explained_by_the_modules() -> None:
    layers = [nn.LogicDense(20, 30, seed=0), nn.LogicDense(31, 30, seed=1)]
    with pytest.raises(ValueError, match="expects input of shape"):
        nn.Sequential(*layers)(torch.rand(3, 20))
    with pytest.raises(ValueError, match="does not split into 7 equal groups"):
        nn.Sequential(layers[0], nn.GroupSum(7))(torch.rand(3, 20))
