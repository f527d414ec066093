"""`CompiledLogicNet` and checkpoints of difflogic's."""

import ctypes
import subprocess
import sys
import types

import numpy as np
import pytest
import torch

import gategrad as gg
from gategrad import difflogic
from gategrad.difflogic import CompiledLogicNet, GroupSum, LogicLayer
from tests.difflogic.test_layers import BATCHES, bits, in_layouts, network

NUM_BITS = (8, 16, 32, 64)


@pytest.mark.parametrize("widths", [(20, 60), (20, 60, 60, 90)])
@pytest.mark.parametrize("n", BATCHES)
def test_it_agrees_with_the_network(widths, n) -> None:
    net, x = network(widths=widths).eval(), bits(n)
    expected = net(x.float())
    for num_bits in NUM_BITS:
        compiled = CompiledLogicNet(net, num_bits=num_bits)
        compiled.compile()
        for rows in in_layouts(x):
            assert torch.equal(compiled(rows), compiled(rows.numpy()))
            torch.testing.assert_close(compiled(rows) / 2.0, expected)
    assert compiled(x).dtype == torch.int32


@pytest.mark.parametrize("num_bits", NUM_BITS)
def test_the_c_code_is_the_network(tmp_path, num_bits) -> None:
    net, x = network().eval(), bits(100).numpy().astype(np.uint8)
    (tmp_path / "net.c").write_text(CompiledLogicNet(net, num_bits=num_bits).get_c_code())
    flags = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run(["gcc", *flags, "net.c", "-o", "net.so"], cwd=tmp_path, check=True)
    sums = np.zeros((100, 3), np.int32)
    ctypes.CDLL(str(tmp_path / "net.so")).logic_gate_net_sums(
        x.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(100), ctypes.c_size_t(20),
        sums.ctypes.data_as(ctypes.c_void_p),
    )  # fmt: skip
    torch.testing.assert_close(torch.from_numpy(sums) / 2.0, net(torch.from_numpy(x).float()))


def test_saved_and_loaded(tmp_path, capsys) -> None:
    net, x = network().eval(), bits(77)
    compiled = CompiledLogicNet(net, verbose=True)
    compiled.compile(opt_level=3, save_lib_path=tmp_path / "net.so", verbose=True)
    assert "`layers` created and has 2 layers." in capsys.readouterr().out
    loaded = CompiledLogicNet.load(tmp_path / "net.so", num_classes=3, num_bits=64)
    assert torch.equal(loaded(x), compiled(x))
    with pytest.raises(ValueError, match="num_classes is 4, but"):
        CompiledLogicNet.load(tmp_path / "net.so", num_classes=4, num_bits=64)


def test_discretize_takes_these_layers() -> None:
    net, x = network().eval(), bits(50)
    model = gg.discretize(net)
    torch.testing.assert_close(torch.from_numpy(model.scores(x.numpy())), net(x.float()))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CompiledLogicNet(network(), num_bits=7), "num_bits is 7; known: 8, 16, 32, 64"),
        (lambda: CompiledLogicNet(network(), device="cuda"), "device is 'cuda'; known: cpu"),
        (lambda: CompiledLogicNet(network()[:-1]), "the last layer must be a GroupSum"),
        (
            lambda: CompiledLogicNet(torch.nn.Sequential(torch.nn.Linear(2, 2), GroupSum(2))),
            "Linear can't be compiled",
        ),
    ],
)
def test_messages(make, message) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_not_compiled() -> None:
    with pytest.raises(RuntimeError, match=r"call compile\(\) first"):
        CompiledLogicNet(network())(bits(3))


@pytest.fixture
def theirs(monkeypatch):
    """Modules with difflogic's names and attributes, as its pickles name them."""

    class LogicLayer(torch.nn.Module):
        def __init__(self, in_dim, out_dim):
            super().__init__()
            self.weights = torch.nn.Parameter(torch.randn(out_dim, 16))
            self.in_dim, self.out_dim, self.grad_factor = in_dim, out_dim, 1.5
            self.indices = torch.randint(in_dim, (out_dim,)), torch.randint(in_dim, (out_dim,))
            self.device, self.implementation, self.connections = "cpu", "python", "random"
            self.num_neurons = self.num_weights = out_dim

        def forward(self, x):
            a, b = x[:, self.indices[0]], x[:, self.indices[1]]
            shares = torch.nn.functional.one_hot(self.weights.argmax(-1), 16).float()
            return difflogic.bin_op_s(a, b, shares)

    class GroupSum(torch.nn.Module):
        def __init__(self, k, tau):
            super().__init__()
            self.k, self.tau, self.device = k, tau, "cpu"

        def forward(self, x):
            return x.reshape(len(x), self.k, -1).sum(-1) / self.tau

    module = types.ModuleType("difflogic.difflogic")
    for kind in (LogicLayer, GroupSum):
        kind.__module__, kind.__qualname__ = "difflogic.difflogic", kind.__name__
        setattr(module, kind.__name__, kind)
    monkeypatch.setitem(sys.modules, "difflogic", types.ModuleType("difflogic"))
    monkeypatch.setitem(sys.modules, "difflogic.difflogic", module)
    return module


def test_a_module_that_difflogic_saved(theirs, tmp_path) -> None:
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Flatten(), theirs.LogicLayer(20, 40), theirs.LogicLayer(40, 30),
        theirs.GroupSum(3, 4.0),
    )  # fmt: skip
    torch.save(net, tmp_path / "net.pt")
    loaded = difflogic.load_module(tmp_path / "net.pt").eval()
    assert isinstance(loaded[1], LogicLayer)
    assert loaded[1].grad_factor == 1.5
    x = bits(60).float()
    torch.testing.assert_close(loaded(x), net(x))


def test_a_state_dict_has_no_wires(theirs, tmp_path) -> None:
    net = torch.nn.Sequential(theirs.LogicLayer(20, 60), theirs.GroupSum(3, 4.0))
    torch.save(net.state_dict(), tmp_path / "net.pt")
    with pytest.raises(ValueError, match="is a state_dict, and difflogic's has no wires"):
        difflogic.load_module(tmp_path / "net.pt")
    ours = torch.nn.Sequential(LogicLayer(20, 60, device="cpu"), GroupSum(3, 4.0))
    with pytest.raises(RuntimeError, match="whose state_dict has no wires"):
        ours.load_state_dict(net.state_dict())


def test_other_files_are_refused(tmp_path) -> None:
    class Evil:
        def __reduce__(self):
            return print, ("ran",)

    torch.save([Evil()], tmp_path / "evil.pt")
    (tmp_path / "text.pt").write_text("no")
    for name in ("evil.pt", "text.pt"):
        with pytest.raises(ValueError, match="is no network that difflogic saved whole"):
            difflogic.load_module(tmp_path / name)
