"""What others have published for MNIST: accuracy, and LUTs of six inputs with everything in."""

from typing import NamedTuple


class Published(NamedTuple):
    """A network of others on a Xilinx chip; LUT6 include its encoder, sums and decision.

    Attributes:
        name: of the method.
        accuracy: on MNIST's test images.
        luts: of six inputs.
    """

    name: str
    accuracy: float
    luts: int


FIELD = (
    Published("DWN", 0.9776, 3_464),
    Published("DWN", 0.9826, 6_294),
    Published("TreeLUT", 0.97, 4_478),
    Published("PolyLUT-Add", 0.96, 14_810),
    Published("FINN", 0.96, 91_131),
)
"""Published for MNIST.

Bacellar et al. 2024 (DWN, counted with its encoder), Khataei and Bazargan 2025 (TreeLUT), Lou et
al. 2024 (PolyLUT-Add), Umuroglu et al. 2017 (FINN).
"""
