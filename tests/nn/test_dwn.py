"""DWN's tables and extended finite differences, against the paper's formulas written out."""

import itertools

import numpy as np
import pytest
import torch

from gategrad.nn.executors.training_variable import VARIABLE
from tests.nn.wide import INPUTS, OUT_DIM, layer, rows


def finite_differences(table, operands, grad):
    """DWN's gradients of one gate, as written: of its table in [-1, 1], and of its operands."""
    n = len(operands)
    address = sum(int(bit) << j for j, bit in enumerate(operands))
    of_table, of_operands = np.zeros(1 << n), np.zeros(n)
    of_table[address] = grad
    alpha, beta = 0.5 * 0.75 ** (n - 1), 1 / 3
    for operand in range(n):
        for k, entry in enumerate(table):
            hamming = bin((k ^ address) & ~(1 << operand)).count("1")
            sign = 1 if k >> operand & 1 else -1
            of_operands[operand] += sign * entry * alpha * beta**hamming * grad
    return of_table, of_operands


@pytest.mark.parametrize("inputs", [2, *INPUTS])
@pytest.mark.parametrize("backend", ["native", "torch"])
def test_dwn_has_the_gradients_of_its_paper(monkeypatch, inputs, backend):
    monkeypatch.setenv(VARIABLE, backend)
    module = layer(inputs=inputs, parametrization="dwn", estimator="efd")
    x, upstream = rows(5, bits=True).requires_grad_(), rows(5, OUT_DIM)
    of_x, of_weight = torch.autograd.grad(module(x), (x, module.weight), upstream)
    wanted_x, wanted_weight = np.zeros(x.shape), np.zeros(module.weight.shape)
    for row, gate in itertools.product(range(5), range(OUT_DIM)):
        wires = module.indices[:, gate]
        of_table, of_operands = finite_differences(
            module.weight[gate].tolist(), x[row, wires].tolist(), upstream[row, gate].item()
        )
        wanted_weight[gate] += of_table
        wanted_x[row, wires] += of_operands
    np.testing.assert_allclose(of_weight, wanted_weight, atol=1e-12)
    np.testing.assert_allclose(of_x, wanted_x, atol=1e-12)


def test_dwn_tables_are_kept_between_minus_one_and_one():
    module = layer(1, 2, inputs=2, parametrization="dwn", estimator="efd", connections=[[0, 0]] * 2)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([[3.0, -3, 3, -3], [1, -1, 1, -1]]))
    x = torch.tensor([[1.0], [0.0]], dtype=torch.float64, requires_grad=True)
    grads = [torch.autograd.grad(module(x)[:, i].sum(), x)[0] for i in (0, 1)]
    assert torch.equal(*grads)  # 3 counts as 1
    # Descent would take entry 0 up, beyond 1, and entry 3 down: they stay where they are.
    (-module(x)[0].sum() * 0 + module(x)[0].sum() - module(x)[1].sum()).backward()
    assert torch.equal(module.weight.grad, torch.zeros(2, 4, dtype=torch.float64))
    module.weight.grad = None
    (module(x)[1].sum() - module(x)[0].sum()).backward()
    wanted = torch.tensor([[1.0, 0, 0, -1]] * 2, dtype=torch.float64)
    assert torch.equal(module.weight.grad, wanted)


def test_efd_is_a_choice_for_other_tables_too():
    through, efd = (
        layer(parametrization="light", estimator=e) for e in ("straight-through", "efd")
    )
    x, upstream = rows(9, bits=True).requires_grad_(), rows(9, OUT_DIM)
    one = torch.autograd.grad(through(x), (x, through.weight), upstream)
    other = torch.autograd.grad(efd(x), (x, efd.weight), upstream)
    torch.testing.assert_close(one[1], other[1])
    assert not torch.allclose(one[0], other[0])
