"""Fit a block to bits: binary cross entropy, a bit at a time.

Where several trees vote on a bit, the logit is their sum, from minus to plus `_sureness`: as of a
`GroupSum` of kind "multilabel" at tau "auto".
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from gategrad.distill.errors import DistillError
from gategrad.harden import discretize
from gategrad.nn import GroupSum, Sequential, fuse
from gategrad.train.optimizers import make_optimizer, schedule_factor

Bits = NDArray[np.uint8]
# The logit of one tree that is sure: its value goes from minus to plus this.
_SURE = 3.0
_CHECK_EVERY = 50
_ROWS_AT_ONCE = 8192


def fit_bits(
    block: Sequential,
    bits: Bits,
    wanted: Bits,
    *,
    steps: int,
    batch_size: int,
    lr: float,
    seed: int,
    on_step: Callable[[int], None] | None = None,
) -> None:
    """Train `block` in place: from rows of bits (n, inputs) to bits (n, B).

    Its outputs are those of as many trees for each bit, the trees of a bit together.

    Raises:
        DistillError: the loss is no finite number.
    """
    n, batch = len(bits), min(batch_size, len(bits))
    optimizer = make_optimizer("adam", block, lr)
    rates = [group["lr"] for group in optimizer.param_groups]
    factor = schedule_factor("cosine")
    x, y = torch.from_numpy(bits), torch.from_numpy(wanted)
    generator = torch.Generator().manual_seed(seed)
    n_bits, trees = wanted.shape[1], block[-1].out_dim // wanted.shape[1]
    sure = max(_SURE, (2 * trees) ** 0.5)
    head = GroupSum(n_bits, tau=trees / (2 * sure))
    fused, order = fuse(Sequential(*block.train(), head)), torch.empty(0, dtype=torch.long)
    for step in range(steps):
        if len(order) < batch:
            order = torch.randperm(n, generator=generator)
        rows, order = order[:batch], order[batch:]
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * factor(step / steps)
        optimizer.zero_grad()
        logits = fused(x[rows].float()) - sure
        target = y[rows].to(logits.dtype)
        loss = functional.binary_cross_entropy_with_logits(logits, target, reduction="sum") / batch
        loss.backward()
        optimizer.step()
        if step % _CHECK_EVERY == 0 and not torch.isfinite(loss):
            raise DistillError(f"the loss of the bits is no finite number; lower lr (it is {lr:g})")
        if on_step is not None:
            on_step(step + 1)


def bits_after(net: nn.Module, bits: Bits) -> Bits:
    """What the circuit of a network without a head makes of bits (n, inputs)."""
    program = discretize(net, ignore_hooks=True).optimize().program()
    parts = [
        program.sums(bits[first : first + _ROWS_AT_ONCE]).astype(np.uint8)
        for first in range(0, len(bits), _ROWS_AT_ONCE)
    ]
    return np.concatenate(parts)


def votes(bits: Bits, trees: int) -> Bits:
    """Bits (n, B) that more than half of their trees (n, B * trees) say."""
    if trees == 1:
        return bits
    return (bits.reshape(len(bits), -1, trees).sum(2, dtype=np.int32) * 2 > trees).view(np.uint8)
