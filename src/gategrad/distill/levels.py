"""Levels that learn: bits that keep what the rest of the teacher needs."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from gategrad.distill.coding import Coding
from gategrad.distill.cuts import Part
from gategrad.encoding import Thermometer

Floats = NDArray[np.float32]
_BATCH = 128
# The share of a number's deviation over which a level is felt, backward.
_WIDTH = 0.5
_RATE = 0.01


def learned_levels(
    coding: Coding,
    numbers: Floats,
    said: Floats,
    rest: Sequence[Part],
    *,
    steps: int,
    seed: int,
) -> Coding:
    """A coding whose levels, and what steps stand for, have learned.

    Forward, numbers become bits and the means of their steps, and the teacher goes on from there;
    the loss is the divergence of what it says from what it said. Backward, a bit is a sigmoid
    around its level, the straight-through way.

    Args:
        coding: to begin with.
        numbers: (n, F), at the cut.
        said: (n, classes), the teacher's scores of these rows.
        rest: the teacher's parts behind the cut, which stay as they are.
        steps: of Adam, 128 rows each.
        seed: of the order of rows.
    """
    spread = torch.from_numpy(np.maximum(coding.deviations, 1e-6))
    levels = nn.Parameter(torch.from_numpy(coding.thermometer.levels.astype(np.float32)) / spread)
    means = nn.Parameter(torch.from_numpy(coding.means) / spread)
    optimizer = torch.optim.Adam([levels, means], _RATE)
    generator = torch.Generator().manual_seed(seed)
    wanted = functional.log_softmax(torch.from_numpy(said), 1)
    for _ in range(steps):
        rows = torch.randint(len(numbers), (_BATCH,), generator=generator)
        x = torch.from_numpy(numbers[rows.numpy()]) / spread
        scores = _continued(rest, _through_bits(x, levels, means) * spread)
        found = functional.log_softmax(scores, 1)
        loss = functional.kl_div(found, wanted[rows], reduction="batchmean", log_target=True)
        # The teacher's own weights get no gradient.
        levels.grad, means.grad = torch.autograd.grad(loss, [levels, means])
        optimizer.step()
    with torch.no_grad():
        learned = (levels.sort(0).values * spread).numpy()
        stand_for = (means * spread).numpy()
    return Coding(Thermometer(learned), stand_for, coding.deviations)


def _through_bits(x: Tensor, levels: Tensor, means: Tensor) -> Tensor:
    """Numbers (b, F) as the means of their steps."""
    felt = torch.sigmoid((x[:, None] - levels) / _WIDTH)
    bits = (x[:, None] > levels).float()
    bits = bits + felt - felt.detach()
    return means[0] + (bits * means.diff(dim=0)).sum(1)


def _continued(rest: Sequence[Part], x: Tensor) -> Tensor:
    for part in rest:
        x = part.modules(x.view(-1, *part.shape)).flatten(1)
    return x
