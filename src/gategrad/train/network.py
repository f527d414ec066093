"""Networks by a short description."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from gategrad.nn import GroupSum, LogicDense, Sequential
from gategrad.nn.gates.gate_sets import Gates
from gategrad.nn.zoo.architecture import architecture, layers_of, widths_for
from gategrad.options import NetworkOptions, gathered, options_of
from gategrad.train.errors import TrainError
from gategrad.train.targets import check_range

DEFAULT_LAYERS = "8000x3"
_OF_LAYERS = tuple(n for n, about in options_of(NetworkOptions).items() if about.of_layers)
_OF_CONVOLUTIONS_ALONE = ("conv_connections", "conv_inputs", "conv_channels")
_OF_CONVOLUTIONS = ("random", "local", "learned")
_OF_FIXED_CONVOLUTIONS = (None, "random", "local")


def build_network(
    in_dim: int,
    classes: int,
    *,
    arch: str | None = None,
    layers: str | Sequence[int] | None = None,
    inputs: int = 2,
    parametrization: str = "raw",
    estimator: str = "straight-through",
    connections: str = "random",
    conv_connections: str | None = None,
    conv_inputs: int | None = None,
    conv_channels: int | None = None,
    init: str = "gaussian",
    temperature: float | None = None,
    gates: Gates | None = None,
    tau: float | None = None,
    image_shape: Sequence[int] | None = None,
    active: ArrayLike | None = None,
    radius: int | None = None,
    thresholds: int | None = None,
    candidates: int | str | None = None,
    wire_estimator: str | None = None,
    kind: str = "argmax",
    bias: bool = False,
    targets: ArrayLike | None = None,
    seed: int = 0,
) -> Sequential:
    """`LogicDense` layers and a `GroupSum`.

    Args:
        in_dim: bits of a row.
        classes: number of classes, labels or values, 1 for "binary"; must divide the last layer's
            width.
        arch: convolutions in front of the dense layers, for images: "compact-32" and the like, see
            `nn.zoo.compact_net`, or "tree-S" to "tree-G", see `nn.zoo.logic_tree_net`.
        layers: widths, such as "8000x3" (three layers of 8,000 gates), "4000,2000x2", or integers.
            None: those of `arch`, or "8000x3".
        inputs: of every gate, 2 to 6; more than two need a parametrization of table entries.
        parametrization: of every layer, see `LogicDense`.
        estimator: of every layer.
        connections: "random", "unique" or "learned". With an image_shape the first layer is
            "local", or where the others learn their wiring learns it within windows. "structured"
            is a structured first layer, which needs an image_shape, and random ones. With `arch`
            "random", "local" or "learned", of convolutions; dense layers are random or "learned".
        conv_connections: of the convolutions of `arch`, "random" or "local", while `connections` is
            that of the dense layers; None: the same.
        conv_inputs: of every gate of the convolutions, 2 to 6; None: `inputs`. More than two need
            trees of depth 1, those of "compact".
        conv_channels: input channels that a kernel reads, or all that there are; None: as in the
            paper.
        init: of every layer.
        temperature: of every layer.
        gates: functions that every layer chooses from.
        tau: of the GroupSum; None: root of an eighth of the outputs a class (10 for 800 outputs).
        image_shape: with it, the first layer looks at windows: (channels, height, width) of the
            bits, channels being thresholds times colours.
        active: bool, inputs worth reading, only with image_shape; see `active_inputs`.
        radius: of the local windows, only with image_shape.
        thresholds: only for "structured", see `LogicDense`.
        candidates: only for "learned", see `LogicDense`.
        wire_estimator: only for "learned".
        kind: of the GroupSum: "argmax", "binary", "multilabel" or "regression".
        bias: of the GroupSum, learned; not for "regression".
        targets: only for "regression", which needs them: (n,) or (n, classes) numbers to train on;
            the scores have their range.
        seed: of all wiring and weights.

    Raises:
        TrainError: widths that can't be read, a last one that the classes don't divide, or options
            that the kind has no use for.
        ValueError: what `LogicDense` and `GroupSum` refuse.

    Examples:
        >>> net = build_network(784, 10, layers="4000,2000")
        >>> net[0].out_dim, net[1].out_dim, net[2]
        (4000, 2000, GroupSum(k=10, tau=5))
    """
    pixels = Pixels(image_shape, active, radius, thresholds)
    goal = Goal(classes, kind, targets)
    return make_network(in_dim, goal, gathered(NetworkOptions, locals()), pixels, seed)


@dataclass(frozen=True)
class Goal:
    """What the head is for; see `build_network`."""

    classes: int
    kind: str = "argmax"
    targets: ArrayLike | None = None


@dataclass(frozen=True)
class Pixels:
    """What the first layer knows of images, all None where rows are none; see `build_network`."""

    image_shape: Sequence[int] | None = None
    active: ArrayLike | None = None
    radius: int | None = None
    thresholds: int | None = None


def make_network(
    in_dim: int, goal: Goal, options: NetworkOptions, pixels: Pixels, seed: int
) -> Sequential:
    """What `build_network` makes; raises what it raises."""
    if options.arch is not None:
        return _image_network(in_dim, goal, options, pixels, seed)
    for name in _OF_CONVOLUTIONS_ALONE:
        if getattr(options, name) is not None:
            raise TrainError(f"{name} are for convolutions; give arch with them")
    widths = layer_widths(DEFAULT_LAYERS if options.layers is None else options.layers)
    _check_groups(widths[-1], goal.classes)
    local = pixels.image_shape is not None
    if not local and (pixels.active is not None or pixels.radius is not None):
        raise TrainError("active and radius are for images; give image_shape with them")
    generator = torch.Generator().manual_seed(seed)
    same = {n: getattr(options, n) for n in _OF_LAYERS}
    structured = options.connections == "structured"
    first = {**vars(pixels), "connections": _wiring(options.connections, local=local)}
    later = {"connections": "random" if structured else options.connections}
    if not structured:
        later["thresholds"] = pixels.thresholds
    modules = []
    for width in widths:
        own = later if modules else first
        modules.append(LogicDense(in_dim, width, generator=generator, **same, **own))
        in_dim = width
    return Sequential(*modules, _head(goal, widths[-1], options.tau, options.bias))


def _image_network(
    in_dim: int, goal: Goal, options: NetworkOptions, pixels: Pixels, seed: int
) -> Sequential:
    """Convolutions and dense layers, of an architecture; raises what `build_network` raises."""
    connections = options.connections
    if pixels.image_shape is None:
        raise TrainError(f"arch={options.arch!r} is for images; give image_shape")
    if connections not in _OF_CONVOLUTIONS:
        raise TrainError(
            f"connections={connections!r} with arch={options.arch!r}; expected "
            f"{', '.join(_OF_CONVOLUTIONS)}"
        )
    if options.conv_connections not in _OF_FIXED_CONVOLUTIONS:
        raise TrainError(
            f"conv_connections={options.conv_connections!r}; expected random or local, or leave it "
            "out for convolutions with the wiring of connections"
        )
    if pixels.active is not None or pixels.radius is not None:
        raise TrainError("active and radius are for dense layers on images; leave them or arch out")
    planes = (1, *pixels.image_shape)[-3:]
    if math.prod(planes) != in_dim:
        raise TrainError(f"image_shape {planes} is not that of rows of {in_dim} bits")
    plan = architecture(options.arch, planes).reading(options.conv_channels)
    own = widths_for(plan.widths, goal.classes)
    widths = own if options.layers is None else tuple(layer_widths(options.layers))
    _check_groups(widths[-1], goal.classes)
    papers = options.tau is None and widths == own and goal.kind != "regression"
    modules = layers_of(
        plan,
        planes,
        widths,
        connections=(
            options.conv_connections or connections,
            "learned" if connections == "learned" else "random",
        ),
        thresholds=pixels.thresholds,
        options={n: getattr(options, n) for n in _OF_LAYERS},
        inputs=options.conv_inputs,
        generator=torch.Generator().manual_seed(seed),
    )
    tau = plan.tau if papers else options.tau
    return Sequential(*modules, _head(goal, widths[-1], tau, options.bias))


def _head(goal: Goal, width: int, tau: float | None, bias: bool) -> GroupSum:
    if (goal.kind == "regression") != (goal.targets is not None):
        raise TrainError('kind="regression" needs targets, for their range; other kinds take none')
    if goal.kind != "regression":
        tau = (width / goal.classes / 8) ** 0.5 if tau is None else tau
        return GroupSum(goal.classes, tau=tau, kind=goal.kind, bias=bias)
    if tau is not None or bias:
        raise TrainError("tau and bias are not for regression, which takes the targets' range")
    targets = np.asarray(goal.targets, np.float64).reshape(-1, goal.classes)
    check_range(targets)
    return GroupSum.regression(targets.min(0), targets.max(0), width)


def _wiring(connections: str, *, local: bool) -> str:
    """The wiring of the first layer of a network with these connections."""
    return "local" if local and connections not in ("learned", "structured") else connections


def layer_widths(layers: str | Sequence[int]) -> list[int]:
    """Widths from their description.

    Examples:
        >>> layer_widths("4000,2000x2")
        [4000, 2000, 2000]

    Raises:
        TrainError: no such description.
    """
    if not isinstance(layers, str):
        return layer_widths(",".join(str(width) for width in layers))
    widths = []
    for part in layers.split(","):
        match = re.fullmatch(r"\s*([1-9]\d*)\s*(?:[xX*]\s*([1-9]\d*)\s*)?", part, re.ASCII)
        if match is None:
            raise TrainError(
                f"layers is {layers!r}; expected widths such as '8000x3' for three layers of "
                "8,000 gates, or '4000,2000'"
            )
        widths += [int(match[1])] * int(match[2] or 1)
    return widths


def active_inputs(bits: ArrayLike, *, share: float = 0.01) -> NDArray[np.bool_]:
    """Inputs that vary: on in `share` to 1 - `share` of the rows.

    Args:
        bits: (n, inputs) bool, or numbers that are 0 or 1.
        share: a fraction of the rows.

    Returns:
        (inputs,) bool.
    """
    on = np.asarray(bits).mean(axis=0)
    return (on >= share) & (on <= 1 - share)


def _check_groups(width: int, classes: int) -> None:
    if classes < 1 or width % classes:
        near = -(-width // max(classes, 1)) * classes
        raise TrainError(
            f"the last layer has {width} gates, which {classes} classes can't share equally; "
            f"use {near}"
        )
