"""What layers read: bits, or values from 0 to 1."""

import logging

import pytest
import torch

from gategrad import nn
from gategrad.nn import checks

LAYERS = {
    "fixed": lambda: nn.LogicDense(20, 40, seed=0),
    "learned": lambda: nn.LogicDense(20, 40, seed=0, connections="learned", candidates=4),
    "tables": lambda: nn.LogicDense(20, 40, seed=0, inputs=4, parametrization="light"),
    "slots": lambda: nn.SlotDense(20, 40, seed=0),
    "fused": lambda: nn.Sequential(nn.LogicDense(20, 40, seed=0), nn.LogicDense(40, 40, seed=1)),
}
PIXELS = torch.arange(60 * 20).reshape(60, 20) % 256


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64, torch.float32, torch.float64])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_pixels_are_refused(name, training, dtype):
    layer = LAYERS[name]().train(training)
    message = (
        "got values from 0 to 25[0-9]; expected bits, or values from 0 to 1: divide pixels by 255, "
        "threshold them, such as x > 127, or put an nn.Thermometer in front"
    )
    with pytest.raises(ValueError, match=message):
        layer(PIXELS.to(dtype))
    layer(PIXELS > 127)
    layer((PIXELS > 127).to(dtype))


def test_negative_values_are_refused():
    with pytest.raises(ValueError, match="LogicDense got values from -1 to 1; expected bits"):
        nn.LogicDense(4, 4, seed=0)(torch.tensor([[-1, 0, 1, 0]]))


def test_integers_are_looked_at_in_every_pass():
    layer = nn.LogicDense(20, 40, seed=0)
    for _ in range(3):
        layer(torch.ones(5, 20, dtype=torch.uint8))
    with pytest.raises(ValueError, match="got values from 1 to 7"):
        layer(torch.ones(5, 20, dtype=torch.uint8).index_fill(0, torch.tensor([3]), 7))


def test_reals_in_eval_are_noted_once(caplog, monkeypatch):
    monkeypatch.setattr(checks, "_noted", [])
    layer = nn.LogicDense(20, 40, seed=0)
    with caplog.at_level(logging.WARNING, "gategrad"):
        layer(torch.rand(5, 20))
        layer.eval()(torch.rand(5, 20).round())
        assert not caplog.messages
        layer(torch.rand(5, 20))
        layer(torch.rand(5, 20))
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("LogicDense is in .eval() and got values between 0 and 1")


def test_training_lets_relaxed_values_pass():
    layer = nn.LogicDense(20, 40, seed=0)
    layer(torch.full((5, 20), 1.5))
    with pytest.raises(ValueError, match=r"got values from 1.5 to 1.5; expected bits"):
        layer.eval()(torch.full((5, 20), 1.5))


def test_no_rows_and_strange_shapes_are_fine():
    layer = nn.LogicDense(20, 40, seed=0)
    assert layer(torch.zeros(0, 20)).shape == (0, 40)
    assert layer(torch.zeros(20)).shape == (40,)
    assert layer(torch.zeros(2, 3, 20)).shape == (2, 3, 40)
