"""The autograd function against naive per-gate autograd and finite differences."""

import pytest
import torch

from gategrad.nn.executors.torch.polynomial import gate_polynomials

F64 = torch.float64


def mixture(a, b, p):
    """Sum of p[id] times the real-valued function of that gate id, written out."""
    return (
        p[1] * (a * b)
        + p[2] * (a - a * b)
        + p[3] * a
        + p[4] * (b - a * b)
        + p[5] * b
        + p[6] * (a + b - 2 * a * b)
        + p[7] * (a + b - a * b)
        + p[8] * (1 - (a + b - a * b))
        + p[9] * (1 - (a + b - 2 * a * b))
        + p[10] * (1 - b)
        + p[11] * (1 - b + a * b)
        + p[12] * (1 - a)
        + p[13] * (1 - a + a * b)
        + p[14] * (1 - a * b)
        + p[15]
    )


def naive_layer(x, indices, logits):
    """Features-major output of a raw layer, one gate at a time."""
    rows = [
        mixture(x[a], x[b], torch.softmax(w, 0))
        for (a, b), w in zip(indices.T.tolist(), logits, strict=True)
    ]
    return torch.stack(rows)


def case(batch, seed=0, in_dim=6, out_dim=40):
    """Wiring with an unused wire (the last), gates on one wire twice, and repeated pairs."""
    g = torch.Generator().manual_seed(seed)
    x = torch.rand(in_dim, batch, dtype=F64, generator=g, requires_grad=True)
    indices = torch.randint(in_dim - 1, (2, out_dim), generator=g)
    indices[1, :8] = indices[0, :8]
    coefficients = torch.randn(out_dim, 4, dtype=F64, generator=g, requires_grad=True)
    return x, indices, coefficients


@pytest.mark.parametrize("batch", [1, 3, 17])
def test_gradients_agree_with_finite_differences(batch):
    x, indices, c = case(batch, out_dim=12)
    torch.autograd.gradcheck(lambda x, c: gate_polynomials(x, indices, c, c), (x, c))


@pytest.mark.parametrize("batch", [1, 3, 17])
def test_each_function_and_gradient_equals_the_naive_layer(batch):
    from gategrad.nn.gates.parametrization import RAW

    x, indices, _ = case(batch)
    g = torch.Generator().manual_seed(1)
    logits = torch.randn(40, 16, dtype=F64, generator=g, requires_grad=True)
    # The first 16 gates are nearly pure, one for each function, eight of them on one wire twice.
    with torch.no_grad():
        logits[:16] += 12 * torch.eye(16, dtype=F64)
    upstream = torch.randn(40, batch, dtype=F64, generator=g)
    expected = naive_layer(x, indices, logits)
    wanted = torch.autograd.grad(expected, (x, logits), upstream)
    coefficients = RAW.coefficients(logits)
    y = gate_polynomials(x, indices, coefficients.detach(), coefficients)
    got = torch.autograd.grad(y, (x, logits), upstream)
    torch.testing.assert_close(y, expected)
    torch.testing.assert_close(got[0], wanted[0])
    torch.testing.assert_close(got[1], wanted[1])


def test_an_input_that_no_gate_reads_gets_gradient_zero():
    x, indices, c = case(5)
    gate_polynomials(x, indices, c, c).sum().backward()
    assert (x.grad[-1] == 0).all()
    assert (x.grad[:-1] != 0).all()


def test_both_pins_on_one_wire_differentiate_the_square():
    x = torch.tensor([[0.3]], dtype=F64, requires_grad=True)
    c = torch.tensor([[0.5, -1.0, 2.0, 3.0]], dtype=F64)
    y = gate_polynomials(x, torch.zeros(2, 1, dtype=torch.int64), c, c)
    y.backward()
    assert y.item() == pytest.approx(0.5 + 0.3 + 3 * 0.09)
    assert x.grad.item() == pytest.approx(1.0 + 2 * 3 * 0.3)


def test_forward_uses_one_set_of_coefficients_and_backward_the_other():
    x, indices, soft = case(7)
    hard = torch.randn(40, 4, dtype=F64, generator=torch.Generator().manual_seed(9))
    hard.requires_grad_()
    upstream = torch.randn(40, 7, dtype=F64, generator=torch.Generator().manual_seed(3))
    y = gate_polynomials(x, indices, hard, soft)
    y.backward(upstream)
    assert torch.equal(y, gate_polynomials(x, indices, hard, hard))
    assert hard.grad is None
    wanted = torch.autograd.grad(gate_polynomials(x, indices, soft, soft), (x, soft), upstream)
    torch.testing.assert_close(x.grad, wanted[0])
    torch.testing.assert_close(soft.grad, wanted[1])


def test_grad_factor_scales_the_input_gradient_only():
    x, indices, c = case(4)
    plain = torch.autograd.grad(gate_polynomials(x, indices, c, c).sum(), (x, c))
    scaled = torch.autograd.grad(gate_polynomials(x, indices, c, c, 3.0).sum(), (x, c))
    torch.testing.assert_close(scaled[0], 3.0 * plain[0])
    assert torch.equal(scaled[1], plain[1])


@pytest.mark.parametrize("wanted", ["x", "coefficients"])
def test_one_gradient_alone_is_the_same_as_with_the_other(wanted):
    x, indices, c = case(4)
    both = torch.autograd.grad(gate_polynomials(x, indices, c, c).sum(), (x, c))
    if wanted == "x":
        alone = torch.autograd.grad(gate_polynomials(x, indices, *[c.detach()] * 2).sum(), x)
        assert torch.equal(alone[0], both[0])
    else:
        alone = torch.autograd.grad(gate_polynomials(x.detach(), indices, c, c).sum(), c)
        assert torch.equal(alone[0], both[1])


def test_batch_zero_gives_zero_gradients():
    x, indices, c = case(0)
    y = gate_polynomials(x, indices, c, c)
    y.sum().backward()
    assert y.shape == (40, 0)
    assert x.grad.shape == (6, 0)
    assert torch.equal(c.grad, torch.zeros_like(c))


def test_tiles_change_nothing(monkeypatch):
    from gategrad.nn.executors.torch import polynomial

    x, indices, c = case(5)
    whole = torch.autograd.grad(gate_polynomials(x, indices, c, c).sum(), (x, c))
    y = gate_polynomials(x, indices, c, c)
    monkeypatch.setattr(polynomial, "_TILE_BYTES", 7 * 5 * 8)  # 40 gates in tiles of 7
    tiled = torch.autograd.grad(gate_polynomials(x, indices, c, c).sum(), (x, c))
    assert torch.equal(gate_polynomials(x, indices, c, c), y)
    torch.testing.assert_close(tiled[0], whole[0])
    assert torch.equal(tiled[1], whole[1])


def test_a_graph_can_be_walked_twice_and_x_may_be_strided():
    x, indices, c = case(5)
    strided = x.detach().t().contiguous().t().requires_grad_()
    y = gate_polynomials(strided, indices, c, c)
    first = torch.autograd.grad(y.sum(), (strided, c), retain_graph=True)
    second = torch.autograd.grad(y.sum(), (strided, c))
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])
    wanted = torch.autograd.grad(gate_polynomials(x, indices, c, c).sum(), x)
    assert torch.equal(first[0], wanted[0])


def test_a_second_derivative_is_refused():
    x, indices, c = case(3)
    y = gate_polynomials(x, indices, c, c)
    with pytest.raises(RuntimeError, match=r"can't be differentiated twice; .* create_graph=True"):
        torch.autograd.grad(y.sum(), x, create_graph=True)
