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


class Wrapper(torch.nn.Module):
    """A network that is no Sequential."""

    def __init__(self):
        super().__init__()
        self.layers = stack(dense(4, 4))

    def forward(self, x):
        return self.layers(x)


REFUSED = {
    "foreign module": (
        stack(stack(dense(4, 4), torch.nn.ReLU()), nn.GroupSum(2)),
        "module '0.1' (ReLU) is no part of a circuit; supported: Sequential, Thermometer, "
        "LogicDense, SlotDense, LogicGraph, GroupSum, WeightedSum, Flatten, Identity, Dropout. "
        "Take it out, or give discretize the nn.Sequential of supported modules inside it",
    ),
    "another forward": (stack(Doubled(4, 4)), "module '0' (Doubled) is no part of a circuit"),
    "wrapped network": (Wrapper(), "Wrapper is no part of a circuit"),
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
