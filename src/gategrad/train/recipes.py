"""Follow a recipe: its network, and its training run."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from os import PathLike

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gategrad.encoding import Encoder, Filters
from gategrad.nn import Sequential
from gategrad.nn.zoo.architecture import architecture
from gategrad.options import ONLINE, NetworkOptions, TrainingOptions, gathered
from gategrad.train.affine import affine_copies
from gategrad.train.callbacks import Callback
from gategrad.train.errors import TrainError
from gategrad.train.network import Goal, Pixels, active_inputs, layer_widths, make_network
from gategrad.train.progress import Choice
from gategrad.train.recipe import Recipe
from gategrad.train.result import Result
from gategrad.train.rows import Augment, Validation
from gategrad.train.sitting import Sitting, train_on

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
    sample_weight: ArrayLike | None = None,
    seed: int = 0,
    checkpoint: str | PathLike | None = None,
    resume: bool = False,
    threads: int | None = None,
    progress: Choice = True,
    callbacks: Sequence[Callback] = (),
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
        validation: rows held back to choose on, see `fit`.
        sample_weight: what each row counts, and all below: see `fit`.
        seed: of wiring, weights, order and warps.
        checkpoint: file.
        resume: continue the run in it.
        threads: to train with.
        progress: what to show.
        callbacks: told how it goes, see `fit`.

    Returns:
        The network with its best weights, and how the training went.

    Raises:
        TrainError: options that don't go together, or what `fit` raises.
    """
    x = np.asarray(x)
    if isinstance(encoder, Filters):
        # Warps of bytes are bytes.
        x = encoder.pixels(x)
    goal = Goal(_n_scores(kind, y) if classes is None else classes, kind, _bounding(kind, y))
    net = _network(recipe, x, goal, image_shape, encoder, seed)
    if recipe.augment and image_shape is None:
        raise TrainError("augment warps images; give image_shape")
    sitting = Sitting(
        encoder=encoder,
        validation=validation,
        sample_weight=sample_weight,
        augment=_copies(recipe, image_shape, seed),
        transform=recipe.warp(image_shape) if recipe.augment == ONLINE else None,
        checkpoint=checkpoint,
        resume=resume,
        seed=seed,
        threads=threads,
        progress=progress,
        callbacks=callbacks,
        fresh=True,
    )
    return net, train_on(net, x, y, gathered(TrainingOptions, recipe), sitting)


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
    return _network(recipe, x, Goal(classes, kind, targets), image_shape, encoder, seed)


def _network(
    recipe: Recipe,
    x: NDArray,
    goal: Goal,
    image_shape: Sequence[int] | None,
    encoder: Encoder | None,
    seed: int,
) -> Sequential:
    n_features = x.shape[1]
    n_inputs = n_features if encoder is None else encoder.n_inputs
    if recipe.arch is not None and image_shape is None:
        raise TrainError(f"arch {recipe.arch!r} is for images; give image_shape")
    if recipe.filters is not None and not isinstance(encoder, Filters):
        names = recipe.filters.split(",")
        raise TrainError(
            f"the recipe has filters {recipe.filters!r}; give encoder=gategrad.encoding.Filters."
            f"fit(x, {image_shape}, {names}, {recipe.thermometer}), or recipe.but(filters=None)"
        )
    plain = image_shape is None or recipe.arch is not None
    connections = recipe.connections or ("random" if plain else "local")
    if connections in ("local", "structured") and image_shape is None:
        raise TrainError(f"connections {connections!r} are for images; give image_shape")
    # "all" of the wires is more than a window has.
    windows = connections in _WINDOWED and image_shape is not None and recipe.candidates != "all"
    bits = len(encoder.levels) if isinstance(encoder, Filters) else n_inputs // n_features
    thresholds = bits if connections == "structured" else None
    pixels = Pixels(thresholds=thresholds)
    if recipe.arch is not None:
        pixels = Pixels(_planes(image_shape, n_inputs), None, recipe.radius, bits)
    elif windows:
        planes = _planes(image_shape, n_inputs)
        pixels = Pixels(planes, _active(x, encoder), recipe.radius, thresholds)
    of_dense = "random" if connections == "local" else connections
    options = replace(
        gathered(NetworkOptions, recipe),
        layers=recipe_layers(recipe, goal.classes, image_shape),
        connections=of_dense if recipe.arch is None else connections,
        tau=None if goal.kind == "regression" else recipe.tau,
    )
    try:
        return make_network(n_inputs, goal, options, pixels, seed)
    except ValueError as error:
        raise TrainError(str(error)) from error


def _bounding(kind: str, y: ArrayLike) -> ArrayLike | None:
    """The targets, where a head takes its range from them."""
    return y if kind == "regression" else None


def _n_scores(kind: str, y: ArrayLike) -> int:
    if kind == "argmax":
        return int(np.max(y)) + 1
    return 1 if np.ndim(y) == 1 else np.shape(y)[1]


def recipe_layers(recipe: Recipe, classes: int, image_shape: Sequence[int] | None) -> str:
    """The widths that the recipe gives, or those that suit the data."""
    if recipe.layers is None:
        return default_layers(classes, image_shape, recipe.arch)
    widths = layer_widths(recipe.layers)
    if not recipe.rounds or classes < 1 or widths[-1] % classes == 0:
        return recipe.layers
    return ",".join(map(str, _divided(widths, classes)))


def default_layers(classes: int, image_shape: Sequence[int] | None, arch: str | None = None) -> str:
    """Widths for the kind of data, the last one such that the classes divide it.

    Raises:
        TrainError: an unknown architecture.
    """
    widths: Sequence[int] = (2000, 2000) if image_shape is None else (8000, 8000, 8000)
    if arch is not None and image_shape is not None:
        try:
            widths = architecture(arch, (1, *image_shape)[-3:]).widths
        except ValueError as error:
            raise TrainError(str(error)) from error
    return ",".join(map(str, _divided(widths, classes)))


def _divided(widths: Sequence[int], classes: int) -> list[int]:
    """The widths, the last one as much larger as it takes for the classes to divide it."""
    *first, last = widths
    return [*first, -(-last // classes) * classes]


def _planes(image_shape: Sequence[int], n_inputs: int) -> tuple[int, int, int]:
    """The shape of encoded images, of so many bits."""
    height, width = image_shape[-2:]
    return n_inputs // (height * width), height, width


def _active(x: NDArray, encoder: Encoder | None) -> NDArray[np.bool_]:
    """Inputs that vary, judged by some thousand rows from all of the training part."""
    some = x[:: max(1, len(x) // _ROWS_TO_JUDGE)]
    return active_inputs(some if encoder is None else encoder.encode(some))


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
        crop=recipe.crop,
    )
    return warp
