"""Networks on the meta device, in torch.export, and where they can't be traced."""

import pytest
import torch

from gategrad import nn

OPTIONS = {
    "fixed": {},
    "learned": {"connections": "learned", "candidates": 4},
    "gates": {"gates": ("and", "or")},
    "tables": {"inputs": 4, "parametrization": "light"},
}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", OPTIONS)
def test_a_network_on_the_meta_device_has_shapes(name, training):
    net = torch.nn.Sequential(nn.LogicDense(20, 60, seed=0, **OPTIONS[name]), nn.GroupSum(3))
    out = net.to("meta").train(training)(torch.zeros(4, 20, device="meta"))
    assert (out.shape, out.device.type) == ((4, 3), "meta")


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_jit_is_refused_in_one_sentence():
    net = nn.LogicDense(20, 60, seed=0).eval()
    message = "LogicDense can't be traced by torch.jit .* make a model with gategrad.discretize"
    with pytest.raises(RuntimeError, match=message):
        torch.jit.trace(net, torch.ones(4, 20))
