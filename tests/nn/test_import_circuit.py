"""from_circuit, LogicGraph and WeightedSum against the evaluator."""

import copy
import pickle
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gategrad import nn
from gategrad.circuit import (
    Circuit,
    CircuitError,
    Readout,
    all_patterns,
    difference,
    evaluate_sums,
    scores,
)

KINDS = ["raw", "light"]


@dataclass(frozen=True)
class Pair:
    """The part of a model that from_circuit reads."""

    circuit: Circuit
    readout: Readout


def random_circuit(rng, n_inputs, n_gates, n_outputs, width=2):
    """Any gates over any earlier signals, constants and unused operands included."""
    fanin = np.zeros((n_gates, width), np.int64)
    tables = np.zeros(n_gates, np.uint64)
    for g in range(n_gates):
        arity = int(rng.integers(0, width + 1))
        fanin[g, :arity] = rng.integers(1, 2 + n_inputs + g, arity)
        tables[g] = rng.integers(0, 2 ** min(2**arity, 62))
    return Circuit(n_inputs, fanin, tables, rng.integers(0, 2 + n_inputs + n_gates, n_outputs))


def random_readout(rng, n_outputs, n_classes, kind="argmax"):
    rows = [np.flatnonzero(rng.random(n_outputs) < 0.6) for _ in range(n_classes)]
    index = np.concatenate(rows)
    return Readout(
        kind=kind,
        indptr=np.cumsum([0, *map(len, rows)]),
        index=index,
        weight=rng.integers(-3, 4, len(index)),
        bias=rng.integers(-5, 6, n_classes),
        scale=rng.random(n_classes).astype(np.float32) + np.float32(0.1),
        offset=rng.standard_normal(n_classes).astype(np.float32),
    )


def layered(seed=0, dims=(6, 12, 20, 8), k=4, tau=3.0):
    """A circuit in which every level reads only the level before, with its layers' arrays."""
    rng = np.random.default_rng(seed)
    fanins, layers, below = [], [], 2
    for width, out in pairwise(dims):
        pins = rng.integers(0, width, (2, out))
        tables = rng.integers(0, 16, out)
        layers.append((pins, tables))
        fanins.append(pins.T + below)
        below = below + width
    tables = np.concatenate([t for _, t in layers])
    outputs = below + np.arange(dims[-1])
    circuit = Circuit(dims[0], np.concatenate(fanins), tables, outputs)
    return Pair(circuit, Readout.group_sum(dims[-1], k, tau)), layers


def model_scores(model, bits):
    return scores(model.readout, evaluate_sums(model.circuit, model.readout, bits))


def assert_same_scores(net, model, bits):
    with torch.no_grad():
        got = net.eval()(torch.tensor(bits))
    np.testing.assert_array_equal(got.numpy(), model_scores(model, bits))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tau", [1.0, 3.0, 7.7])
def test_a_layered_circuit_becomes_layers_with_its_wiring_and_tables(kind, tau):
    model, layers = layered(dims=(6, 12, 20, 400), tau=tau)
    net = nn.from_circuit(model, parametrization=kind)
    assert [type(m) for m in net] == [nn.LogicDense] * 3 + [nn.GroupSum]
    for module, (pins, tables) in zip(net, layers, strict=False):
        assert module.indices.tolist() == pins.tolist()
        assert module.tables().tolist() == tables.tolist()
        assert module.parametrization == kind
    assert_same_scores(net, model, all_patterns(6))


def test_a_reordered_output_is_no_layer_stack():
    model, _ = layered()
    turned = Circuit(6, model.circuit.fanin, model.circuit.table, model.circuit.outputs[::-1])
    net = nn.from_circuit(Pair(turned, model.readout))
    assert isinstance(net[0], nn.LogicGraph)
    assert_same_scores(net, Pair(turned, model.readout), all_patterns(6))


def test_an_operand_of_an_earlier_level_is_no_layer_stack():
    model, _ = layered()
    fanin = model.circuit.fanin.copy()
    fanin[-1, 0] = 2
    other = Pair(Circuit(6, fanin, model.circuit.table, model.circuit.outputs), model.readout)
    net = nn.from_circuit(other)
    assert isinstance(net[0], nn.LogicGraph)
    assert_same_scores(net, other, all_patterns(6))


def test_another_readout_keeps_the_layers():
    model, _ = layered()
    readout = random_readout(np.random.default_rng(1), 8, 3)
    net = nn.from_circuit(Pair(model.circuit, readout))
    assert [type(m) for m in net] == [nn.LogicDense] * 3 + [nn.WeightedSum]
    assert net[-1].readout() == readout
    assert_same_scores(net, Pair(model.circuit, readout), all_patterns(6))


@settings(max_examples=120, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    n_inputs=st.integers(0, 6),
    n_gates=st.integers(0, 25),
    n_outputs=st.integers(1, 8),
    width=st.sampled_from([2, 2, 3, 5]),
    kind=st.sampled_from(KINDS),
)
def test_any_circuit_gives_the_same_scores(seed, n_inputs, n_gates, n_outputs, width, kind):
    rng = np.random.default_rng(seed)
    circuit = random_circuit(rng, n_inputs, n_gates, n_outputs, width)
    model = Pair(circuit, random_readout(rng, n_outputs, int(rng.integers(1, 4))))
    net = nn.from_circuit(model, parametrization=kind)
    assert_same_scores(net, model, all_patterns(n_inputs))


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32), n_gates=st.integers(0, 25))
def test_a_graph_tells_the_circuit_that_it_hardens_to(seed, n_gates):
    rng = np.random.default_rng(seed)
    circuit = random_circuit(rng, 5, n_gates, 4)
    back = nn.LogicGraph(circuit).circuit()
    assert back.n_gates == n_gates
    assert difference(back, circuit) is None


