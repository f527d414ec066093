"""The losses that fit each kind of head."""

from collections.abc import Callable
from functools import partial
from numbers import Real
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from gategrad.train.errors import TrainError

# Scores (b, k) and the targets of `read_targets` for the same rows, to a scalar.
LossFunction = Callable[[Tensor, Tensor], Tensor]
Loss = str | LossFunction


class HeadLoss(Protocol):
    """What `make_loss` gives."""

    def __call__(self, scores: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
        """Of scores (b, k) and their targets to a scalar; a row counts by its weight (b,)."""


LOSSES = {
    "argmax": ("cross-entropy",),
    "binary": ("bce",),
    "multilabel": ("bce",),
    "regression": ("mse", "mae"),
}


def make_loss(kind: str, loss: Loss | None, targets: Tensor, smoothing: float = 0.0) -> HeadLoss:
    """The loss of a head: the first that fits, the one of that name, or the user's own.

    Errors of a regression are taken in standard deviations of the training targets, so that 1 is
    what predicting their mean gives for "mse", and targets of different scale count alike.

    Args:
        kind: of the head.
        loss: a name, a function, or None.
        targets: to train on.
        smoothing: share of the target that is spread over all classes, 0 to 1; of a label or of
            two classes, half of it (arXiv 1512.00567, section 7).

    Raises:
        TrainError: no loss that fits the head, or smoothing of one that has no classes.
    """
    _check_smoothing(kind, loss, smoothing)
    if loss is None:
        loss = LOSSES[kind][0]
    if callable(loss):
        return _Own(loss)
    if loss not in LOSSES[kind]:
        raise TrainError(
            f"loss is {loss!r}; for a head of kind {kind!r} expected {' or '.join(LOSSES[kind])}, "
            "or a function of scores and targets"
        )
    if kind == "argmax":
        return partial(_cross_entropy, smoothing=smoothing)
    if kind == "regression":
        return _Errors(loss, targets)
    return partial(_bce, smoothing=smoothing)


def _check_smoothing(kind: str, loss: Loss | None, smoothing: float) -> None:
    if isinstance(smoothing, bool) or not isinstance(smoothing, Real) or not 0 <= smoothing < 1:
        raise TrainError(f"label_smoothing is {smoothing!r}; expected a number from 0 to below 1")
    if smoothing and (callable(loss) or kind == "regression"):
        whose = "a function of one's own" if callable(loss) else f"a head of kind {kind!r}"
        raise TrainError(
            f"label_smoothing={smoothing!r} is for losses of classes by name, not for {whose}; "
            "leave it out"
        )


def loss_name(kind: str, loss: Loss | None, smoothing: float = 0.0) -> str:
    """What tells one loss from another, in a checkpoint's settings."""
    if not callable(loss):
        name = LOSSES[kind][0] if loss is None else loss
        return f"{name}, smoothing {smoothing:g}" if smoothing else name
    return f"{loss.__module__}.{getattr(loss, '__qualname__', type(loss).__qualname__)}"


class _Own:
    """A function of the user's, which knows no weights."""

    def __init__(self, loss: LossFunction) -> None:
        self.loss = loss

    def __call__(self, scores: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
        if weights is not None:
            raise TrainError(
                "rows have weights, which a loss of one's own doesn't take; name a loss, or leave "
                "out sample_weight and class_weight"
            )
        return self.loss(scores, targets)


class _Errors:
    """Mean squared or absolute errors, in standard deviations of the targets."""

    def __init__(self, name: str, targets: Tensor) -> None:
        deviation = targets.double().std(0, correction=0)
        # A constant target has none; its errors count as they are.
        self.scale = torch.where(deviation > 0, deviation, torch.ones_like(deviation))
        self.of = functional.mse_loss if name == "mse" else functional.l1_loss

    def __call__(self, scores: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
        # Differences in float64: targets far from 0 lose what tells them apart in float32.
        errors = (scores.double() - targets) / self.scale.to(scores.device)
        errors = errors.to(scores.dtype)
        if weights is None:
            return self.of(errors, torch.zeros_like(errors))
        losses = self.of(errors, torch.zeros_like(errors), reduction="none")
        return weighed_mean(losses, weights)


def _cross_entropy(
    scores: Tensor, targets: Tensor, weights: Tensor | None = None, *, smoothing: float
) -> Tensor:
    if weights is None:
        return functional.cross_entropy(scores, targets, label_smoothing=smoothing)
    losses = functional.cross_entropy(scores, targets, reduction="none", label_smoothing=smoothing)
    return weighed_mean(losses, weights)


def _bce(
    scores: Tensor, targets: Tensor, weights: Tensor | None = None, *, smoothing: float
) -> Tensor:
    targets = targets.to(scores.dtype).view_as(scores)
    if smoothing:
        targets = targets * (1 - smoothing) + smoothing / 2
    if weights is None:
        return functional.binary_cross_entropy_with_logits(scores, targets)
    losses = functional.binary_cross_entropy_with_logits(scores, targets, reduction="none")
    return weighed_mean(losses, weights)


def weighed_mean(losses: Tensor, weights: Tensor) -> Tensor:
    """The mean of losses (b,) or (b, k), whose rows' weights are 1 on average over all rows."""
    return (losses.reshape(len(weights), -1).mean(1) * weights.to(losses.dtype)).mean()
