"""Learned wiring: both estimators against their definitions, state, hard network, messages."""

import copy
import io
import re

import pytest
import torch

from gategrad import nn
from gategrad.nn.executors.torch.polynomial import gate_polynomials
from gategrad.train.evaluate import relaxed

PARAMETRIZATIONS = ["raw", "light"]
ESTIMATORS = ["soft", "straight-through"]


def layer(in_dim=9, out_dim=14, **options):
    options = {"seed": 0, "connections": "learned", "candidates": 5} | options
    made = nn.LogicDense(in_dim, out_dim, **{"dtype": torch.float64, **options})
    with torch.no_grad():
        noise = torch.randn(made.wiring.logits.shape, generator=torch.Generator().manual_seed(1))
        made.wiring.logits.copy_(noise)
    return made


def rows(batch, in_dim=9, seed=5):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(batch, in_dim, generator=generator, dtype=torch.float64)


def defined(module, x):
    """The layer as its docstrings say, by plain autograd."""
    share = torch.softmax(module.wiring.logits, 2)
    values = x.t()[module.wiring.candidates]  # (2, out_dim, K, batch)
    mixture = (share[..., None] * values).sum(2)
    if module.wiring.estimator == "straight-through":
        # The value and x's gradient of the chosen wire, the logits' gradient of the mixture.
        seen = (share[..., None] * values.detach()).sum(2)
        mixture = x.t()[module.wires()] + seen - seen.detach()
    forward, soft = module.bank.coefficients()
    pins = torch.arange(2 * module.out_dim).view(2, -1)
    return gate_polynomials(mixture.flatten(0, 1), pins, forward, soft).t()


@pytest.mark.parametrize("wire_estimator", ESTIMATORS)
@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("kind", PARAMETRIZATIONS)
@pytest.mark.parametrize("candidates", [1, 5, "all"])
def test_values_and_gradients_are_those_of_the_definition(
    kind, estimator, wire_estimator, candidates
):
    module = layer(
        parametrization=kind,
        estimator=estimator,
        wire_estimator=wire_estimator,
        candidates=candidates,
    )
    for batch in (0, 1, 33):
        x = rows(batch).requires_grad_()
        upstream = rows(batch, 14)
        inputs = (x, module.weight, module.wiring.logits)
        wanted, got = defined(module, x), module(x)
        torch.testing.assert_close(got, wanted)
        torch.testing.assert_close(
            torch.autograd.grad(got, inputs, upstream),
            torch.autograd.grad(wanted, inputs, upstream),
        )


@pytest.mark.parametrize("kind", PARAMETRIZATIONS)
def test_gradcheck_of_two_soft_layers(kind):
    first = layer(4, 6, parametrization=kind, wire_estimator="soft", candidates=3)
    second = layer(6, 3, parametrization=kind, wire_estimator="soft", candidates="all", seed=1)

    def run(x, *weights):
        names = ["weight", "wiring.logits"]
        states = [dict(zip(names, weights[i : i + 2], strict=True)) for i in (0, 2)]
        x = torch.func.functional_call(first, states[0], (x,))
        return torch.func.functional_call(second, states[1], (x,))

    weights = [p for m in (first, second) for p in (m.weight, m.wiring.logits)]
    x = rows(3, 4).requires_grad_()
    assert torch.autograd.gradcheck(run, (x, *weights))


@pytest.mark.parametrize("wire_estimator", ESTIMATORS)
def test_eval_is_the_network_of_the_chosen_wires(wire_estimator):
    module = layer(wire_estimator=wire_estimator).eval()
    fixed = nn.LogicDense(9, 14, connections=module.wires(), dtype=torch.float64, seed=3).eval()
    fixed.load_state_dict({"indices": module.wires(), "weight": module.weight})
    assert torch.equal(module(rows(40)), fixed(rows(40)))


def test_equal_logits_choose_the_first_candidate():
    module = layer()
    with torch.no_grad():
        module.wiring.logits.zero_()
        module.wiring.logits[0, 3, 2:4] = 1.0
    wires = module.wires()
    assert torch.equal(wires[1], module.wiring.candidates[1, :, 0])
    assert wires[0, 3] == module.wiring.candidates[0, 3, 2]


