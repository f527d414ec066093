"""A model of images that sees them as a mirror shows them."""

import math
import operator
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gategrad.encoding import Filters, Thermometer
from gategrad.model.errors import ModelError
from gategrad.model.model import Model
from gategrad.model.planes import mirrored_filters, rewired


def mirrored(model: Model, image_shape: Sequence[int]) -> Model:
    """The model whose sums for an image are those of `model` for the image left to right.

    With `ensemble([model, mirrored(model, shape)])` an image and its mirror image are answered
    together (known as test-time augmentation): twice the gates, and up to a point more, without any
    training, of a network that was trained on mirrored images too. One that never saw any loses:
    shoes of Fashion-MNIST all point to the left. Only wires change; a description of convolutions
    is left behind.

    Args:
        model: without an encoder, with `Filters`, which become those of the mirror image, or with a
            `Thermometer` whose levels are the same for a pixel and its image in the mirror.
        image_shape: (channels, height, width) or (height, width) of a row.

    Raises:
        ModelError: rows of another size, or an encoder that a mirror would change.

    Examples:
        >>> import gategrad as gg
        >>> left = gg.Model(gg.Circuit(2, [], [], [2, 1]), gg.Readout.group_sum(2, 2))
        >>> mirrored(left, (1, 2)).sums([[1, 0], [0, 1]]).tolist()
        [[0, 1], [1, 1]]
    """
    planes = _planes(model, image_shape)
    inputs = np.arange(model.circuit.n_inputs, dtype=np.uint32).reshape(planes)[..., ::-1]
    circuit = rewired(model.circuit, inputs.reshape(-1), model.circuit.n_inputs)
    encoder = model.encoder
    if isinstance(encoder, Filters):
        encoder = mirrored_filters(encoder)
    return replace(model, circuit=circuit, encoder=encoder, convolution=None)


def _planes(model: Model, image_shape: Sequence[int]) -> tuple[int, int, int]:
    """(bits a pixel times channels, height, width) of the circuit's inputs."""
    try:
        shape = tuple(map(operator.index, image_shape))
    except TypeError:
        shape = ()
    encoder = model.encoder
    features = model.circuit.n_inputs if encoder is None else encoder.n_features
    if len(shape) not in (2, 3) or min(shape) < 1 or math.prod(shape) != features:
        raise ModelError(
            f"image_shape is {image_shape!r}; expected (channels, height, width) or (height, "
            f"width) of the {features} numbers of a row"
        )
    if encoder is not None:
        _check_levels(encoder, shape)
    height, width = shape[-2:]
    return -1, height, width


def _check_levels(encoder: object, shape: tuple[int, ...]) -> None:
    if isinstance(encoder, Filters):
        if encoder.image_shape != (1, *shape)[-3:]:
            raise ModelError(
                f"image_shape is {shape}; the filters are over images of {encoder.image_shape}"
            )
        return
    if not isinstance(encoder, Thermometer):
        raise ModelError(
            f"a mirror knows pixels that a Thermometer encoded; got {type(encoder).__name__}"
        )
    levels = encoder.levels.reshape(-1, *shape)
    if not np.array_equal(levels, levels[..., ::-1]):
        raise ModelError(
            "the levels of a pixel and of its image in the mirror differ; use an encoder with the "
            "same levels for all pixels, such as Thermometer.fixed, and train with that"
        )
