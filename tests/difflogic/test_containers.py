"""A `torch.nn.Sequential` with difflogic's layers runs as one operation, and stays what it is."""

import copy

import pytest
import torch

from gategrad import nn
from gategrad.difflogic import GroupSum, LogicLayer, PackBitsTensor
from tests.difflogic.test_layers import bits, network


def passes(net, x):
    """Scores, and the gradients of all parameters and of x."""
    x = x.clone().requires_grad_()
    y = net(x)
    y.square().mean().backward()
    found = [y.detach(), x.grad, *(p.grad for p in net.parameters())]
    net.zero_grad()
    return found


def one_by_one(net):
    """The same modules, called one after the other by a module of one's own."""

    class Chain(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.parts = torch.nn.ModuleList(net)

        def forward(self, x):
            for part in self.parts:
                x = part(x)
            return x

    return Chain()


def operations(y):
    """Nodes of the graph behind y, from the last to the first without weights."""
    node, names = y.grad_fn, []
    while node is not None:
        names.append(type(node).__name__)
        following = [n for n, _ in node.next_functions if n and "Accumulate" not in n.name()]
        node = following[0] if following else None
    return names


def test_layers_and_sums_are_one_operation():
    net, x = network(widths=(20, 60, 60, 90)), torch.rand(37, 20)
    assert isinstance(net, torch.nn.Sequential)
    assert operations(net(x)) == ["EagerStackBackward"]
    assert len(operations(one_by_one(net)(x))) > 3
    for a, b in zip(passes(net, x), passes(one_by_one(net), x), strict=True):
        torch.testing.assert_close(a, b)
    net.eval()
    torch.testing.assert_close(net(x), one_by_one(net)(x))


def test_names_and_text_are_those_of_torch():
    net = network()
    assert set(net.state_dict()) == {"1.indices", "1.weight", "2.indices", "2.weight"}
    assert repr(net).startswith("Sequential(\n  (0): Flatten(")


def test_hooks_see_their_layers():
    net, x = network(), torch.rand(5, 20)
    seen = []
    handle = net[2].register_forward_hook(lambda module, given, out: seen.append(out))
    before = net(x)
    assert (len(seen), seen[0].shape) == (1, (5, 60))
    handle.remove()
    torch.testing.assert_close(net(x), before)
    net[2].register_full_backward_hook(lambda module, grad_in, grad_out: seen.append(grad_out[0]))
    net(x).sum().backward()
    assert seen[1].shape == (5, 60)


def test_copies_and_files_stay_one_operation(tmp_path):
    net, x = network(), torch.rand(9, 20)
    torch.save(net, tmp_path / "net.pt")
    for other in (copy.deepcopy(net), torch.load(tmp_path / "net.pt", weights_only=False)):
        assert torch.equal(other(x), net(x))
        assert operations(other(x)) == ["EagerStackBackward"]
    again = network(seed=1)
    again.load_state_dict(net.state_dict())
    assert torch.equal(again(x), net(x))


def test_layers_that_are_put_in_later_count_too():
    torch.manual_seed(0)
    net = torch.nn.Sequential()
    net.append(LogicLayer(20, 30, device="cpu")).append(LogicLayer(30, 30, device="cpu"))
    net.append(GroupSum(3))
    assert type(net) is nn.Sequential
    assert operations(net(torch.rand(4, 20))) == ["EagerStackBackward"]
    assert net[:2](torch.rand(4, 20)).shape == (4, 30)
    net[1] = LogicLayer(30, 60, device="cpu")
    assert net(torch.rand(4, 20)).shape == (4, 3)


def test_other_containers_stay_what_they_are():
    class Own(torch.nn.Sequential):
        pass

    layer = LogicLayer(20, 30, device="cpu")
    assert type(Own(layer)) is Own
    assert type(torch.nn.Sequential(torch.nn.Linear(2, 2))) is torch.nn.Sequential
    assert type(torch.nn.Sequential(nn.LogicDense(4, 4, seed=0))) is torch.nn.Sequential


def test_packed_rows_go_through_one_by_one():
    net, x = network().eval(), bits(70)
    counts = net(PackBitsTensor(x, device="cpu"))
    torch.testing.assert_close(counts / 2.0, net(x.float()))
    with pytest.raises(TypeError, match="LogicLayer takes a tensor, got list"):
        net[1:]([[1.0] * 20])
