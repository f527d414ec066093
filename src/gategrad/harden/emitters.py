"""How each kind of module continues a draft: one function a module type.

Layers of gates are all alike. `EMITTERS` are the library's own modules that need more, and torch's;
modules of the user's own join by `gategrad.nn.register`, whichever they are.
"""

import math
from collections.abc import Callable
from dataclasses import replace

from torch import nn

from gategrad.encoding import EncodingError
from gategrad.harden.draft import Draft
from gategrad.harden.errors import DiscretizeError
from gategrad.nn import (
    GroupSum,
    LogicConv2d,
    LogicDense,
    LogicGraph,
    OrPool2d,
    SlotDense,
    Thermometer,
    WeightedSum,
)
from gategrad.nn.layers.conv.circuit import kernels_of, pool_of
from gategrad.nn.registry import alike, kind_of, registered

# (module, its name for messages, draft) -> the draft that continues with the module
Emitter = Callable[[nn.Module, str, Draft], Draft]


def thermometer(layer: Thermometer, name: str, draft: Draft) -> Draft:
    """No gates: the encoder of the model."""
    try:
        encoder = layer.encoder()
    except EncodingError as error:
        raise DiscretizeError(f"{name} has levels that are none: {error}") from error
    return draft.with_encoder(encoder, name)


def gates(layer: nn.Module, name: str, draft: Draft) -> Draft:
    """The circuit of a registered layer, renumbered: constants stay, inputs and gates move."""
    part = kind_of(layer).circuit(layer)
    draft = draft.reading(part.n_inputs, name)
    _check_weights(layer, name)
    return draft.with_circuit(part)


def convolution(layer: LogicConv2d, name: str, draft: Draft) -> Draft:
    """The trees of every position, and the trees beside them."""
    draft = draft.reading_images(layer.in_shape, name)
    made = gates(layer, name, draft).with_stage(kernels_of(layer), layer.in_shape, draft.signals)
    return replace(made, image=layer.out_shape)


def or_pool(layer: OrPool2d, name: str, draft: Draft) -> Draft:
    """ORs of two signals, joined pair by pair until each window is one signal."""
    if draft.image is None:
        raise DiscretizeError(
            f"{name} reads images, and nothing before it says of what size; expected a LogicConv2d "
            "or a torch.nn.Unflatten before it"
        )
    pool, shape = pool_of(layer), draft.image
    try:
        layer.out_size(*shape[1:])
    except ValueError as error:
        raise DiscretizeError(f"{name} can't pool: {error}") from error
    draft = draft.reading_images(shape, name)
    made = draft.with_circuit(pool.circuit(shape)).with_stage(pool, shape, draft.signals)
    return replace(made, image=pool.out_shape(shape))


def _check_weights(module: nn.Module, name: str) -> None:
    if any(weight.isnan().any() for weight in module.parameters()):
        raise DiscretizeError(
            f"{name} has weights that are NaN, which name no gate; training diverged: go back to "
            "an earlier checkpoint, or train with a smaller learning rate"
        )


def group_sum(layer: GroupSum, name: str, draft: Draft) -> Draft:
    """Sums of equal groups of the outputs."""
    if draft.signals is None:
        raise DiscretizeError(f"{name} has no layer with gates before it; expected at least one")
    draft = draft.reading(len(draft.signals), name)
    n_outputs = len(draft.signals)
    if n_outputs == 0 or n_outputs % layer.k:
        raise DiscretizeError(
            f"{name} can't split {n_outputs} outputs into {layer.k} equal groups; "
            f"give the layer before it a multiple of {layer.k}"
        )
    return draft.with_readout(layer.readout(n_outputs))


def weighted_sum(layer: WeightedSum, name: str, draft: Draft) -> Draft:
    """The readout that the module holds."""
    return draft.reading(layer.n_outputs, name).with_readout(layer.readout())


def flatten(layer: nn.Flatten, name: str, draft: Draft) -> Draft:
    """Nothing: rows of a model are flat."""
    if layer.start_dim != 1 or layer.end_dim != -1:
        raise DiscretizeError(
            f"{name} flattens dimensions {layer.start_dim} to {layer.end_dim}; "
            "expected nn.Flatten(), which keeps the rows apart"
        )
    return replace(draft, image=None)


def unflatten(layer: nn.Unflatten, name: str, draft: Draft) -> Draft:
    """Rows are images from here on."""
    shape = tuple(layer.unflattened_size)
    if layer.dim not in (1, -1) or len(shape) != 3 or not all(isinstance(n, int) for n in shape):
        raise DiscretizeError(
            f"{name} makes {layer.unflattened_size} of dimension {layer.dim}; expected "
            "nn.Unflatten(1, (channels, height, width)), all three as numbers"
        )
    return replace(draft.reading(math.prod(shape), name), image=shape)


def neutral(layer: nn.Module, name: str, draft: Draft) -> Draft:
    """Nothing: the module changes no value in `.eval()`."""
    return draft


def emitters() -> dict[type[nn.Module], Emitter]:
    """The function of each module type, those of registered ones included."""
    found = dict(EMITTERS)
    for module, kind in registered().items():
        if kind.emit is not None or module not in EMITTERS:
            found[module] = kind.emit or gates
    same = alike().items()
    return found | {module: found[base] for module, base in same if base in found}


EMITTERS: dict[type[nn.Module], Emitter] = {
    Thermometer: thermometer,
    LogicDense: gates,
    LogicConv2d: convolution,
    OrPool2d: or_pool,
    SlotDense: gates,
    LogicGraph: gates,
    GroupSum: group_sum,
    WeightedSum: weighted_sum,
    nn.Flatten: flatten,
    nn.Unflatten: unflatten,
    nn.Identity: neutral,
    nn.Dropout: neutral,
}

# What messages list.
OWN = tuple(EMITTERS)
# Their own forward pass moves wires, wherever they stand.
NEUTRAL = (nn.Flatten, nn.Unflatten, nn.Identity, nn.Dropout)
# They read the last three dimensions of what they are given; all others read the last one.
OF_IMAGES = (LogicConv2d, OrPool2d)
