"""Every kind of layer with every tracer: it works, or one sentence says what to use instead."""

from functools import partial

import pytest
import torch

import gategrad as gg
from gategrad import nn

dense = partial(nn.LogicDense, 20, 60, seed=0)
LEARNED = {"connections": "learned", "candidates": 4}
TABLES = {"inputs": 4, "parametrization": "light"}
LAYERS = {
    "fixed": dense,
    "learned": partial(dense, **LEARNED),
    "mixed": partial(dense, **LEARNED, wire_estimator="soft"),
    "tables": partial(dense, **TABLES),
    "learned tables": partial(dense, **TABLES, **LEARNED),
    "noise": partial(dense, estimator="gumbel-hard"),
    "min-max": partial(dense, logic="min-max"),
    "slots": partial(nn.SlotDense, 20, 60, slots=4, seed=0),
    "chosen slots": partial(nn.SlotDense, 20, 60, slots=4, estimator="straight-through", seed=0),
    "circuit": lambda: nn.LogicGraph(gg.Circuit(20, [[2, 3], [4, 22]], [8, 6], [22, 23])),
    "convolution": lambda: torch.nn.Sequential(
        torch.nn.Unflatten(1, (1, 4, 5)), nn.LogicConv2d(1, 4, 3, in_size=(4, 5), seed=0)
    ),
}
# Compiled whole; the others say why not.
WHOLE = {False: {"fixed", "learned", "mixed", "noise", "slots", "chosen slots"}}
WHOLE[True] = {"fixed", "tables"}
X = torch.rand(6, 20, generator=torch.Generator().manual_seed(0)).round()


def expected(name, mode, x=X):
    return LAYERS[name]().train(mode)(x).detach()


@pytest.mark.parametrize("mode", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_an_exported_layer_takes_any_batch(name, mode):
    net, batch = LAYERS[name]().train(mode), torch.export.Dim("batch", min=2, max=4096)
    if name == "noise" and mode:
        with pytest.raises(
            RuntimeError, match=r"noise can't be exported; export the .* in .eval\("
        ):
            torch.export.export(net, (X,))
        return
    exported = torch.export.export(net, (X,), dynamic_shapes=({0: batch},)).module()
    many = X.repeat(40, 1)
    torch.testing.assert_close(exported(many).detach(), expected(name, mode, many))


@pytest.mark.parametrize("mode", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_compiled_whole_or_says_what_to_do(name, mode):
    torch._dynamo.reset()
    net = torch.compile(LAYERS[name]().train(mode), backend="eager", fullgraph=True)
    if name in WHOLE[mode]:
        torch.testing.assert_close(net(X).detach(), expected(name, mode))
        return
    message = "this layer outside of compiled graphs; leave out fullgraph=True, or use torch.export"
    with pytest.raises(RuntimeError, match=message):
        net(X)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.parametrize("name", LAYERS)
def test_other_tracers_are_refused_in_one_sentence(name):
    message = r"can't be traced by torch.jit or .* make a model with gategrad.discretize"
    with pytest.raises(RuntimeError, match=message):
        torch.jit.trace(LAYERS[name]().eval(), X)
    message = r"can't be traced by torch.fx.symbolic_trace; make a model with gategrad.discretize"
    with pytest.raises(RuntimeError, match=message):
        torch.fx.symbolic_trace(LAYERS[name]().eval())


def test_onnx_is_refused_in_one_sentence(monkeypatch):
    # The exporter itself needs packages that tests do not have; this is what it sets.
    monkeypatch.setattr(torch.onnx, "is_in_onnx_export", lambda: True)
    message = "LogicDense can't be exported to ONNX, .* make a model with gategrad.discretize"
    with pytest.raises(RuntimeError, match=message):
        dense().eval()(X)
