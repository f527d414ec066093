"""Awkward rows to grow small forests on, and rows by which splits can be told apart."""

import numpy as np
from numpy.typing import NDArray

from gategrad.trees import Forest

N_FEATURES = 6
TINY = float(np.float32(1e-35))


def training_rows(seed: int = 0, *, missing: bool = True) -> tuple[NDArray, NDArray]:
    """Rows (n, 6) float32 and classes 0 to 2: halves, categories, zeros, denormals, gaps."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(400, N_FEATURES)).astype(np.float32)
    x[:, 0] = np.round(2 * x[:, 0]) / 2
    x[:, 1] = rng.integers(0, 9, 400)
    x[:, 2] = rng.choice([0, -0.0, 1e-40, -1e-40, TINY, -TINY, 2e-35, 1], 400)
    x[:, 3] = rng.choice([-1e30, -1, 0, 0, 0, 3], 400)
    if missing:
        x[rng.random(x.shape) < 0.1] = np.nan
    known = np.nan_to_num(x)
    sign = known[:, 0] + (known[:, 1] % 3 == 1) + known[:, 4] * known[:, 5] + np.sign(known[:, 3])
    return x, (sign > 0).astype(int) + (sign > 1.2) + 0 * known[:, 2].astype(int)


def asking_rows(forest: Forest, dtype: type, *, special: bool = True) -> NDArray:
    """Rows with values on, just below and above every cut, infinities, zeros, and NaN.

    Args:
        forest: whose cuts are taken.
        dtype: of the rows, float32 or float64.
        special: whether infinities and NaN are among them.
    """
    rng = np.random.default_rng(1)
    columns = []
    for feature in range(forest.n_features):
        cuts = forest.encoder.least[forest.encoder.feature == feature]
        near = cuts[np.isfinite(cuts)].astype(dtype)
        odd = np.array([0, -0.0, 1e-40, -1e-40, TINY, -TINY, 1e-36, 0.5, -0.5, 7.9, 99], dtype)
        values = [near, np.nextafter(near, dtype(-9e9)), np.nextafter(near, dtype(9e9)), odd]
        if special:
            values.append(np.array([np.nan, np.inf, -np.inf, -1.0, 3e9], dtype))
        columns.append(rng.choice(np.concatenate(values), 700))
    return np.stack(columns, axis=1)


def same_leaves(ours: NDArray, theirs: NDArray) -> bool:
    """Whether two ways to number leaves (n, T) say that the same rows meet in each tree."""
    theirs = np.asarray(theirs).reshape(ours.shape)
    for a, b in zip(ours.T, theirs.T, strict=True):
        pairs = np.unique(np.stack([a, b]), axis=1)
        if len(np.unique(pairs[0])) != pairs.shape[1] or len(np.unique(pairs[1])) != pairs.shape[1]:
            return False
    return True
