"""The circuit of discretize against the network in .eval(), bit for bit."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings

import gategrad as gg
from gategrad import nn
from gategrad.circuit import (
    all_patterns,
    difference,
    evaluate,
    evaluate_sums,
    exhaustive_difference,
    scores,
)
from gategrad.encoding import Thermometer
from tests.random_circuits import random_circuit, random_readout
from tests.strategies import pairs

PARAMETRIZATIONS = ["raw", "light"]
CONNECTIONS = ["random", "unique", "local", "structured", "learned"]
ESTIMATORS = ["soft", "straight-through"]


def layer(in_dim, out_dim, generator, parametrization="raw", connections="random", **local):
    return nn.LogicDense(
        in_dim,
        out_dim,
        parametrization=parametrization,
        connections=connections,
        generator=generator,
        **local,
    )


def network(parametrization="raw", connections="random", *, depth=3, k=5, tau=1.7, seed=0):
    generator = torch.Generator().manual_seed(seed)
    on_image = connections in ("local", "structured")
    local = {"image_shape": (1, 6, 6)} if on_image else {}
    later = "random" if on_image else connections
    first = layer(36, 60, generator, parametrization, connections, **local)
    rest = [layer(60, 60, generator, parametrization, later) for _ in range(depth - 1)]
    return torch.nn.Sequential(first, *rest, nn.GroupSum(k, tau=tau))


def random_bits(n, width, seed=0):
    return np.random.default_rng(seed).random((n, width)) < 0.5


def hard_scores(net, bits):
    with torch.no_grad():
        return copy.deepcopy(net).eval()(torch.from_numpy(bits)).numpy()


def assert_same(net, bits):
    """Evaluator, native engine and numpy engine against the module, bit for bit."""
    model = gg.discretize(net)
    expected = hard_scores(net, bits)
    defined = scores(model.readout, evaluate_sums(model.circuit, model.readout, bits))
    np.testing.assert_array_equal(defined, expected)
    for backend in ("native", "numpy"):
        np.testing.assert_array_equal(model.scores(bits, backend=backend), expected)


@pytest.mark.parametrize("parametrization", PARAMETRIZATIONS)
@pytest.mark.parametrize("connections", CONNECTIONS)
def test_circuit_scores_equal_the_hard_network(parametrization, connections):
    assert_same(network(parametrization, connections), random_bits(513, 36))


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("wire_estimator", ESTIMATORS)
@pytest.mark.parametrize("window", [{}, {"image_shape": (1, 6, 6)}])
def test_only_chosen_wires_remain_of_learned_ones(estimator, wire_estimator, window):
    generator = torch.Generator().manual_seed(3)
    options = {"estimator": estimator, "wire_estimator": wire_estimator, "candidates": 7}
    net = torch.nn.Sequential(
        layer(36, 60, generator, connections="learned", **options, **window),
        layer(60, 40, generator, connections="learned", **options),
        nn.GroupSum(5),
    )
    with torch.no_grad():
        for module in net[:2]:
            module.wiring.logits.copy_(torch.randn(module.wiring.logits.shape, generator=generator))
    assert_same(net, random_bits(200, 36))
    circuit = gg.discretize(net).circuit
    assert np.array_equal(circuit.fanin[:60].T, net[0].wires().numpy() + 2)
    optimized, bits = gg.discretize(net).optimize(), random_bits(200, 36)
    np.testing.assert_array_equal(optimized.scores(bits), hard_scores(net, bits))


@pytest.mark.parametrize("tau", [0.3, 1.0, 10.0, 33.3])
def test_any_tau_gives_equal_scores(tau):
    assert_same(network(tau=tau, k=3), random_bits(200, 36))


def test_deep_network():
    assert_same(network("light", depth=14), random_bits(300, 36))


def test_predictions_follow_the_scores():
    net, bits = network(), random_bits(300, 36)
    expected = hard_scores(net, bits).argmax(1)
    np.testing.assert_array_equal(gg.discretize(net).predict(bits), expected)


def test_without_group_sum_every_output_is_a_label():
    net = torch.nn.Sequential(*list(network())[:-1])
    bits = random_bits(100, 36)
    model = gg.discretize(net)
    assert model.readout.kind == "multilabel"
    np.testing.assert_array_equal(model.predict(bits), hard_scores(net, bits))


def test_a_single_layer_is_a_network():
    net = nn.LogicDense(7, 30, seed=0)
    bits = all_patterns(7)
    np.testing.assert_array_equal(
        evaluate(gg.discretize(net).circuit, bits), hard_scores(net, bits)
    )


def test_nested_and_neutral_modules():
    first, second, third, head = network()
    nested = torch.nn.Sequential(
        torch.nn.Flatten(),
        torch.nn.Sequential(first, torch.nn.Dropout(0.5), torch.nn.Sequential(second)),
        torch.nn.Identity(),
        torch.nn.Sequential(third, head),
    )
    flat = torch.nn.Sequential(first, second, third, head)
    assert gg.discretize(nested) == gg.discretize(flat)
    assert_same(nested, random_bits(65, 36))


def test_a_sequential_of_the_users_own_class_is_one():
    class Stack(torch.nn.Sequential):
        pass

    assert gg.discretize(Stack(*network())) == gg.discretize(network())


def test_one_layer_used_twice_gives_its_gates_twice():
    shared = nn.LogicDense(20, 20, seed=0)
    net = torch.nn.Sequential(shared, shared)
    assert gg.discretize(net).circuit.n_gates == 40
    bits = random_bits(100, 20)
    np.testing.assert_array_equal(gg.discretize(net).sums(bits), hard_scores(net, bits))


def test_gates_inputs_and_neurons_are_counted():
    model = gg.discretize(network())
    assert (model.circuit.n_inputs, model.circuit.n_gates, model.neurons) == (36, 180, 180)
    assert model.circuit.n_outputs == 60
    assert model.optimize().neurons == 180


def test_encoder_and_labels_are_the_models():
    encoder = Thermometer.uniform(np.arange(72.0).reshape(4, 18), 2)
    net = network(k=3)
    model = gg.discretize(net, encoder=encoder, labels=["a", "b", "c"])
    assert model.encoder is encoder
    x = np.random.default_rng(0).uniform(0, 72, (50, 18))
    expected = hard_scores(net, encoder.encode(x)).argmax(1)
    np.testing.assert_array_equal(model.predict(x), np.array(["a", "b", "c"])[expected])


@pytest.mark.parametrize("mode", [True, False])
def test_the_network_stays_as_it_is(mode):
    net = network().train(mode)
    net[1].train(not mode)
    before = copy.deepcopy(net.state_dict())
    gg.discretize(net)
    assert [m.training for m in net] == [mode, not mode, mode, mode]
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert all(p.requires_grad and p.grad is None for p in net.parameters())


def test_the_model_does_not_follow_later_training():
    net = network()
    model = gg.discretize(net)
    saved = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.neg_()
        net[0].indices.copy_(net[0].indices.flip(0))
    assert model == saved
    assert gg.discretize(net) != saved


@pytest.mark.parametrize("parametrization", PARAMETRIZATIONS)
def test_discretize_follows_load_state_dict(parametrization):
    """No stale table or wire after another seed's weights, a forward and a backward pass."""
    net, other = network(parametrization, seed=0), network(parametrization, seed=1)
    bits = random_bits(300, 36)
    gg.discretize(net)
    net(torch.from_numpy(bits)).sum().backward()
    net.load_state_dict(other.state_dict())
    assert gg.discretize(net) == gg.discretize(other)
    assert_same(net, bits)


