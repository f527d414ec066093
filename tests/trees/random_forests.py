"""Random forests, awkward rows to grow others on, and rows by which splits can be told apart."""

import numpy as np
from numpy.typing import NDArray

from gategrad.trees import Forest
from gategrad.trees.assemble import Tree, join
from gategrad.trees.forest import LEAF

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


def random_forest(seed: int, *, n_sums: int = 1, vector: bool = False) -> Forest:
    """Trees of random shape, splits with up to four cuts, some of them at minus infinity."""
    rng = np.random.default_rng(seed)
    found = [_random_tree(rng, n_sums if vector else 1) for _ in range(7)]
    nodes = join(found)
    return Forest(
        n_features=4,
        names=None,
        roots=nodes.roots,
        feature=nodes.feature,
        first_cut=nodes.first_cut,
        cuts=nodes.cuts,
        child=nodes.child,
        value=nodes.value,
        target=None if vector else np.arange(7) % n_sums,
        base=rng.normal(size=n_sums),
        kind="argmax" if n_sums > 1 else "binary",
        link="softmax",
    )


def _random_tree(rng: np.random.Generator, n_values: int) -> Tree:
    n = int(rng.integers(0, 20))
    feature = np.concatenate([rng.integers(0, 4, n), np.full(n + 1, LEAF)])
    open_ends, left, right = [0], np.zeros(2 * n + 1, int), np.zeros(2 * n + 1, int)
    # Ends of the tree so far become splits in any order; the last ones are leaves.
    places = iter(range(1, 2 * n + 1))
    sides = []
    for i in range(n):
        taken = open_ends.pop(int(rng.integers(len(open_ends)))) if i else open_ends.pop()
        children = (next(places), next(places))
        sides.append((taken, children))
        open_ends += children
    inner = [taken for taken, _ in sides]
    number = {node: i for i, node in enumerate(inner)}
    number |= {node: n + i for i, node in enumerate(open_ends)}
    for taken, (a, b) in sides:
        left[number[taken]], right[number[taken]] = number[a], number[b]
    least = rng.integers(-3, 4, 2 * n + 1) / 2.0
    least[rng.random(2 * n + 1) < 0.1] = np.inf
    sets = {int(i): np.unique(rng.integers(-3, 4, 4) / 2.0) for i in range(n) if rng.random() < 0.3}
    value = rng.normal(size=(2 * n + 1, n_values)) * (feature == LEAF)[:, None]
    return Tree(feature, least, rng.random(2 * n + 1) < 0.5, left, right, value, sets)
