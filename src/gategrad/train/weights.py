"""What each row counts: weights of one's own, and weights of classes."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from gategrad.train.errors import TrainError
from gategrad.train.targets import as_numpy

ClassWeight = str | Sequence[float] | Mapping[int, float] | None
BALANCED = "balanced"
_CLASSIFIERS = ("argmax", "binary")


def row_weights(
    kind: str,
    targets: Tensor,
    n_classes: int,
    sample_weight: ArrayLike | Tensor | None,
    class_weight: ClassWeight,
) -> Tensor | None:
    """The weight (n,) float32 of each row; None where all count the same.

    Args:
        kind: of the head.
        targets: of the rows.
        n_classes: of a classifier.
        sample_weight: (n,) numbers of at least 0, or None.
        class_weight: "balanced", by which all classes with rows weigh the same together; or a
            weight for each class, in order, or by index, where others count 1.

    Raises:
        TrainError: weights of another shape or value, weights of classes without classes, or no
            row that counts.
    """
    if sample_weight is None and class_weight is None:
        return None
    n = len(targets)
    weights = np.ones(n) if sample_weight is None else _of_rows(sample_weight, n)
    if class_weight is not None:
        if kind not in _CLASSIFIERS:
            raise TrainError(f"class_weight is for classes, and the network's head is for {kind}")
        y = targets.numpy()
        weights = weights * _of_classes(class_weight, y, weights, n_classes)[y]
    if not weights.sum() > 0:
        raise TrainError("all rows have weight 0; expected one at least that counts")
    return torch.from_numpy(weights.astype(np.float32))


def _of_rows(given: ArrayLike | Tensor, n: int) -> NDArray[np.float64]:
    weights = as_numpy(given)
    if weights.shape != (n,) or weights.dtype.kind not in "biuf":
        raise TrainError(
            f"sample_weight has shape {weights.shape} and dtype {weights.dtype}; expected ({n},) "
            "numbers, one for each row of x"
        )
    bad = ~(np.isfinite(weights) & (weights >= 0))
    if bad.any():
        row = int(np.argmax(bad))
        raise TrainError(
            f"sample_weight[{row}] is {weights[row]}; expected finite numbers of at least 0"
        )
    return weights.astype(np.float64)


def _of_classes(
    given: ClassWeight, y: NDArray, weights: NDArray, n_classes: int
) -> NDArray[np.float64]:
    if isinstance(given, str):
        if given != BALANCED:
            raise TrainError(
                f"class_weight is {given!r}; expected {BALANCED!r}, or a number for each class"
            )
        counts = np.bincount(y, weights, n_classes)
        there = counts > 0
        return np.where(there, counts.sum() / (there.sum() * np.where(there, counts, 1)), 0.0)
    weights = np.ones(n_classes)
    if isinstance(given, Mapping):
        wrong = [c for c in given if c not in range(n_classes)]
        if wrong:
            raise TrainError(
                f"class_weight has a weight for {wrong[0]!r}; expected classes 0 to {n_classes - 1}"
            )
        for place, weight in given.items():
            weights[place] = weight
    else:
        if len(given) != n_classes:
            raise TrainError(
                f"class_weight has {len(given)} numbers; expected {n_classes}, one for each class"
            )
        weights[:] = given
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise TrainError(f"class_weight is {given!r}; expected finite numbers of at least 0")
    return weights
