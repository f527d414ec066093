"""Which way a batch of rows takes through a program: asked once a call, before any row is read."""

from enum import Enum


class Route(Enum):
    """A way, and in `reason` what it does and why.

    `program.route(x)` says which one a batch takes; `sums` and `labels` take that one.
    """

    SINGLE_ROWS = "single rows: so few that a block of rows would be mostly empty"
    POSITIONS = "single rows, positions of convolutions side by side; the program says in how many"
    BLOCKS = "blocks of 512 rows or of a few, compared with their thresholds in the core"
    KERNELS = "blocks of 512 rows, convolutions by their kernels; `reason` of the program says why"
    PACKED = "blocks of 512 rows, of bits that are packed already"
    NUMBERS = "numbers: compared in the core with the ends of the encoder's intervals"
    CELLS = "objects, text or columns: read as numbers and places of categories, and compared"
    ENCODER = "the encoder turns rows into bits in numpy, as the core reads no such rows"
    FILTERS = "filters make planes of bytes, which are compared with their levels in the core"
    REFERENCE = "numpy, gate by gate"
    GPU = "kernels on a GPU, all rows at once"

    @property
    def reason(self) -> str:
        """The sentence."""
        return self.value
