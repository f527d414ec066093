"""Train a small MLP that becomes sparse and quantized on the way."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch.nn import functional

from gategrad.distill.errors import DistillError, check_whole
from gategrad.distill.quantized import Sizes, SparseQuantized
from gategrad.encoding import Encoder
from gategrad.engine import check_rows, check_values
from gategrad.train.optimizers import make_optimizer, schedule_factor
from gategrad.train.splitting import held_rows
from gategrad.train.targets import class_indices

# Shares of the steps between which neurons lose inputs.
_FIRST, _LAST = 0.2, 0.6
_LOOKS = 20


@dataclass(frozen=True, eq=False)
class SparseMlp:
    """A trained network.

    Attributes:
        net: in `.eval()`, of bits.
        accuracy: of it, on the rows held back.
        encoder: that it was trained with.
    """

    net: SparseQuantized
    accuracy: float
    encoder: Encoder | None


def sparse_mlp(
    x: ArrayLike,
    y: ArrayLike,
    *,
    classes: int | None = None,
    encoder: Encoder | None = None,
    sizes: Sizes | None = None,
    steps: int = 2_000,
    batch_size: int = 256,
    lr: float = 0.01,
    validation: int | float = 0.1,
    seed: int = 0,
    on_look: Callable[[int, float], None] | None = None,
) -> SparseMlp:
    """Train an MLP whose neurons read few small numbers in the end; `exact` makes it a circuit.

    It begins with all inputs, quantized from the start. Then each neuron keeps its largest weights
    alone, fewer and fewer, until as many are left as it may read; the rest of the steps train
    those. Of the looks after that the best one on rows held back counts.

    Args:
        x: (n, features): bits, or what the encoder takes.
        y: (n,) class indices.
        classes: one more than the largest class where None.
        encoder: to bits.
        sizes: of the network.
        steps: to train.
        batch_size: rows a step.
        lr: learning rate of Adam, which falls to 1 % by a cosine.
        validation: rows held back, a number or a share.
        seed: of weights and rows.
        on_look: called with a step and the accuracy on the rows held back.

    Raises:
        DistillError: sizes of neurons that would read more than 16 bits, or steps, a batch_size or
            a shape of rows that is none.
        TrainError, InputError, EncodingError: rows or labels that can't be trained on.
    """
    check_whole("steps", steps)
    check_whole("batch_size", batch_size)
    bits, y = bits_of_rows(x, encoder), np.asarray(y)
    n_classes = _classes(y) if classes is None else classes
    target = class_indices(y, len(bits), n_classes)
    held = held_rows(target, validation, seed)
    net = SparseQuantized(bits.shape[1], n_classes, sizes or Sizes(), seed=seed)
    optimizer, factor = make_optimizer("adam", net, lr), schedule_factor("cosine")
    rows, labels = torch.from_numpy(bits[~held]), torch.from_numpy(target[~held])
    judge, judged = torch.from_numpy(bits[held]), torch.from_numpy(target[held])
    generator = torch.Generator().manual_seed(seed)
    batch, order = min(batch_size, len(rows)), torch.empty(0, dtype=torch.long)
    every, best, weights = max(1, steps // _LOOKS), -1.0, None
    for step in range(1, steps + 1):
        if len(order) < batch:
            order = torch.randperm(len(rows), generator=generator)
        some, order = order[:batch], order[batch:]
        for group in optimizer.param_groups:
            group["lr"] = lr * factor(step / steps)
        optimizer.zero_grad()
        loss = functional.cross_entropy(net.train()(rows[some]), labels[some])
        loss.backward()
        optimizer.step()
        share = min(1.0, max(0.0, (step / steps - _FIRST) / (_LAST - _FIRST)))
        if share and (step % every == 0 or share == 1.0) and not _is_sparse(net):
            net.keep(share)
        if step % every == 0 or step == steps:
            if not torch.isfinite(loss):
                raise DistillError(f"the loss is no finite number; lower lr (it is {lr:g})")
            accuracy = _accuracy(net, judge, judged)
            if on_look is not None:
                on_look(step, accuracy)
            if accuracy >= best and _is_sparse(net):
                best, weights = accuracy, {k: v.clone() for k, v in net.state_dict().items()}
    if weights is None:
        net.keep(1.0)
        best = _accuracy(net, judge, judged)
    else:
        net.load_state_dict(weights)
    return SparseMlp(net.eval(), best, encoder)


def bits_of_rows(x: ArrayLike, encoder: Encoder | None) -> NDArray[np.uint8]:
    """Rows as bits (n, n_in): encoded, or checked."""
    if encoder is not None:
        return np.ascontiguousarray(encoder.encode(x)).view(np.uint8)
    rows = np.asarray(x)
    if rows.ndim != 2:
        raise DistillError(
            f"x has shape {rows.shape}; expected (rows, bits): one row is x.reshape(1, -1)"
        )
    rows = check_rows(rows, n_features=rows.shape[1], bits=True)
    check_values(rows, bits=True)
    return np.ascontiguousarray(rows.astype(np.uint8))


def _classes(y: NDArray) -> int:
    """One more than the largest; `class_indices` refuses what has none."""
    return max(1, int(y.max()) + 1) if y.size and y.dtype.kind in "biu" else 1


def _is_sparse(net: SparseQuantized) -> bool:
    return all(int(layer.mask.sum(1).max()) <= layer.fan_in for layer in net.layers)


def _accuracy(net: SparseQuantized, bits: torch.Tensor, labels: torch.Tensor) -> float:
    with torch.no_grad():
        return float((net.eval()(bits).argmax(1) == labels).double().mean())