@pytest.mark.parametrize("parametrization", PARAMETRIZATIONS)
@given(pair=pairs(max_inputs=5, max_gates=12))
@settings(max_examples=60, deadline=None)
def test_from_circuit_and_back_is_the_same_function(parametrization, pair):
    circuit, readout = pair
    if circuit.n_outputs == 0:
        return
    model = gg.Model(circuit, readout)
    back = gg.discretize(nn.from_circuit(model, parametrization=parametrization))
    assert back.readout.kind == readout.kind
    bits = all_patterns(circuit.n_inputs)
    np.testing.assert_array_equal(back.sums(bits), model.sums(bits))
    np.testing.assert_array_equal(back.scores(bits), model.scores(bits))


def test_a_large_graph_there_and_back():
    circuit = random_circuit(n_inputs=30, n_gates=2000, n_outputs=100, width=4)
    model = gg.Model(circuit, random_readout(100, 7))
    back = gg.discretize(nn.from_circuit(model))
    pair, other = (model.circuit, model.readout), (back.circuit, back.readout)
    assert difference(pair, other) is None


def test_gates_around_a_graph():
    """A LogicGraph between layers reads their wires and is read by them."""
    circuit = random_circuit(n_inputs=10, n_gates=40, n_outputs=12)
    graph = nn.from_circuit(gg.Model(circuit, gg.Readout.identity(12)))[0]
    assert isinstance(graph, nn.LogicGraph)
    net = torch.nn.Sequential(
        nn.LogicDense(8, 10, seed=0), graph, nn.LogicDense(12, 20, seed=1), nn.GroupSum(4)
    )
    assert_same(net, all_patterns(8))


def test_gates_after_constant_outputs():
    """Either or both pins of a later gate may then be the constant signals."""
    circuit = gg.Circuit(3, [[2, 3]], [6], [0, 1, 5, 4])
    graph = nn.from_circuit(gg.Model(circuit, gg.Readout.identity(4)))[0]
    pins = torch.tensor([[i, j] for i in range(4) for j in range(4) for _ in range(30)]).T
    net = torch.nn.Sequential(graph, nn.LogicDense(4, 480, connections=pins, seed=0))
    bits = all_patterns(3)
    np.testing.assert_array_equal(gg.discretize(net).sums(bits), hard_scores(net, bits))


def test_the_librarys_own_sequential_is_one_too():
    fused = nn.Sequential(*network())
    assert gg.discretize(torch.nn.Sequential(fused)) == gg.discretize(network())
    assert_same(fused, random_bits(100, 36))


def test_optimized_models_can_be_trained_on_and_come_back():
    model = gg.discretize(network("light")).optimize()
    back = gg.discretize(nn.from_circuit(model))
    bits = random_bits(400, 36)
    np.testing.assert_array_equal(back.sums(bits), model.sums(bits))


def test_optimize_keeps_the_function_of_a_small_network():
    net = torch.nn.Sequential(
        nn.LogicDense(8, 24, seed=0), nn.LogicDense(24, 24, seed=1), nn.GroupSum(3)
    )
    model = gg.discretize(net)
    small = model.optimize()
    pairs_ = (model.circuit, model.readout), (small.circuit, small.readout)
    assert exhaustive_difference(*pairs_) is None


def test_half_a_million_gates_take_no_loop_over_gates():
    generator = torch.Generator().manual_seed(0)
    net = torch.nn.Sequential(
        nn.LogicDense(1000, 250_000, generator=generator),
        nn.LogicDense(250_000, 250_000, generator=generator),
        nn.GroupSum(10),
    )
    model = gg.discretize(net)
    assert model.neurons == 500_000
    bits = random_bits(3, 1000)
    np.testing.assert_array_equal(model.scores(bits), hard_scores(net, bits))
