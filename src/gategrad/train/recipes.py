"""Measured recipes."""

from functools import partial

from numpy.typing import NDArray

from gategrad.nn import Sequential
from gategrad.train.affine import affine_copies
from gategrad.train.fit import fit
from gategrad.train.network import active_inputs, build_network
from gategrad.train.progress import Choice
from gategrad.train.result import Result

_SHAPE = (1, 28, 28)


def fit_mnist(
    x: NDArray,
    y: NDArray,
    *,
    steps: int = 5_000,
    seed: int = 0,
    progress: Choice = True,
) -> tuple[Sequential, Result]:
    """Train the demo's network on 1-bit MNIST.

    Three layers of 8,000 gates, the first on windows of 5x5 pixels; straight-through; three warped
    copies of each image. 5,000 rows are held back to choose on.

    Args:
        x: (n, 784) bool.
        y: (n,) digits.
        steps: of 128 images.
        seed: of everything.
        progress: see `fit`.

    Returns:
        The network with its best weights, and how the training went.
    """
    net = build_network(
        784, 10, layers="8000x3", image_shape=_SHAPE, active=active_inputs(x), seed=seed
    )
    augment = partial(affine_copies, image_shape=_SHAPE, copies=3, seed=seed)
    result = fit(
        net, x, y, validation=5_000, steps=steps, augment=augment, seed=seed, progress=progress
    )
    return net, result
