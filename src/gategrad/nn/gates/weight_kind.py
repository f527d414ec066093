"""What the numbers of a gate's weights are, by name: no one has to guess it from their shape."""

from enum import Enum


class WeightKind(Enum):
    """How executors turn the weights of gates into polynomials or tables.

    The values are the native core's and the Triton kernels' numbers. Shapes are per gate, of a
    gate with k inputs.
    """

    # (16,) logits of the functions by gate id, of which a softmax is taken.
    LOGITS = 0
    # (4,) angles, whose sines are the entries of a table that is interpolated as a polynomial.
    LIGHT = 1
    # (1, 4) coefficients c0, c1, c2, c3; (2, 4) with those of the forward pass after the soft ones.
    COEFFICIENTS = 2
    # (2**k,) entries of a table, those of the forward pass apart.
    ENTRIES = 3
    # (2**k,) angles, whose sines are the entries of a table.
    LIGHT_ENTRIES = 4
    # (slots,) logits of gates that are drawn with their wires.
    SLOTS = 5

    @property
    def of_tables(self) -> bool:
        """Whether gates are truth tables, with any number of inputs, and no polynomials."""
        return self in (WeightKind.ENTRIES, WeightKind.LIGHT_ENTRIES)
