"""difflogic's two comparisons: packed rows, and compiled code, against the network."""

import tempfile

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from gategrad.engine import pack
from gategrad.experiments.errors import ExperimentError
from gategrad.export import c
from gategrad.export.verify import verify
from gategrad.model import Model

_SECONDS = 600
_ROWS = 1000


@torch.no_grad()
def packed(model: Model, net: nn.Sequential, bits: NDArray[np.bool_]) -> str:
    """A sentence: packed rows give the scores of the network in `.eval()`, for all rows.

    Raises:
        ExperimentError: they don't.
    """
    training = net.training
    net.eval()
    chunks = (bits[i : i + _ROWS] for i in range(0, len(bits), _ROWS))
    expected = torch.cat([net(torch.from_numpy(chunk).float()) for chunk in chunks])
    net.train(training)
    found = torch.from_numpy(model.scores(pack(bits)))
    if not torch.allclose(found, expected, atol=1e-5):
        raise ExperimentError("packed rows and the network in .eval() differ")
    return f"packed rows: the network's scores on {len(bits):,} rows"


def compiled(model: Model, bits: NDArray[np.bool_]) -> str:
    """A sentence: exported C, compiled, gives the circuit's sums and labels for all rows.

    Raises:
        ExperimentError: it doesn't; says where.
        ToolError: there is no C compiler; says how to get one.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = next(p for p in c(model).write(folder) if p.suffix == ".c")
        verdict = verify(model, path, rows=bits, n_random=0, seconds=_SECONDS)
    if not verdict.equal:
        raise ExperimentError(f"exported C and the circuit differ: {verdict.failed[0]}")
    return "; ".join((*verdict.proven, *verdict.tested))
