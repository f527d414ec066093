"""Real-valued logics other than the probabilistic one."""

import itertools

import pytest
import torch

import gategrad as gg
from gategrad import nn
from gategrad.nn.gates.functions import table_from_id

LOGICS = ["min-max", "lukasiewicz"]
AND = {"min-max": min, "lukasiewicz": lambda a, b: max(0.0, a + b - 1)}
OR = {"min-max": max, "lukasiewicz": lambda a, b: min(1.0, a + b)}


def by_hand(logic, gate, a, b):
    """A gate from `and`, `or` and `1 - x` alone."""
    both, either = AND[logic], OR[logic]
    return [
        0.0, both(a, b), both(a, 1 - b), a, both(1 - a, b), b,
        either(both(a, 1 - b), both(1 - a, b)), either(a, b),
        1 - either(a, b), 1 - either(both(a, 1 - b), both(1 - a, b)), 1 - b, either(a, 1 - b),
        1 - a, either(1 - a, b), 1 - both(a, b), 1.0,
    ][gate]  # fmt: skip


def all_gates(logic, **options):
    """One gate of each function, sure of it, on the wires 0 and 1."""
    wires = torch.tensor([[0] * 16, [1] * 16])
    module = nn.LogicDense(2, 16, connections=wires, logic=logic, dtype=torch.float64, **options)
    with torch.no_grad():
        module.weight.copy_(1000 * torch.eye(16))
    return module


def grid():
    return torch.tensor(list(itertools.product([0, 0.2, 0.5, 0.9, 1], repeat=2))).double()


@pytest.mark.parametrize("mode", [True, False])
@pytest.mark.parametrize("logic", LOGICS)
def test_every_function_between_0_and_1(logic, mode):
    got = all_gates(logic).train(mode)(grid())
    wanted = [[by_hand(logic, g, a, b) for g in range(16)] for a, b in grid().tolist()]
    torch.testing.assert_close(got, torch.tensor(wanted).double())


@pytest.mark.parametrize("logic", LOGICS)
def test_on_bits_it_is_the_truth_table(logic):
    bits = torch.tensor([[0, 0], [1, 0], [0, 1], [1, 1]])
    tables = table_from_id(torch.arange(16))
    wanted = torch.stack([tables >> i & 1 for i in range(4)]).double()
    assert torch.equal(all_gates(logic).eval()(bits), wanted)
    net = torch.nn.Sequential(nn.LogicDense(6, 30, logic=logic, seed=0), nn.GroupSum(3))
    x = torch.rand(50, 6, generator=torch.Generator().manual_seed(0)) > 0.5
    scores = torch.from_numpy(gg.discretize(net).scores(x.numpy()))
    assert torch.equal(net.eval()(x), scores)


@pytest.mark.parametrize("logic", LOGICS)
def test_gradcheck_away_from_the_kinks(logic):
    module = nn.LogicDense(5, 12, logic=logic, seed=0, dtype=torch.float64)
    x = torch.rand(7, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))

    def run(x, weight):
        return torch.func.functional_call(module, {"weight": weight}, (x,))

    torch.autograd.gradcheck(run, (x.requires_grad_(), module.weight))


@pytest.mark.parametrize("estimator", ["straight-through", "gumbel-hard"])
@pytest.mark.parametrize("logic", LOGICS)
def test_straight_through_is_hard_forward_and_soft_backward(logic, estimator):
    options = {"logic": logic, "seed": 0, "dtype": torch.float64, "grad_factor": 1.5}
    hard = nn.LogicDense(5, 12, estimator=estimator, **options)
    soft = nn.LogicDense(5, 12, estimator=estimator.replace("hard", "soft").replace(
        "straight-through", "soft"), **options)  # fmt: skip
    x = torch.rand(7, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    x.requires_grad_()
    bits = (x > 0.5).double()
    assert set(hard(bits).unique().tolist()) <= {0.0, 1.0}
    soft(bits)  # keeps the draws of noise in step
    got, wanted = (torch.autograd.grad(m(x).sum(), (x, m.weight)) for m in (hard, soft))
    torch.testing.assert_close(got, wanted)


def test_the_backend_says_why_it_is_torch():
    net = nn.Sequential(nn.LogicDense(5, 12, logic="min-max", seed=0), nn.GroupSum(2))
    assert nn.training_backend(net) == "torch (logic='min-max' is no polynomial)"
    net(torch.rand(3, 5)).sum().backward()
