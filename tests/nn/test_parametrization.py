"""raw and light: coefficients, hardening, initial weights and weights of given tables."""

import math

import pytest
import torch

from gategrad.nn.parametrization import LIGHT, PARAMETRIZATIONS, RAW

BOTH = [pytest.param(p, id=name) for name, p in PARAMETRIZATIONS.items()]
PATTERNS = [(0, 0), (1, 0), (0, 1), (1, 1)]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def entries(coefficients):
    """The polynomial's values on the four patterns, in truth-table order."""
    c0, c1, c2, c3 = coefficients.unbind(1)
    return torch.stack([c0 + c1 * a + c2 * b + c3 * a * b for a, b in PATTERNS], 1)


def test_raw_interpolates_the_softmax_share_of_the_functions_that_are_true():
    weight = torch.randn(50, 16, dtype=torch.float64, generator=generator())
    p = torch.softmax(weight, 1)
    got = entries(RAW.coefficients(weight))
    for column, (a, b) in enumerate(PATTERNS):
        bit = 3 - (2 * a + b)  # an id reads 8 f(0,0) + 4 f(0,1) + 2 f(1,0) + f(1,1)
        true_ids = [i for i in range(16) if i >> bit & 1]
        torch.testing.assert_close(got[:, column], p[:, true_ids].sum(1))


def test_light_interpolates_its_sine_entries_in_table_order():
    weight = torch.randn(50, 4, dtype=torch.float64, generator=generator())
    torch.testing.assert_close(entries(LIGHT.coefficients(weight)), 0.5 + 0.5 * weight.sin())


@pytest.mark.parametrize("p", BOTH)
def test_coefficient_gradients(p):
    weight = torch.randn(5, p.n_parameters, dtype=torch.float64, generator=generator())
    torch.autograd.gradcheck(p.coefficients, weight.requires_grad_())


def test_raw_hardens_ties_to_the_lowest_gate_id():
    weight = torch.zeros(3, 16)
    weight[1, [6, 9]] = 1.0
    weight[2, 15] = 1e-6
    assert RAW.tables(weight).tolist() == [0x0, 0x6, 0xF]


def test_light_hardens_an_entry_of_exactly_one_half_to_0():
    weight = torch.tensor([[0.0, 0.1, -0.1, 0.0], [0.1, 0.0, 0.0, 4.0], [-0.0, 0.1, 0.1, 0.1]])
    assert LIGHT.tables(weight).tolist() == [0b0010, 0b0001, 0b1110]


@pytest.mark.parametrize("strength", [0.51, 0.9, 0.999])
@pytest.mark.parametrize("p", BOTH)
def test_weights_from_tables_harden_to_the_tables(p, strength):
    tables = torch.arange(16)
    weight = p.weights_from_tables(tables, strength)
    assert weight.shape == (16, p.n_parameters)
    assert torch.equal(p.tables(weight), tables)


def test_strength_is_the_softmax_share_of_raw_and_the_entry_of_light():
    raw = RAW.weights_from_tables(torch.tensor([0x8]), 0.9)
    assert torch.softmax(raw, 1)[0, 1].item() == pytest.approx(0.9)
    light = entries(LIGHT.coefficients(LIGHT.weights_from_tables(torch.tensor([0x8]), 0.9)))
    torch.testing.assert_close(light, torch.tensor([[0.1, 0.1, 0.1, 0.9]]))


@pytest.mark.parametrize("strength", [0.5, 1.0, math.nan])
@pytest.mark.parametrize("p", BOTH)
def test_strength_outside_its_range_is_refused(p, strength):
    with pytest.raises(ValueError, match=r"strength must be above 0.5 and below 1, got"):
        p.weights_from_tables(torch.arange(16), strength)


@pytest.mark.parametrize("p", BOTH)
def test_residual_gates_pass_their_first_input_through(p):
    weight = p.init("residual", 500, generator())
    assert (p.tables(weight) == 0xA).all()
    mean = entries(p.coefficients(weight)).mean(0)
    torch.testing.assert_close(mean, torch.tensor([0.05, 0.95, 0.05, 0.95]), atol=0.03, rtol=0)


@pytest.mark.parametrize("p", BOTH)
def test_gaussian_weights_are_centred_and_harden_to_all_16_functions(p):
    weight = p.init("gaussian", 4000, generator())
    assert abs(weight.mean().item()) < 0.02
    assert weight.std().item() == pytest.approx({"raw": 1.0, "light": 0.25}[p.name], rel=0.03)
    assert len(p.tables(weight).unique()) == 16


@pytest.mark.parametrize("p", BOTH)
def test_initial_weights_follow_the_generator(p):
    first, same, other = (p.init("gaussian", 20, generator(s)) for s in (1, 1, 2))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)
