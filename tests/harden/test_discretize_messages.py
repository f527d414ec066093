"""What discretize refuses, and what it says."""

import pickle
import re
import subprocess
import sys

import numpy as np
import pytest
import torch

import gategrad as gg
from gategrad import nn
from gategrad.encoding import Thermometer
from gategrad.harden import DiscretizeError
from gategrad.model import ModelError


def dense(in_dim, out_dim):
    return nn.LogicDense(in_dim, out_dim, seed=0)


def stack(*modules):
    return torch.nn.Sequential(*modules)


class Doubled(nn.LogicDense):
    """Computes something else than its base class."""

    def forward(self, x):
        return 2 * super().forward(x)


REFUSED = {
    "foreign module": (
        stack(stack(dense(4, 4), torch.nn.ReLU()), nn.GroupSum(2)),
        "module '0.1' (ReLU) is no part of a circuit; supported: Sequential, Thermometer, "
        "LogicDense, LogicConv2d, OrPool2d, SlotDense, LogicGraph, GroupSum, WeightedSum, Flatten, "
        "Unflatten, Identity, Dropout. "
        "Take it out, or give discretize the nn.Sequential of supported modules inside it",
    ),
    "another forward": (stack(Doubled(4, 4)), "module '0' (Doubled) is no part of a circuit"),
    "widths": (
        stack(dense(4, 6), dense(8, 4)),
        "module '1' (LogicDense) reads 8 signals, but the module before it gives 6; "
        "make the two equal",
    ),
    "groups": (
        stack(dense(4, 6), nn.GroupSum(4)),
        "module '1' (GroupSum) can't split 6 outputs into 4 equal groups; "
        "give the layer before it a multiple of 4",
    ),
    "gates after scores": (
        stack(dense(4, 6), nn.GroupSum(2), dense(2, 4)),
        "module '2' (LogicDense) comes after the module that makes the scores; expected nothing "
        "there: put the GroupSum last",
    ),
    "two group sums": (
        stack(dense(4, 6), nn.GroupSum(2), nn.GroupSum(2)),
        "module '2' (GroupSum) comes after the module that makes the scores",
    ),
    "only a group sum": (
        nn.GroupSum(2),
        "GroupSum has no layer with gates before it; expected at least one",
    ),
    "empty": (
        stack(),
        "the network has no layer with gates; expected at least one, such as "
        "nn.LogicDense(in_dim, out_dim)",
    ),
    "only neutral": (stack(torch.nn.Identity()), "the network has no layer with gates"),
    "flatten": (
        stack(torch.nn.Flatten(0), dense(4, 4)),
        "module '0' (Flatten) flattens dimensions 0 to -1; expected nn.Flatten(), which keeps "
        "the rows apart",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_networks(case):
    net, message = REFUSED[case]
    with pytest.raises(DiscretizeError, match="^" + re.escape(message)):
        gg.discretize(net)


def test_encoder_of_another_width():
    encoder = Thermometer.uniform(np.arange(6.0).reshape(2, 3), 2)
    message = "the encoder gives 6 bits, but the circuit takes 4; use the encoder that the network"
    with pytest.raises(ModelError, match=re.escape(message)):
        gg.discretize(stack(dense(4, 4), nn.GroupSum(2)), encoder=encoder)


def test_labels_of_another_number():
    with pytest.raises(ModelError, match="got 3 labels, but the argmax readout of 2"):
        gg.discretize(stack(dense(4, 4), nn.GroupSum(2)), labels=["a", "b", "c"])


def test_weights_that_are_no_numbers():
    net = stack(dense(4, 4), dense(4, 4), nn.GroupSum(2))
    with torch.no_grad():
        net[1].weight[2, 0] = torch.nan
    with pytest.raises(
        gg.harden.DiscretizeError, match=r"module '1' .LogicDense. has weights that are NaN"
    ):
        gg.discretize(net)


def test_no_module():
    with pytest.raises(TypeError, match="discretize takes a torch module, got str"):
        gg.discretize("net")


def test_a_model_needs_no_torch_afterwards():
    """The model of a network predicts in a process where torch can't be imported."""
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import pickle, gategrad as gg\n"
        "model, x, y = pickle.loads(bytes.fromhex(sys.stdin.read()))\n"
        "assert (model.scores(x) == y).all()"
    )
    net = stack(dense(6, 20), nn.GroupSum(5, tau=3.0)).eval()
    bits = np.random.default_rng(0).random((70, 6)) < 0.5
    with torch.no_grad():
        expected = net(torch.from_numpy(bits)).numpy()
    payload = pickle.dumps((gg.discretize(net), bits, expected)).hex()
    subprocess.run([sys.executable, "-c", code], input=payload, text=True, check=True)


class Halved(nn.GroupSum):
    """Scores that no readout knows of."""

    def scores(self, sums, n_outputs):
        return super().scores(sums, n_outputs) / 2


class OtherWires(nn.LogicDense):
    def wires(self):
        return super().wires().flip(0)


class OtherTables(nn.LogicDense):
    def tables(self):
        return 15 - super().tables()


class Constant(torch.nn.Identity):
    def __call__(self, x):
        return torch.zeros_like(x)


def with_attribute(module, **values):
    for name, value in values.items():
        setattr(module, name, value)
    return module


OVERRIDES = {
    "scores": (Halved(2), "module '1' (Halved) is no part of a circuit, since it overrides scores"),
    "wires": (OtherWires(4, 4), "(OtherWires) is no part of a circuit, since it overrides wires"),
    "tables": (OtherTables(4, 4), "is no part of a circuit, since it overrides tables"),
    "call": (Constant(), "(Constant) is no part of a circuit, since it overrides __call__"),
    "on the instance": (
        with_attribute(nn.GroupSum(2), forward=lambda x: x),
        "module '1' (GroupSum) is no part of a circuit, since it overrides forward",
    ),
    "a dropout that stays": (
        with_attribute(torch.nn.Dropout(0.5), forward=torch.nn.functional.dropout),
        "module '1' (Dropout) is no part of a circuit, since it overrides forward",
    ),
    "a sequential backwards": (
        with_attribute(stack(torch.nn.Identity()), forward=lambda x: 1 - x),
        "module '1' (Sequential) is no part of a circuit, since it overrides forward",
    ),
}


@pytest.mark.parametrize("case", OVERRIDES)
def test_overridden_parts_are_refused(case):
    module, message = OVERRIDES[case]
    with pytest.raises(DiscretizeError, match=re.escape(message)):
        gg.discretize(stack(dense(4, 4), module))


def test_what_overrides_nothing_that_computes_is_fine():
    class Named(nn.LogicDense):
        def extra_repr(self):
            return "mine"

        def train(self, mode=True):
            return super().train(mode)

    net = stack(Named(4, 4, seed=0), nn.GroupSum(2))
    assert gg.discretize(net) == gg.discretize(stack(dense(4, 4), nn.GroupSum(2)))


def hooked(kind, module):
    getattr(module, f"register_forward_{kind}")(lambda *args: None)
    return module


HOOKED = {
    "outputs": (lambda: stack(dense(4, 4), hooked("hook", nn.GroupSum(2))), "'1' (GroupSum)", ""),
    "inputs": (lambda: stack(hooked("pre_hook", dense(4, 4))), "'0' (LogicDense)", "pre-"),
    "nested": (lambda: stack(hooked("hook", stack(dense(4, 4)))), "'0' (Sequential)", ""),
    "flatten": (lambda: stack(hooked("hook", torch.nn.Flatten())), "'0' (Flatten)", ""),
    "weight norm": (
        lambda: stack(torch.nn.utils.weight_norm(dense(4, 4), "weight")),
        "'0' (LogicDense)",
        "pre-",
    ),
}


@pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")
@pytest.mark.parametrize("case", HOOKED)
def test_hooks_are_refused_or_ignored_on_request(case):
    make, name, kind = HOOKED[case]
    message = f"module {name} has a forward {kind}hook, which may change values, and the circuit "
    with pytest.raises(DiscretizeError, match=re.escape(message)):
        gg.discretize(make())
    if case in ("outputs", "inputs", "nested"):
        gg.discretize(make(), ignore_hooks=True)


def test_hooks_in_a_graph_are_refused():
    circuit = gg.Circuit(2, [[2, 3], [4, 3]], [6, 8], [5])
    graph = nn.LogicGraph(circuit)
    graph.levels[1].register_forward_hook(lambda module, args, out: 1 - out)
    with pytest.raises(DiscretizeError, match=r"^levels.1 of LogicGraph has a forward hook"):
        gg.discretize(graph)


@pytest.mark.parametrize("kind", ["forward_hook", "forward_pre_hook"])
def test_hooks_of_all_modules_are_refused(kind):
    net = stack(dense(4, 4), nn.GroupSum(2))
    register = getattr(torch.nn.modules.module, f"register_module_{kind}")
    handle = register(lambda *args: None)
    try:
        with pytest.raises(DiscretizeError, match=f"register_module_{kind} has added a hook to"):
            gg.discretize(net)
    finally:
        handle.remove()
    gg.discretize(net)


def test_a_parametrized_weight_is_read_as_the_network_reads_it():
    class Negated(torch.nn.Module):
        def forward(self, weight):
            return -weight

    net = stack(dense(6, 8), nn.GroupSum(2)).eval()
    torch.nn.utils.parametrize.register_parametrization(net[0], "weight", Negated())
    bits = np.random.default_rng(0).random((64, 6)) < 0.5
    with torch.no_grad():
        expected = net(torch.from_numpy(bits)).numpy()
    np.testing.assert_array_equal(gg.discretize(net).scores(bits), expected)


@pytest.mark.parametrize("wrapper", [torch.optim.swa_utils.AveragedModel, torch.nn.DataParallel])
def test_wrappers_are_told_where_their_network_is(wrapper):
    net = stack(dense(4, 4), nn.GroupSum(2))
    message = f"{wrapper.__name__} is no part of a circuit; supported: Sequential"
    with pytest.raises(DiscretizeError, match=f"^{message}.*give discretize its .module$"):
        gg.discretize(wrapper(net))
    gg.discretize(wrapper(net).module)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_compiled_modules_are_told_where_their_network_is():
    net = torch.compile(stack(dense(4, 4), nn.GroupSum(2)))
    with pytest.raises(DiscretizeError, match=r"give discretize its ._orig_mod$"):
        gg.discretize(net)
    gg.discretize(net._orig_mod)
