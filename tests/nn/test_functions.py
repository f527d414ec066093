"""Gate ids, truth tables and coefficients."""

import doctest

import pytest
import torch

from gategrad.nn.gates import functions
from gategrad.nn.gates.functions import coefficients_from_tables, id_from_table, table_from_id

# difflogic's order, as Python expressions of two bits.
BY_ID = [
    lambda a, b: 0,
    lambda a, b: a and b,
    lambda a, b: a and not b,
    lambda a, b: a,
    lambda a, b: not a and b,
    lambda a, b: b,
    lambda a, b: a != b,
    lambda a, b: a or b,
    lambda a, b: not (a or b),
    lambda a, b: a == b,
    lambda a, b: not b,
    lambda a, b: a or not b,
    lambda a, b: not a,
    lambda a, b: not a or b,
    lambda a, b: not (a and b),
    lambda a, b: 1,
]


def test_docstring_examples_run():
    result = doctest.testmod(functions)
    assert result.attempted >= 2
    assert result.failed == 0


@pytest.mark.parametrize("gate_id", range(16))
def test_table_bit_i_is_the_output_for_pattern_i(gate_id):
    bits = [int(bool(BY_ID[gate_id](i & 1, i >> 1))) for i in range(4)]
    table = sum(bit << i for i, bit in enumerate(bits))
    assert table_from_id(gate_id) == table
    assert id_from_table(table) == gate_id


def test_ids_convert_as_tensors_too():
    ids = torch.arange(16)
    assert table_from_id(ids).tolist() == [table_from_id(i) for i in range(16)]


def test_coefficients_reproduce_every_table_on_every_pattern():
    tables = torch.arange(16)
    c = coefficients_from_tables(tables, torch.float32)
    for i in range(4):
        a, b = i & 1, i >> 1
        value = c[:, 0] + c[:, 1] * a + c[:, 2] * b + c[:, 3] * a * b
        assert torch.equal(value, (tables >> i & 1).float())


def test_coefficients_first_used_under_autocast_keep_their_dtype():
    functions.coefficients_of_all.cache_clear()
    with torch.autocast("cpu", torch.bfloat16):
        coefficients_from_tables(torch.tensor([6]), torch.float32)
    assert coefficients_from_tables(torch.tensor([6]), torch.float32).dtype == torch.float32


def test_coefficients_first_used_under_inference_mode_can_be_trained_with():
    functions.coefficients_of_all.cache_clear()
    functions._interpolation.cache_clear()
    with torch.inference_mode():
        coefficients_from_tables(torch.tensor([6]), torch.float64)
    entries = torch.rand(3, 4, dtype=torch.float64, requires_grad=True)
    functions.coefficients_from_entries(entries).sum().backward()
    assert entries.grad is not None
