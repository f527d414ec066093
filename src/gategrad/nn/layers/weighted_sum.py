"""Scores from outputs by integer weights: the readout of a circuit, as a torch module."""

import torch
from torch import Tensor, nn

from gategrad.circuit import CircuitError, Readout
from gategrad.nn.checks import as_rows, layer_input, positive_count
from gategrad.nn.kept import keep, mend

_COUNTS = ("indptr", "index", "weight", "bias")
_SCORES = ("scale", "offset")


class WeightedSum(nn.Module):
    """Scores `(bias + sum of weight * output) * scale + offset`, all fixed.

    The readout's arrays are kept as buffers of the same names. Sums of 0s and 1s are exact below
    2**24 in float32. float16 and bfloat16 input is summed and returned in float32.

    Args:
        readout: weights, bias, scale, offset and kind.
        n_outputs: width of the input.

    Raises:
        CircuitError: the readout reads an output that does not exist.
    """

    def __init__(self, readout: Readout, n_outputs: int) -> None:
        super().__init__()
        self.kind = readout.kind
        self.n_outputs = positive_count("n_outputs", n_outputs)
        if len(readout.index) and readout.index.max() >= n_outputs:
            raise CircuitError(
                f"the readout reads output {readout.index.max()}, but there are {n_outputs}"
            )
        for name in _COUNTS:
            self.register_buffer(name, torch.tensor(getattr(readout, name).astype("int64")))
        keep(self, *_COUNTS, fewest=1)
        for name in _SCORES:
            self.register_buffer(name, torch.tensor(getattr(readout, name)))

    def forward(self, x: Tensor) -> Tensor:
        """Scores (..., classes) of outputs (..., n_outputs), any leading dimensions."""
        mend(self)
        dtype = torch.promote_types(x.dtype, torch.float32)
        rows = as_rows(layer_input("WeightedSum", x, self.n_outputs, dtype))
        weight, bias, scale, offset = (
            column.to(dtype)[:, None]
            for column in (self.weight, self.bias, self.scale, self.offset)
        )
        sums = rows.new_zeros(len(bias), rows.shape[1])
        sums = sums.index_add(0, self._classes(), rows.index_select(0, self.index) * weight)
        scores = (sums + bias) * scale + offset
        return scores.t().reshape(*x.shape[:-1], len(bias))

    def readout(self) -> Readout:
        """The readout that this module computes."""
        mend(self)
        arrays = {name: getattr(self, name).cpu().numpy() for name in _COUNTS}
        arrays |= {name: getattr(self, name).float().cpu().numpy() for name in _SCORES}
        return Readout(kind=self.kind, **arrays)

    def _classes(self) -> Tensor:
        """The class of each entry."""
        classes = torch.arange(len(self.bias), device=self.indptr.device)
        return classes.repeat_interleave(self.indptr.diff())

    def extra_repr(self) -> str:
        """Sizes and kind, for printing."""
        return f"{self.n_outputs}, {len(self.bias)}, kind={self.kind!r}"
