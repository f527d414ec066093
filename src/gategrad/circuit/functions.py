"""The functions of two signals: the one table of their names, tables, ids and formulas."""

from typing import NamedTuple


class Function(NamedTuple):
    """One of the 16 functions of two signals a and b, of which a is the first operand.

    Attributes:
        name: as `nn.LogicDense(gates=...)` takes it and `gategrad inspect` prints it.
        formula: the same as text that C, Verilog and numpy read on single bits, with `~` for not;
            "0" and "1" for the constants.
        gate_id: difflogic's number, `8*f(0,0) + 4*f(0,1) + 2*f(1,0) + f(1,1)`.
    """

    name: str
    formula: str
    gate_id: int

    @property
    def table(self) -> int:
        """The truth table: bit i is f(a, b) for i = a + 2b."""
        return table_of_id(self.gate_id)


def table_of_id(gate_id: int) -> int:
    """The truth table of difflogic's number of a function, which has the bits the other way round.

    Examples:
        >>> table_of_id(3), table_of_id(5), table_of_id(1)
        (10, 12, 8)
    """
    return gate_id >> 3 & 1 | (gate_id >> 1 & 1) << 1 | (gate_id >> 2 & 1) << 2 | (gate_id & 1) << 3


_BY_ID = (
    ("false", "0"),
    ("and", "a & b"),
    ("a-and-not-b", "a & ~b"),
    ("a", "a"),
    ("b-and-not-a", "~a & b"),
    ("b", "b"),
    ("xor", "a ^ b"),
    ("or", "a | b"),
    ("nor", "~(a | b)"),
    ("xnor", "~(a ^ b)"),
    ("not-b", "~b"),
    ("a-or-not-b", "a | ~b"),
    ("not-a", "~a"),
    ("b-or-not-a", "~a | b"),
    ("nand", "~(a & b)"),
    ("true", "1"),
)
BY_ID = tuple(Function(name, formula, i) for i, (name, formula) in enumerate(_BY_ID))
"""The 16 functions of two inputs, in the order of difflogic's gate ids."""
FUNCTIONS = tuple(sorted(BY_ID, key=lambda function: function.table))
"""The same in the order of their truth tables: `FUNCTIONS[table]`."""
