"""What a head is trained on: targets of every kind, read and checked."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from gategrad.train.errors import TrainError

# Of a standard deviation: what rounding to float32 may cost, a ten-thousandth of R2 at most.
_COARSEST = 0.03
_SMALLEST_RANGE = 1e-30


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


def check_range(y: NDArray, names: Sequence[str] = (), *, constant: bool = False) -> None:
    """Refuse numbers (n, k) that scores, which are float32, can't tell apart.

    Args:
        y: targets to train on.
        names: of the columns, for the message.
        constant: whether columns of one value are taken.

    Raises:
        TrainError: a column of one value, or one whose values lie closer together than numbers of
            their size do in float32, or beyond its range; says what to do.
    """
    for column, values in enumerate(np.asarray(y, np.float64).T):
        name = f"{names[column]!r}" if names else f"y[:, {column}]"
        low, high = float(values.min()), float(values.max())
        if low == high:
            if not constant:
                raise TrainError(
                    f"target {name} is {low:g} in all {len(values)} rows to train on; there is "
                    "nothing to learn: leave it out, or take another target"
                )
        elif not _fits(values, low, high):
            raise TrainError(
                f"target {name} goes from {low!r} to {high!r}, and predictions, which are float32, "
                f"lie {_float32_gap(low, high):.3g} apart there; {_remedy(low, high)}"
            )


def _fits(values: NDArray[np.float64], low: float, high: float) -> bool:
    with np.errstate(over="ignore"):
        whole = np.isfinite(np.float32(high - low)) and high - low > _SMALLEST_RANGE
    return whole and _float32_gap(low, high) <= _COARSEST * values.std()


def _float32_gap(low: float, high: float) -> float:
    with np.errstate(over="ignore"):
        size = np.float32(max(abs(low), abs(high)))
    return float(np.spacing(size)) if np.isfinite(size) else np.inf


def _remedy(low: float, high: float) -> str:
    if high - low <= _SMALLEST_RANGE or not high - low < float(np.finfo(np.float32).max):
        return "divide it by its standard deviation first, and multiply the predictions by that"
    return f"subtract {low!r} from it first, and add that to the predictions"


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
