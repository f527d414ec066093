"""Follow a recipe: its network, and its training run."""

from collections.abc import Callable, Sequence
from functools import partial
from os import PathLike

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.encoding import Encoder
from gategrad.nn import Sequential
from gategrad.train.affine import affine_copies
from gategrad.train.errors import TrainError
from gategrad.train.fit import fit
from gategrad.train.network import active_inputs, build_network
from gategrad.train.progress import Choice
from gategrad.train.recipe import ONLINE, Recipe
from gategrad.train.result import Result
from gategrad.train.rows import Augment, Validation

_ROWS_TO_JUDGE = 5000
_WINDOWED = ("local", "structured", "learned")


def fit_recipe(
    recipe: Recipe,
    x: ArrayLike,
    y: ArrayLike,
    *,
    classes: int | None = None,
    kind: str = "argmax",
    image_shape: Sequence[int] | None = None,
    encoder: Encoder | None = None,
    validation: Validation = 0.1,
    seed: int = 0,
    checkpoint: str | PathLike | None = None,
    resume: bool = False,
    threads: int | None = None,
    progress: Choice = True,
) -> tuple[Sequential, Result]:
    """Build and train the network of a recipe.

    Args:
        recipe: such as `preset("fast", "mnist-1bit")`.
        x: (n, features) rows: raw features if there is an encoder, else bits.
        y: (n,) class indices, or the targets of another kind, see `fit`.
        classes: number of classes, labels or values; None: one more than the largest class, or the
            columns of y.
        kind: of the head: "argmax", "binary", "multilabel" or "regression".
        image_shape: (channels, height, width) where rows are flattened images.
        encoder: fitted.
        validation: and all below: see `fit`.
        seed: of wiring, weights, order and warps.
        checkpoint: file.
        resume: continue the run in it.
        threads: to train with.
        progress: what to show.

    Returns:
        The network with its best weights, and how the training went.

    Raises:
        TrainError: options that don't go together, or what `fit` raises.
    """
    x = np.asarray(x)
    classes = _n_scores(kind, y) if classes is None else classes
    net = recipe_network(
        recipe,
        x,
        classes=classes,
        kind=kind,
        targets=y if kind == "regression" else None,
        image_shape=image_shape,
        encoder=encoder,
        seed=seed,
    )
    images = _images(recipe, image_shape)
    result = fit(
        net,
        x,
        y,
        encoder=encoder,
        validation=validation,
        optimizer=recipe.optimizer,
        lr=recipe.lr,
        wiring_lr=recipe.wiring_lr,
        schedule=recipe.schedule,
        batch_size=recipe.batch_size,
        steps=recipe.steps,
        epochs=recipe.epochs,
        patience=recipe.patience,
        anneal=recipe.anneal,
        freeze=recipe.freeze,
        gate_penalty=recipe.gate_penalty,
        augment=_copies(recipe, images, seed),
        transform=recipe.warp(images) if recipe.augment == ONLINE else None,
        checkpoint=checkpoint,
        resume=resume,
        seed=seed,
        threads=threads,
        progress=progress,
    )
    return net, result


def recipe_network(
    recipe: Recipe,
    x: NDArray,
    *,
    classes: int,
    kind: str = "argmax",
    targets: ArrayLike | None = None,
    image_shape: Sequence[int] | None = None,
    encoder: Encoder | None = None,
    seed: int = 0,
) -> Sequential:
    """The network of a recipe, untrained; the arguments are those of `fit_recipe`.

    Raises:
        TrainError: options that no network can be built with.
    """
    n_features = x.shape[1]
    n_inputs = n_features if encoder is None else encoder.n_inputs
    connections = recipe.connections or ("random" if image_shape is None else "local")
    if connections in ("local", "structured") and image_shape is None:
        raise TrainError(f"connections {connections!r} are for images; give image_shape")
    # "all" of the wires is more than a window has.
    windows = connections in _WINDOWED and image_shape is not None and recipe.candidates != "all"
    try:
        return build_network(
            n_inputs,
            classes,
            layers=recipe.layers or default_layers(classes, image_shape),
            inputs=recipe.inputs,
            parametrization=recipe.parametrization,
            connections="random" if connections == "local" else connections,
            thresholds=n_inputs // n_features if connections == "structured" else None,
            candidates=recipe.candidates,
            wire_estimator=recipe.wire_estimator,
            init=recipe.init,
            estimator=recipe.estimator,
            temperature=recipe.temperature,
            gates=recipe.gates,
            tau=None if kind == "regression" else recipe.tau,
            kind=kind,
            bias=recipe.bias,
            targets=targets,
            image_shape=_planes(image_shape, n_inputs // n_features) if windows else None,
            active=_active(x, encoder) if windows else None,
            radius=recipe.radius if windows else None,
            seed=seed,
        )
    except ValueError as error:
        raise TrainError(str(error)) from error


def _n_scores(kind: str, y: ArrayLike) -> int:
    if kind == "argmax":
        return int(np.max(y)) + 1
    return 1 if np.ndim(y) == 1 else np.shape(y)[1]


def default_layers(classes: int, image_shape: Sequence[int] | None) -> str:
    """Widths for the kind of data, the last one such that the classes divide it."""
    *widths, last = (2000, 2000) if image_shape is None else (8000, 8000, 8000)
    return ",".join(map(str, (*widths, -(-last // classes) * classes)))


def _planes(image_shape: Sequence[int], bits: int) -> tuple[int, int, int]:
    """The shape of encoded images, `bits` a number."""
    channels, height, width = (1, *image_shape)[-3:]
    return channels * bits, height, width


def _active(x: NDArray, encoder: Encoder | None) -> NDArray[np.bool_]:
    """Inputs that vary, judged by some thousand rows from all of the training part."""
    some = x[:: max(1, len(x) // _ROWS_TO_JUDGE)]
    return active_inputs(some if encoder is None else encoder.encode(some))


def _images(recipe: Recipe, image_shape: Sequence[int] | None) -> Sequence[int] | None:
    if recipe.augment and image_shape is None:
        raise TrainError("augment warps images; give image_shape")
    return image_shape


def _copies(recipe: Recipe, image_shape: Sequence[int] | None, seed: int) -> Augment | None:
    if recipe.augment in (0, ONLINE):
        return None
    warp: Callable[..., NDArray] = partial(
        affine_copies,
        image_shape=image_shape,
        copies=recipe.augment,
        seed=seed,
        rotation=recipe.rotation,
        shift=recipe.shift,
        scale=recipe.scale,
        shear=recipe.shear,
        flip=recipe.flip,
    )
    return warp
