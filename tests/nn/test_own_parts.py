"""Wires, candidates and parametrizations of one's own; outputs that are changed in place."""

import dataclasses
import re

import numpy as np
import pytest
import torch

from gategrad import nn
from gategrad.nn.gates.parametrization import LIGHT

LAYERS = {
    "fixed": {},
    "straight-through": {"estimator": "straight-through"},
    "learned": {"connections": "learned", "candidates": 4},
    "learned straight-through": {
        "connections": "learned", "candidates": 4, "estimator": "straight-through",
    },
    "mixed": {"connections": "learned", "candidates": 4, "wire_estimator": "soft"},
    "tables": {"inputs": 4, "parametrization": "light"},
}  # fmt: skip


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", [*LAYERS, "slots"])
def test_outputs_may_be_changed_in_place(name, training):
    x = torch.rand(40, 20, generator=torch.Generator().manual_seed(0)).round()
    grads = []
    for in_place in (True, False):
        layer = (
            nn.SlotDense(20, 30, seed=0)
            if name == "slots"
            else nn.LogicDense(20, 30, seed=0, **LAYERS[name])
        )
        leaf = x.clone().requires_grad_()
        y = layer.train(training)(leaf)
        if in_place:
            y += 1
        else:
            y = y + 1
        y.square().sum().backward()
        grads.append([leaf.grad, *(p.grad for p in layer.parameters())])
    for one, other in zip(*grads, strict=True):
        assert (one is None) == (other is None)
        assert one is None or torch.equal(one, other)


def test_connections_may_be_a_function_of_sizes_and_generator():
    def ring(in_dim, out_dim, generator):
        start = torch.randint(in_dim, (1,), generator=generator)
        return (
            torch.stack([start + torch.arange(out_dim), start + 1 + torch.arange(out_dim)]) % in_dim
        )

    layer = nn.LogicDense(10, 30, connections=ring, seed=3)
    assert torch.equal((layer.indices[0] + 1) % 10, layer.indices[1])
    assert torch.equal(layer.indices, nn.LogicDense(10, 30, connections=ring, seed=3).indices)
    with pytest.raises(
        ValueError, match=re.escape("connections must have shape (2, 30), got (3,)")
    ):
        nn.LogicDense(10, 30, connections=lambda *_: [1, 2, 3])


@pytest.mark.parametrize("kind", [np.asarray, torch.as_tensor, lambda a: a.tolist()])
def test_candidates_may_be_given(kind):
    wires = np.arange(2 * 5 * 3).reshape(2, 5, 3) % 8
    layer = nn.LogicDense(8, 5, connections="learned", candidates=kind(wires), seed=0)
    assert layer.wiring.candidates.tolist() == wires.tolist()
    assert layer(torch.rand(4, 8)).shape == (4, 5)


CANDIDATES = {
    "shape": (np.zeros((2, 4, 3), int), ValueError, "or wires of shape (2, 5, K), got (2, 4, 3)"),
    "range": (
        np.full((2, 5, 3), 8),
        ValueError,
        "candidates[0, 0, 0] is 8, but the wires are 0 to",
    ),
    "dtype": (
        np.zeros((2, 5, 3)),
        TypeError,
        "candidates must be a name or integers, got dtype fl",
    ),
}


@pytest.mark.parametrize("case", CANDIDATES)
def test_candidates_that_do_not_fit(case):
    wires, error, message = CANDIDATES[case]
    with pytest.raises(error, match=re.escape(message)):
        nn.LogicDense(8, 5, connections="learned", candidates=wires)


OWN = {
    "weights": (
        {"gaussian": lambda n, g: torch.zeros(n, 5)},
        "parametrization 'own' makes initial weights of shape (6, 5); expected (6, 4)",
    ),
    "no weights": (
        {"gaussian": lambda n, g: [0]},
        "parametrization 'own' makes initial weights of shape list; expected (6, 4)",
    ),
    "table shape": (
        {"tables": lambda w: torch.zeros(len(w), 4, dtype=torch.int64)},
        "makes tables of shape (6, 4); expected (6,), one a gate",
    ),
    "table dtype": (
        {"tables": lambda w: torch.zeros(len(w))},
        "makes tables of torch.float32; expected a tensor of torch.int64",
    ),
    "table range": (
        {"tables": lambda w: torch.full((len(w),), 16)},
        "makes tables from 16 to 16; expected 0 to 15, truth tables of 2 inputs",
    ),
}


@pytest.mark.parametrize("case", OWN)
def test_parametrizations_that_do_not_fit(case):
    change, message = OWN[case]
    own = dataclasses.replace(LIGHT, name="own", **change)
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        nn.LogicDense(4, 6, parametrization=own)
    nn.LogicDense(4, 6, parametrization=dataclasses.replace(LIGHT, name="own"))