def test_the_factor_is_on_the_gradient_of_the_input_alone():
    plain, scaled = layer(), layer(grad_factor=3.0)
    grads = []
    for module in (plain, scaled):
        x = rows(7).requires_grad_()
        inputs = (x, module.weight, module.wiring.logits)
        grads.append(torch.autograd.grad(module(x).square().sum(), inputs))
    torch.testing.assert_close(grads[1][0], 3 * grads[0][0])
    torch.testing.assert_close(grads[1][1:], grads[0][1:])


@pytest.mark.parametrize("wires", ["straight-through", "soft"])
def test_the_relaxed_network_has_soft_gates_on_the_wires_that_are_trained(wires):
    module = layer(estimator="straight-through", wire_estimator=wires)
    soft = layer(estimator="soft", wire_estimator=wires)
    with relaxed(module):
        assert torch.equal(module(rows(8)), soft(rows(8)))
    assert module.wiring.estimator == wires


def test_state_holds_candidates_and_logits_and_gives_the_same_outputs():
    module, other = layer(), layer(seed=8)
    assert set(module.state_dict()) == {"weight", "wiring.candidates", "wiring.logits"}
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    file.seek(0)
    other.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(other(rows(20)), module(rows(20)))
    assert torch.equal(other.eval()(rows(20)), module.eval()(rows(20)))


def test_a_state_with_candidates_beyond_the_layer_is_refused():
    state = layer(20, 14).state_dict()
    with pytest.raises(RuntimeError, match=r"wiring.candidates reads wires outside 0 to 8"):
        layer().load_state_dict(state)


def test_layers_in_a_sequential_with_fixed_neighbours():
    fixed = nn.LogicDense(14, 10, seed=4, dtype=torch.float64)
    net = nn.Sequential(layer(), fixed, layer(10, 6), nn.GroupSum(3))
    plain = torch.nn.Sequential(*copy.deepcopy(net))
    torch.testing.assert_close(net(rows(17)), plain(rows(17)))
    assert nn.training_backend(net).startswith("native")
    assert nn.training_backend(net.float()).startswith("native")
    net[0].wiring.estimator = "soft"
    assert nn.training_backend(net).startswith("native")
    net[0].wiring.double()
    reason = "values are torch.float32 and the wiring's logits torch.float64"
    assert nn.training_backend(net) == f"torch ({reason})"


def test_parameter_groups():
    net = nn.Sequential(layer(), nn.LogicDense(14, 6, seed=0), nn.GroupSum(3))
    gates, wiring = nn.parameter_groups(net, lr=0.01, wiring_lr=0.2)
    assert (gates["lr"], wiring["lr"]) == (0.01, 0.2)
    assert [id(p) for p in wiring["params"]] == [id(net[0].wiring.logits)]
    assert {id(p) for g in (gates, wiring) for p in g["params"]} == set(map(id, net.parameters()))
    assert len(nn.parameter_groups(net[1], lr=0.01)) == 1
    with pytest.raises(ValueError, match=r"wiring_lr=0.2 is for learned wiring, which no layer"):
        nn.parameter_groups(net[1], lr=0.01, wiring_lr=0.2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"wire_estimator": "hard"},
            "unknown wire_estimator 'hard'; known: soft, straight-through",
        ),
        (
            {"candidates": 10},
            'candidates must be "all" or an integer from 1 to 9, the number of wir',
        ),
        ({"candidates": 0}, 'candidates must be "all" or an integer from 1 to 9'),
        ({"candidates": "some"}, "got 'some'"),
        ({"radius": 2}, "radius is for windows of an image; give image_shape with it"),
        ({"thresholds": 2}, 'thresholds applies only to connections="structured", not to connect'),
        (
            {"candidates": "all", "image_shape": (3, 3)},
            'candidates="all" has no window; leave image_shape out, or give a number',
        ),
        (
            {"connections": "random"},
            'candidates applies only to connections="learned", not to connections="random"',
        ),
        (
            {"connections": "random", "candidates": None, "wire_estimator": "soft"},
            'wire_estimator applies only to connections="learned"',
        ),
    ],
)
def test_messages(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        layer(**options)
