"""What a head is trained on: targets of every kind, read and checked."""

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from gategrad.train.errors import TrainError


def as_numpy(x: ArrayLike | Tensor) -> NDArray:
    """Arrays as they are, tensors of any device as arrays."""
    return x.detach().cpu().numpy() if isinstance(x, Tensor) else np.asarray(x)


def read_targets(kind: str, y: ArrayLike | Tensor, n: int, k: int) -> Tensor:
    """The targets of n rows for a head of `kind` with k scores.

    Returns:
        argmax and binary: (n,) int64 classes; multilabel: (n, k) int64 of 0 and 1; regression:
        (n, k) float64.

    Raises:
        TrainError: another shape or dtype, or a value that is no such target.
    """
    if kind == "argmax":
        return torch.from_numpy(class_indices(y, n, k))
    if kind == "binary":
        return torch.from_numpy(class_indices(y, n, 2))
    return torch.from_numpy(_labels(y, n, k) if kind == "multilabel" else _numbers(y, n, k))


def strata(targets: Tensor) -> NDArray[np.int64]:
    """The groups (n,) of rows to hold back in proportion: classes, or all rows in one."""
    one = targets.ndim == 1 and not targets.is_floating_point()
    return targets.numpy() if one else np.zeros(len(targets), np.int64)


def class_indices(y: ArrayLike | Tensor, n: int, n_classes: int) -> NDArray[np.int64]:
    """`y` as (n,) int64 class indices.

    Raises:
        TrainError: another shape or dtype, or a label outside 0 to n_classes - 1.
    """
    y = as_numpy(y)
    if y.shape != (n,):
        raise TrainError(f"y has shape {y.shape}; expected ({n},), one label for each row of x")
    if y.dtype.kind not in "biu":
        raise TrainError(
            f"y has dtype {y.dtype}; expected integers, class indices: "
            "names, classes = np.unique(y, return_inverse=True) makes them; for numbers to "
            'predict end the network in nn.GroupSum(..., kind="regression")'
        )
    bad = (y < 0) | (y >= n_classes)
    if bad.any():
        row = int(np.argmax(bad))
        raise TrainError(
            f"y[{row}] is {y[row]}, but the network has {n_classes} classes; expected class "
            f"indices 0 to {n_classes - 1}"
        )
    return y.astype(np.int64)


def _labels(y: ArrayLike | Tensor, n: int, k: int) -> NDArray[np.int64]:
    y = as_numpy(y)
    if y.shape != (n, k):
        raise TrainError(
            f"y has shape {y.shape}; expected ({n}, {k}), 0 or 1 for each row of x and each of the "
            f"network's {k} labels"
        )
    if y.dtype.kind not in "biuf":
        raise TrainError(f"y has dtype {y.dtype}; expected 0 and 1 for each label")
    bad = (y != 0) & (y != 1)
    if bad.any():
        row, label = (int(i) for i in np.argwhere(bad)[0])
        raise TrainError(f"y[{row}, {label}] is {y[row, label]}; expected 0 or 1 for each label")
    return y.astype(np.int64)


def _numbers(y: ArrayLike | Tensor, n: int, k: int) -> NDArray[np.float64]:
    y = as_numpy(y)
    if y.shape == (n,) and k == 1:
        y = y[:, None]
    if y.shape != (n, k):
        shapes = f"({n}, {k})" + (f" or ({n},)" if k == 1 else "")
        raise TrainError(
            f"y has shape {y.shape}; expected {shapes}, a number for each row of x and each of the "
            f"network's {k} outputs"
        )
    if y.dtype.kind not in "biuf":
        raise TrainError(f"y has dtype {y.dtype}; expected numbers to predict")
    y = y.astype(np.float64)
    if not np.isfinite(y).all():
        row, output = (int(i) for i in np.argwhere(~np.isfinite(y))[0])
        raise TrainError(f"y[{row}, {output}] is {y[row, output]}; expected finite numbers")
    return y
