"""The 16 functions of two inputs: gate ids, truth tables and polynomial coefficients.

Bit i of a truth table is the output for the pattern whose binary reading is i, the first operand
a being the least significant bit: the entries are f(0,0), f(1,0), f(0,1), f(1,1) for f(a, b).
"""

from typing import TypeVar

import torch
from torch import Tensor

from gategrad.nn.constants import constant

Ids = TypeVar("Ids", int, Tensor)

N_FUNCTIONS = 16
TABLE_A = 0xA


def table_from_id(gate_id: Ids) -> Ids:
    """Truth table (0..15) of difflogic's gate id (0..15), for integers or integer tensors.

    The id reads 8 f(0,0) + 4 f(0,1) + 2 f(1,0) + f(1,1): the table's bits in reverse order. The
    map is therefore its own inverse, see `id_from_table`.

    Examples:
        >>> [f"{table_from_id(i):X}" for i in (0, 1, 3, 5, 6, 7, 15)]  # false and a b xor or true
        ['0', '8', 'A', 'C', '6', 'E', 'F']
        >>> all(id_from_table(table_from_id(i)) == i for i in range(16))
        True
    """
    return gate_id >> 3 & 1 | (gate_id >> 1 & 1) << 1 | (gate_id >> 2 & 1) << 2 | (gate_id & 1) << 3


def id_from_table(table: Ids) -> Ids:
    """Gate id (0..15) of a truth table (0..15); inverse of `table_from_id`."""
    return table_from_id(table)


def entries_from_tables(tables: Tensor, dtype: torch.dtype, n_entries: int = 4) -> Tensor:
    """The bits of truth tables: integers (..., n) to 0.0 and 1.0 of shape (..., n, n_entries)."""
    positions = torch.arange(n_entries, device=tables.device)
    return (tables[..., None] >> positions & 1).to(dtype)


def coefficients_from_entries(entries: Tensor) -> Tensor:
    """Coefficients (n, 4) of `c0 + c1 a + c2 b + c3 a b` from table entries (n, 4).

    The polynomial is the multilinear interpolation of the entries w00, w10, w01, w11: c0 = w00,
    c1 = w10 - w00, c2 = w01 - w00, c3 = w11 - w10 - w01 + w00. Entries need not be 0 or 1.
    """
    return entries @ _interpolation(entries.device, entries.dtype)


def coefficients_from_tables(tables: Tensor, dtype: torch.dtype) -> Tensor:
    """Coefficients (n, 4), whole numbers from -2 to 2, of truth tables (n,)."""
    return coefficients_of_all(tables.device, dtype)[tables]


@constant
def coefficients_of_all(device: torch.device, dtype: torch.dtype) -> Tensor:
    """Coefficients (16, 4) of every function, in the order of its truth table. Do not modify."""
    tables = torch.arange(N_FUNCTIONS, device=device)
    # Autocast may have changed the product's dtype.
    return coefficients_from_entries(entries_from_tables(tables, dtype)).to(dtype)


@constant
def _interpolation(device: torch.device, dtype: torch.dtype) -> Tensor:
    rows = [[1, -1, -1, 1], [0, 1, 0, -1], [0, 0, 1, -1], [0, 0, 0, 1]]
    return torch.tensor(rows, device=device, dtype=dtype)
