"""Parametrizations: coefficients, hardening, initial weights and weights of given tables."""

import math

import pytest
import torch

from gategrad.nn.gates.functions import coefficients_of_all
from gategrad.nn.gates.inits import initial_weights
from gategrad.nn.gates.parametrization import (
    COVJAC,
    LIGHT,
    MULTILINEAR,
    PARAMETRIZATIONS,
    RAW,
    WALSH,
)

ALL = [pytest.param(p, id=name) for name, p in PARAMETRIZATIONS.items()]
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


@pytest.mark.parametrize("p", ALL)
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
@pytest.mark.parametrize("p", ALL)
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
@pytest.mark.parametrize("p", ALL)
def test_strength_outside_its_range_is_refused(p, strength):
    with pytest.raises(ValueError, match=r"strength must be above 0.5 and below 1, got"):
        p.weights_from_tables(torch.arange(16), strength)


@pytest.mark.parametrize("p", ALL)
def test_residual_gates_pass_their_first_input_through(p):
    weight = initial_weights(p, "residual", 500, generator())
    assert (p.tables(weight) == 0xA).all()
    mean = entries(p.coefficients(weight)).mean(0)
    others = {"multilinear": [0.0, 1.0, 0.0, 1.0], "covjac": [0.02, 0.87, 0.05, 0.79]}
    wanted = torch.tensor(others.get(p.name, [0.05, 0.95, 0.05, 0.95]))
    torch.testing.assert_close(mean, wanted, atol=0.03, rtol=0)


@pytest.mark.parametrize("p", ALL)
@pytest.mark.parametrize(
    ("init", "tables"),
    [
        ("residual-b", [0xC]),
        ("residual-random", [0xA, 0xC]),
        ("heavy-tail", list(range(16))),
        ("and-or", [0x8, 0xE]),
        ("negation-asymmetric", [0x8, 0xA, 0xC, 0xE]),
    ],
)
def test_other_starts_are_near_their_functions_each_alike(p, init, tables):
    weight = initial_weights(p, init, 3200, generator())
    found, counts = p.tables(weight).unique(return_counts=True)
    assert found.tolist() == tables
    assert (counts - 3200 / len(tables)).abs().max() < 4 * (3200 / len(tables)) ** 0.5


def test_a_start_stays_within_the_gates_allowed():
    weight = initial_weights(RAW, "heavy-tail", 300, generator(), gates=(1, 14))
    assert RAW.tables(weight).unique().tolist() == [0x7, 0x8]
    with pytest.raises(ValueError, match="init='and-or' starts near and, which gates leaves out"):
        initial_weights(RAW, "and-or", 3, generator(), gates=(7, 14))


def test_walsh_is_the_sigmoid_of_its_sum_on_every_pattern():
    theta = torch.randn(50, 4, dtype=torch.float64, generator=generator())
    got = entries(WALSH.coefficients(theta))
    for column, (a, b) in enumerate(PATTERNS):
        sa, sb = 1 - 2 * a, 1 - 2 * b
        z = theta @ torch.tensor([1.0, sa, sb, sa * sb], dtype=torch.float64)
        torch.testing.assert_close(got[:, column], torch.sigmoid(-z))


def test_multilinear_snaps_to_the_nearest_function():
    weight = 1.5 * torch.randn(500, 4, dtype=torch.float64, generator=generator())
    vectors = coefficients_of_all(weight.device, torch.float64)
    nearest = torch.cdist(weight, vectors).argmin(1)
    assert torch.equal(MULTILINEAR.tables(weight), nearest)
    assert torch.equal(COVJAC.tables(weight), nearest)


def test_covjac_is_the_covariance_of_the_functions_over_half_the_temperature():
    c = torch.randn(4, dtype=torch.float64, generator=generator())
    g = coefficients_of_all(c.device, torch.float64)
    p = torch.softmax(-(c - g).square().sum(1) / 0.5, 0)
    torch.testing.assert_close(COVJAC.coefficients(c[None])[0], p @ g)
    centred = g - p @ g
    covariance = (p[:, None] * centred).T @ centred
    jacobian = torch.autograd.functional.jacobian(lambda c: COVJAC.coefficients(c[None])[0], c)
    torch.testing.assert_close(jacobian, 2 / 0.5 * covariance)


@pytest.mark.parametrize("p", ALL)
def test_gaussian_weights_are_centred_and_harden_to_all_16_functions(p):
    weight = initial_weights(p, "gaussian", 4000, generator())
    std = {"raw": 1.0, "light": 0.25, "light-sigmoid": 0.25, "walsh": 0.125}
    if p.name in std:
        assert abs(weight.mean().item()) < 0.02
        assert weight.std().item() == pytest.approx(std[p.name], rel=0.03)
    assert len(p.tables(weight).unique()) == 16


@pytest.mark.parametrize("p", ALL)
def test_initial_weights_follow_the_generator(p):
    first, same, other = (initial_weights(p, "gaussian", 20, generator(s)) for s in (1, 1, 2))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)
