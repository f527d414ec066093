"""Slots of (function, wire, wire): the mixture, the hard layer, resampling."""

import copy
import re

import pytest
import torch

import gategrad as gg
from gategrad import nn

ESTIMATORS = ["soft", "straight-through"]


def layer(in_dim=6, out_dim=5, **options):
    made = nn.SlotDense(
        in_dim, out_dim, **{"slots": 4, "seed": 0, "dtype": torch.float64} | options
    )
    with torch.no_grad():
        made.logits.normal_(generator=torch.Generator().manual_seed(1))
    return made


def rows(batch=7, width=6):
    generator = torch.Generator().manual_seed(2)
    return torch.rand(batch, width, dtype=torch.float64, generator=generator)


def mixture(module, x):
    """The definition, gate by gate and slot by slot."""
    out = []
    for gate, share in enumerate(torch.softmax(module.logits, 1)):
        total = 0
        for slot, q in enumerate(share):
            a, b = (x[:, wires[gate, slot]] for wires in module.slot_wires)
            bit = [int(module.slot_tables[gate, slot]) >> i & 1 for i in range(4)]
            value = (1 - a) * (1 - b) * bit[0] + a * (1 - b) * bit[1]
            total = total + q * (value + (1 - a) * b * bit[2] + a * b * bit[3])
        out.append(total)
    return torch.stack(out, 1)


def test_soft_is_the_mixture_of_the_slots():
    module, x = layer(), rows().requires_grad_()
    upstream = rows(7, 5)
    torch.testing.assert_close(module(x), mixture(module, x))
    torch.testing.assert_close(
        torch.autograd.grad(module(x), (x, module.logits), upstream),
        torch.autograd.grad(mixture(module, x), (x, module.logits), upstream),
    )


def test_straight_through_is_the_chosen_slot_with_the_mixtures_logit_gradient():
    module, x = layer(estimator="straight-through"), rows().requires_grad_()
    upstream = rows(7, 5)
    hard = copy.deepcopy(module).eval()
    assert torch.equal(module(x).round(decimals=9), hard(x).round(decimals=9))
    grad_x, grad_logits = torch.autograd.grad(module(x), (x, module.logits), upstream)
    (wanted_x,) = torch.autograd.grad(hard(x), x, upstream)
    (wanted_logits,) = torch.autograd.grad(mixture(module, x), module.logits, upstream)
    torch.testing.assert_close((grad_x, grad_logits), (wanted_x, wanted_logits))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_circuit_is_the_hard_network(estimator):
    first = layer(estimator=estimator, out_dim=40, dtype=torch.float32)
    net = torch.nn.Sequential(first, layer(40, 12, seed=1, dtype=torch.float32), nn.GroupSum(3))
    bits = torch.rand(200, 6, generator=torch.Generator().manual_seed(0)) < 0.5
    expected = copy.deepcopy(net).eval()(bits).detach().numpy()
    model = gg.discretize(net)
    assert (model.scores(bits.numpy()) == expected).all()
    assert (model.optimize().scores(bits.numpy(), backend="numpy") == expected).all()
    other = layer(estimator=estimator, out_dim=40, dtype=torch.float32, seed=9)
    other.load_state_dict(first.state_dict())
    assert torch.equal(other(bits), first(bits))


def test_every_wire_and_function_is_drawn():
    module = nn.SlotDense(50, 25, slots=2, seed=0)
    assert len(module.slot_wires.unique()) == 50
    assert len(module.slot_tables.unique()) == 16
    assert torch.bincount(module.slot_wires.flatten()).tolist() == [2] * 50


def trained(module):
    """An Adam that has taken a step, so that it has moments."""
    optimizer = torch.optim.Adam(module.parameters(), lr=0.0)
    module(rows()).square().sum().backward()
    optimizer.step()
    return optimizer


def test_resampling():
    module = layer(out_dim=3)
    with torch.no_grad():
        module.logits.zero_()
        module.logits[0, 2] = 9.0  # converged
        module.logits[1, 1] = 2.0  # undecided: a share of 0.71
    before = copy.deepcopy(module)
    optimizer = trained(module)
    n = nn.resample_slots(module, optimizer, generator=torch.Generator().manual_seed(3))
    assert n == 3 + 0 + 4
    share = torch.softmax(module.logits, 1)
    torch.testing.assert_close(share[0, 2].item(), 0.9)
    assert module.slot_tables[0, 2] == before.slot_tables[0, 2]
    assert torch.equal(module.slot_wires[:, 0, 2], before.slot_wires[:, 0, 2])
    assert not torch.equal(module.slot_wires[:, 0], before.slot_wires[:, 0])
    assert torch.equal(module.slot_wires[:, 1], before.slot_wires[:, 1])
    assert torch.equal(module.logits[1], before.logits[1])
    assert not torch.equal(module.slot_wires[:, 2], before.slot_wires[:, 2])
    assert share[2].tolist() == [0.25] * 4
    state = optimizer.state[module.logits]
    for moment in (state["exp_avg"], state["exp_avg_sq"]):
        assert (moment[[0, 2]] == 0).all()
        assert (moment[1] != 0).any()


def test_one_slot_is_never_drawn_anew():
    module = layer(slots=1)
    assert nn.resample_slots(module, None, generator=torch.Generator()) == 0


def test_fit_resamples_and_repeats():
    x = torch.rand(300, 6, generator=torch.Generator().manual_seed(0)) < 0.5
    y = (x[:, 0] & x[:, 1]).long()

    def wires_at_the_end(**options):
        net, seen = torch.nn.Sequential(nn.SlotDense(6, 8, slots=9, seed=0), nn.GroupSum(2)), []
        gg.train.fit(
            net, x, y, steps=40, eval_every=40, validation=None, threads=1,
            progress=lambda _: seen.append(net[0].slot_wires.clone()), **options,
        )  # fmt: skip
        return seen

    first, last = wires_at_the_end()
    assert torch.equal(first, last)
    runs = [wires_at_the_end(resample_every=10, seed=seed)[1] for seed in (1, 1, 2)]
    assert not torch.equal(runs[0], first)
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


def test_messages():
    with pytest.raises(ValueError, match="slots must be an integer of at least 1, got 0"):
        layer(slots=0)
    with pytest.raises(ValueError, match="unknown estimator 'hard'; known: soft, straight-thr"):
        layer(estimator="hard")
    net = torch.nn.Sequential(nn.LogicDense(6, 4, seed=0), nn.GroupSum(2))
    x, y = torch.ones(8, 6) > 0, torch.zeros(8, dtype=torch.long)
    with pytest.raises(gg.train.TrainError, match=re.escape("resample_every=5 is for networks wi")):
        gg.train.fit(net, x, y, resample_every=5, progress=False)