@pytest.mark.parametrize("kind", KINDS)
def test_any_weights_of_a_graph_harden_to_a_circuit(kind):
    rng = np.random.default_rng(8)
    circuit = random_circuit(rng, 5, 60, 20)
    graph = nn.LogicGraph(circuit, parametrization=kind)
    with torch.no_grad():
        for i, weight in enumerate(graph.parameters()):
            weight.normal_(generator=torch.Generator().manual_seed(i))
    back = graph.circuit()
    assert sorted(map(tuple, back.fanin == 0)) == sorted(map(tuple, circuit.fanin == 0))
    assert difference(back, circuit) is not None
    model = Pair(back, Readout.identity(20))
    assert_same_scores(torch.nn.Sequential(graph, nn.GroupSum(20)), model, all_patterns(5))


@pytest.mark.parametrize("kind", ["argmax", "multilabel", "regression"])
def test_the_kind_survives(kind):
    model, _ = layered()
    readout = Readout.identity(8, kind=kind)
    net = nn.from_circuit(Pair(model.circuit, readout))
    head = net[-1]
    assert head.readout() == readout if kind != "argmax" else head.k == 8
    assert_same_scores(net, Pair(model.circuit, readout), all_patterns(6))


def fine_tuned_target(kind, estimator):
    """A graph network, trained towards the scores of another circuit; losses before and after."""
    rng = np.random.default_rng(3)
    circuit = random_circuit(rng, 5, 30, 8)
    model = Pair(circuit, random_readout(rng, 8, 2))
    net = nn.from_circuit(model, parametrization=kind, estimator=estimator, strength=0.8)
    bits = torch.tensor(all_patterns(5))
    target = torch.tensor(model_scores(Pair(random_circuit(rng, 5, 30, 8), model.readout), bits))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = (net.train()(bits) - target).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return net, losses


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("estimator", ["soft", "straight-through"])
def test_a_graph_is_trainable_and_stays_a_circuit(kind, estimator):
    net, losses = fine_tuned_target(kind, estimator)
    assert min(losses[-20:]) < 0.9 * losses[0]
    graph, head = net
    assert_same_scores(net, Pair(graph.circuit(), head.readout()), all_patterns(5))


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_a_graph_agree_with_finite_differences(kind):
    rng = np.random.default_rng(4)
    circuit = random_circuit(rng, 4, 15, 5)
    net = nn.from_circuit(
        Pair(circuit, random_readout(rng, 5, 3)), parametrization=kind, strength=0.8
    ).double()
    names, weights = zip(*net.named_parameters(), strict=True)
    x = torch.rand(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def run(x, *weights):
        return torch.func.functional_call(net, dict(zip(names, weights, strict=True)), (x,))

    torch.autograd.gradcheck(run, (x.requires_grad_(), *weights))


def test_strength_brings_the_relaxed_network_closer_to_the_circuit():
    model, _ = layered()
    bits = all_patterns(6)
    wanted = torch.tensor(model_scores(model, bits))
    gaps = []
    for strength in (0.8, 0.95, 0.999):
        soft = nn.from_circuit(model, strength=strength).train()(torch.tensor(bits))
        gaps.append((soft - wanted).abs().mean().item())
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < 0.05


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_and_saved_states_follow(clone):
    rng = np.random.default_rng(6)
    model = Pair(random_circuit(rng, 5, 20, 6), random_readout(rng, 6, 3))
    net = nn.from_circuit(model)
    twin = clone(net)
    with torch.no_grad():
        for weight in twin.parameters():
            weight.neg_()
    assert_same_scores(net, model, all_patterns(5))
    twin.load_state_dict(net.state_dict())
    assert_same_scores(twin, model, all_patterns(5))


def test_half_precision_scores_are_exact_where_the_scale_is():
    model, _ = layered(dims=(6, 40, 800), k=1, tau=4.0)
    net = nn.from_circuit(model).to(torch.bfloat16)
    assert_same_scores(net, model, all_patterns(6))


def test_no_seed_is_needed_and_none_is_used():
    model, _ = layered()
    for kind in KINDS:
        first, second = (nn.from_circuit(model, parametrization=kind) for _ in range(2))
        for name, value in first.state_dict().items():
            assert torch.equal(value, second.state_dict()[name])


def test_messages():
    model, _ = layered()
    with pytest.raises(TypeError, match=r"takes a gategrad\.Model, got Circuit; a bare circuit"):
        nn.from_circuit(model.circuit)
    with pytest.raises(ValueError, match="unknown parametrization 'x'; known: raw, light"):
        nn.from_circuit(model, parametrization="x")
    with pytest.raises(ValueError, match="unknown estimator 'x'; known: soft, straight-through"):
        nn.from_circuit(model, estimator="x")
    with pytest.raises(ValueError, match=r"strength must be above 0.5 and below 1, got 1.0"):
        nn.from_circuit(model, strength=1.0)
    with pytest.raises(CircuitError, match="readout entry 9 reads output 9"):
        nn.from_circuit(Pair(model.circuit, Readout.group_sum(10, 2)))
    with pytest.raises(CircuitError, match="the readout reads output 9, but there are 8"):
        nn.WeightedSum(Readout.group_sum(10, 2), 8)
    with pytest.raises(ValueError, match=r"LogicGraph expects input of shape \(batch, 5\), got"):
        nn.LogicGraph(Circuit(5, [], [], [2]))(torch.zeros(3, 4))
    with pytest.raises(CircuitError, match=r"at most 2 inputs, got a circuit of width 3; apply"):
        nn.LogicGraph(Circuit(3, [[2, 3, 4]], [0x96], [5]))
