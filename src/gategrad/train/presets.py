"""Presets: recipes by name, for the kinds of data that they were chosen on.

Chosen on validation rows, never on test rows; docs/results.md has what they reach.
"""

from collections.abc import Sequence
from dataclasses import replace

from gategrad.nn.zoo.architecture import architecture
from gategrad.train.errors import TrainError
from gategrad.train.recipe import Recipe

NAMES = ("plain", "fast", "small", "best")

_LEARNED = Recipe(connections="learned", candidates=16, optimizer="adamw", lr=0.05, wiring_lr=0.05)
# A network that is small for its task learns more from images as they are than from warps alone.
_DIGITS = _LEARNED.but(augment="online", share=0.5)
# The more gates a class, the more a step of one size moves its sum: wide networks want slower ones,
# and a tau that keeps the largest score, gates a class / tau, near 50.
_SLOWER = {"lr": 0.03, "wiring_lr": 0.03}
_SHIFTS = {"augment": "online", "rotation": 0.0, "scale": 0.0, "shear": 0.0, "share": 0.5}
_FASHION = _LEARNED.but(tau=20.0, thermometer=(25.5, 89.25, 165.75), shift=1.0, **_SHIFTS)
_COLOUR = _LEARNED.but(tau=20.0, thermometer=7, radius=5, flip=True, shift=2.0, **_SHIFTS)
_IMAGES = _LEARNED.but(shift=1.0, **_SHIFTS)
# The papers' recipes of convolutions, for steps that suit a laptop.
_CONVOLUTIONS = Recipe(
    parametrization="light",
    init="residual",
    lr=0.02,
    grad_clip=10.0,
    freeze=(0.67, 0.93),
    steps=20_000,
    augment="online",
    rotation=0.0,
    shift=0.0,
    scale=0.0,
    shear=0.0,
)
_CROPS = _CONVOLUTIONS.but(crop=2, flip=True)
# Gates of three inputs whose places are drawn, on edges and differences of colours, in front of
# dense layers that learn what they read.
_COLOUR_CONVOLUTIONS = _CROPS.but(
    arch="compact-256",
    connections="learned",
    conv_connections="random",
    conv_inputs=3,
    candidates=8,
    filters="pixels,opponents,steps",
    thermometer=7,
    optimizer="adamw",
    freeze=None,
    **_SLOWER,
)

# Tables: pins that look at all bits. Where bits are few, tables of four inputs find what pairs of
# bits do not tell (MONK-2); of many bits two-input gates tell as much and are fewer.
_TABLE = Recipe(connections="learned", candidates="all", lr=0.05)
_FOUR = _TABLE.but(inputs=4, parametrization="light")

_WITH_CONVOLUTIONS = {
    "digits": _CONVOLUTIONS.but(rotation=15.0, shift=2.8),
    "fashion": _CONVOLUTIONS.but(thermometer=_FASHION.thermometer, crop=1),
    "colour": _CROPS,
    "images": _CONVOLUTIONS.but(crop=2),
}

# By the kind of data, then by name.
PRESETS: dict[str, dict[str, Recipe]] = {
    "digits": {
        "plain": Recipe(augment=3),
        "fast": _DIGITS.but(layers="8000x2", tau=15.0, augment=3, steps=8_000, **_SLOWER),
        "small": _DIGITS.but(layers="3000,5000", tau=10.0, steps=120_000),
        "best": _DIGITS.but(layers="16000x2", tau=25.0, steps=100_000, **_SLOWER),
    },
    "fashion": {
        "plain": Recipe(),
        "fast": _FASHION.but(layers="8000x2", steps=8_000),
        "small": _FASHION.but(layers="4000x2", steps=100_000),
        # Tables of six inputs reach in minutes what wires that learn never did; edges are worth a
        # point more.
        "best": _FASHION.but(
            filters="pixels,steps",
            thermometer=5,
            layers="8000x2",
            inputs=6,
            parametrization="light",
            connections="local",
            lr=0.03,
            steps=16_000,
        ),
    },
    "colour": {
        "plain": Recipe(),
        "fast": _COLOUR.but(layers="16000x2", tau=30.0, steps=5_000, **_SLOWER),
        "small": _COLOUR.but(layers="4000x2", steps=50_000),
        "best": _COLOUR_CONVOLUTIONS.but(layers="64000x2", tau=85.0, steps=20_000),
    },
    "images": {
        "plain": Recipe(),
        "fast": _IMAGES.but(layers="8000x2", steps=8_000),
        "small": _IMAGES.but(layers="4000x2", steps=50_000),
        "best": _IMAGES.but(layers="16000x2", tau=25.0, steps=100_000, **_SLOWER),
    },
    "rows": {
        "plain": Recipe(),
        "fast": _FOUR.but(layers="100,60", steps=1_000),
        "small": _TABLE.but(layers="200x2", steps=1_000),
        "best": _FOUR.but(layers="200x2", steps=3_000),
    },
}
_KINDS = {
    "mnist-1bit": "digits",
    "mnist": "digits",
    "fashion-mnist": "fashion",
    "cifar-10": "colour",
    "cifar-100": "colour",
}


def preset(
    name: str,
    data: str | None = None,
    *,
    image_shape: Sequence[int] | None = None,
    arch: str | None = None,
    **options: object,
) -> Recipe:
    """The recipe of that name for this data.

    Args:
        name: "fast" (half a minute on two cores), "small" (few gates), "best" (accuracy), or
            "plain", wiring that isn't learned: the base for experiments.
        data: name of a set that presets were chosen on, such as "mnist-1bit".
        image_shape: of other images; without it rows are taken for a table.
        arch: convolutions, such as "compact-32". With "plain" they bring a recipe of their own,
            that of their papers; a preset that has convolutions takes these instead.
        options: that take the place of the preset's, see `Recipe`. The preset's own last width
            grows until the classes divide it.

    Raises:
        TrainError: no such preset, option or architecture; lists those that there are.

    Examples:
        >>> preset("small", "mnist-1bit", steps=10).layers
        '3000,5000'
    """
    if name not in NAMES:
        raise TrainError(f"unknown preset {name!r}; known: {', '.join(NAMES)}")
    kind = _KINDS.get(data or "")
    if kind is None:
        kind = "rows" if image_shape is None else "images"
    chosen = PRESETS[kind][name]
    if arch is not None and chosen.arch is None:
        return _with_convolutions(name, kind, arch).but(**options)
    if arch is not None:
        options["arch"] = arch
    return replace(chosen, rounds=chosen.layers is not None).but(**options)


def _with_convolutions(name: str, kind: str, arch: str) -> Recipe:
    if name != "plain":
        raise TrainError(
            f"preset {name!r} has an architecture of its own, and arch={arch!r} a recipe; give one "
            "of them"
        )
    if kind == "rows":
        raise TrainError(
            f"arch {arch!r} is for images; give image_shape, on the command line --image-shape"
        )
    recipe = _WITH_CONVOLUTIONS[kind].but(arch=arch)
    if kind != "colour":
        return recipe
    try:
        return recipe.but(thermometer=architecture(arch, (3, 32, 32)).levels)
    except ValueError as error:
        raise TrainError(str(error)) from error
