"""The rows of each step; those that a transform makes, while the step before runs."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import torch
from torch import Tensor

from gategrad.train.online import Online
from gategrad.train.plan import Plan
from gategrad.train.rows import Rows, as_input
from gategrad.train.teaching import Teaching

_EPOCHS_A_SEED = 1_000_003


class Batch(NamedTuple):
    """Of b rows: what the network takes, targets, weights, and a teacher's logits (b, k)."""

    x: Tensor
    targets: Tensor
    weights: Tensor | None
    taught: Tensor | None = None


class Batches:
    """Rows by step: each epoch is a new order, without its last, incomplete batch.

    A batch depends on the plan's seed and its step alone, so that a run may go on anywhere, and
    whoever makes it. With a transform, a thread makes that of the next step while this one runs.

    Args:
        rows: to train on.
        plan: with the rows of a step, the steps and the seed.
        online: where the bits of a step come from if not from `rows`.
        teaching: what a teacher says of them.
    """

    def __init__(
        self, rows: Rows, plan: Plan, online: Online | None, teaching: Teaching | None = None
    ) -> None:
        self.rows, self.plan, self.online, self.teaching = rows, plan, online, teaching
        self._order: tuple[int, Tensor] = (-1, torch.empty(0))
        self._pool: ThreadPoolExecutor | None = None
        self._next: tuple[int, Future[Batch]] | None = None

    def take(self, step: int) -> Batch:
        """The batch of a step; raises what the transform raises."""
        if self.online is None:
            return self._make(step)
        ready = self._next is not None and self._next[0] == step
        batch = self._next[1].result() if ready else self._make(step)
        self._next = None
        if step + 1 < self.plan.steps:
            # Each thread has its own number of torch's threads, by which a teacher's last bits go.
            self._pool = self._pool or ThreadPoolExecutor(
                1, "gategrad-batches", torch.set_num_threads, (torch.get_num_threads(),)
            )
            self._next = step + 1, self._pool.submit(self._make, step + 1)
        return batch

    def close(self) -> None:
        """End the thread, if there is one."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        self._pool = self._next = None

    def seed(self, count: int) -> int:
        """Of a step or an epoch."""
        return (self.plan.seed * _EPOCHS_A_SEED + count) % 2**63

    def _make(self, step: int) -> Batch:
        size = self.plan.batch_size
        epoch, place = divmod(step, len(self.rows) // size)
        if self._order[0] != epoch:
            self._order = epoch, self._shuffled(epoch)
        chosen = self._order[1][place * size : (place + 1) * size]
        weights = None if self.rows.weights is None else self.rows.weights[chosen]
        made = None if self.online is None else self.online.rows(chosen, self.seed(step))
        bits = self.rows.bits[chosen] if made is None else self.online.bits(made).to(self._device)
        taught = None
        if self.teaching is not None:
            taught = self.teaching.of(chosen, made).to(self._device)
        return Batch(as_input(bits), self.rows.targets[chosen], weights, taught)

    @property
    def _device(self) -> torch.device:
        return self.rows.bits.device

    def _shuffled(self, epoch: int) -> Tensor:
        generator = torch.Generator().manual_seed(self.seed(epoch))
        return torch.randperm(len(self.rows), generator=generator).to(self._device)
