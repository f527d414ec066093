"""The class scores of a logic network: sums over groups of outputs."""

import math
import numbers

import torch
from torch import Tensor, nn

from gategrad.nn.checks import positive_count


class GroupSum(nn.Module):
    """Sum contiguous groups of outputs, divided by a temperature.

    Class c is the sum of outputs c n / k to (c + 1) n / k - 1, as in Petersen et al. 2022
    (arXiv 2210.08277, section 3.3). float16 and bfloat16 input is summed and returned in float32,
    which holds every count exactly.

    Args:
        k: number of groups (classes).
        tau: temperature; larger is softer. It scales as the root of the outputs a class.

    Raises:
        ValueError: k is no positive integer, or tau no finite number above 0.
    """

    def __init__(self, k: int, tau: float = 1.0) -> None:
        super().__init__()
        self.k = positive_count("k", k)
        if not isinstance(tau, numbers.Real) or not 0.0 < tau < math.inf:
            raise ValueError(f"tau must be a finite number above 0, got {tau!r}")
        self.tau = float(tau)

    def forward(self, x: Tensor) -> Tensor:
        """Scores (..., k) of outputs (..., n); k must divide n."""
        if x.ndim == 0 or x.shape[-1] % self.k or x.shape[-1] == 0:
            raise ValueError(
                f"GroupSum({self.k}) got input of shape {tuple(x.shape)}, which does not split "
                f"into {self.k} equal groups; give the last layer a multiple of {self.k} outputs"
            )
        dtype = torch.promote_types(x.dtype, torch.float32)
        # Grouping the features-major view keeps each sum's terms in contiguous rows.
        groups = x.movedim(-1, 0).unflatten(0, (self.k, -1))
        # The product, not the quotient: a circuit's readout stores 1 / tau in float32.
        return groups.sum(1, dtype=dtype).movedim(0, -1) * (1.0 / self.tau)

    def extra_repr(self) -> str:
        """The arguments, for printing."""
        return f"k={self.k}, tau={self.tau:g}"
