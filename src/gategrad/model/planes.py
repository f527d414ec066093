"""Models behind filters over images: other planes, the same function."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import N_CONSTANTS, Circuit
from gategrad.encoding import EncodingError, Filters
from gategrad.model.errors import ModelError
from gategrad.model.model import Model

_MIRRORED = ", mirrored"


def with_common_planes(models: Sequence[Model]) -> list[Model]:
    """The models, whose encoders become one that has all their planes, where they are filters.

    Others come back as they are. A description of convolutions goes where planes were added.
    """
    encoders = [model.encoder for model in models]
    filters = [encoder for encoder in encoders if isinstance(encoder, Filters)]
    shapes = {(f.image_shape, f.levels.shape[0], f.weights.shape[2]) for f in filters}
    if len(filters) < len(models) or len(shapes) != 1 or all(f == filters[0] for f in filters):
        return list(models)
    try:
        whole = _union(filters)
    except EncodingError as error:
        raise ModelError(f"the models have too many planes together: {error}") from error
    return [_reading(model, whole) for model in models]


def rewired(circuit: Circuit, inputs: NDArray[np.integer], n_inputs: int) -> Circuit:
    """The circuit of `n_inputs` that reads input `inputs[j]` where it read input j."""
    gates = np.arange(circuit.n_gates) + N_CONSTANTS + n_inputs
    signals = np.concatenate([np.arange(N_CONSTANTS), N_CONSTANTS + inputs, gates])
    signals = signals.astype(np.uint32)
    return Circuit(n_inputs, signals[circuit.fanin], circuit.table, signals[circuit.outputs])


def mirrored_filters(encoder: Filters) -> Filters:
    """Filters that see an image as `encoder` sees its mirror image, and mirror what they see.

    Those that are the same in a mirror keep their names.
    """
    weights = encoder.weights[..., ::-1]
    same = (weights == encoder.weights).all(axis=(1, 2, 3))
    pairs = zip(encoder.filters, same.tolist(), strict=True)
    names = _distinct([name if alike else _turned(name) for name, alike in pairs])
    return replace(encoder, weights=weights, filters=names)


def _turned(name: str) -> str:
    plain = name.removesuffix(_MIRRORED)
    return plain if plain != name else name + _MIRRORED


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """The names, those that were there before with a number."""
    found: list[str] = []
    for name in names:
        whole, n = name, 2
        while whole in found:
            whole, n = f"{name} {n}", n + 1
        found.append(whole)
    return tuple(found)


def _keys(encoder: Filters) -> list[bytes]:
    """What tells one plane with its levels from another, whatever it is called."""
    parts = zip(encoder.weights, encoder.shift, encoder.offset, encoder.levels.T, strict=True)
    return [b"".join(np.ascontiguousarray(part).tobytes() for part in plane) for plane in parts]


def _union(filters: Sequence[Filters]) -> Filters:
    """An encoder of every plane that one of them has, in their order."""
    found: dict[bytes, tuple[Filters, int]] = {}
    for encoder in filters:
        for p, key in enumerate(_keys(encoder)):
            found.setdefault(key, (encoder, p))
    first = filters[0]

    def gathered(field: str, axis: int = 0) -> NDArray:
        return np.stack([np.take(getattr(f, field), p, axis) for f, p in found.values()], axis)

    return Filters(
        first.image_shape,
        gathered("weights"),
        gathered("shift"),
        gathered("offset"),
        gathered("levels", axis=1),
        _distinct([f.filters[p] for f, p in found.values()]),
    )


def _reading(model: Model, whole: Filters) -> Model:
    """The model behind an encoder that has all its planes among others."""
    assert isinstance(model.encoder, Filters), "only such are read by their planes"
    if model.encoder == whole:
        return model
    place = {key: p for p, key in enumerate(_keys(whole))}
    planes = np.array([place[key] for key in _keys(model.encoder)])
    area = whole.image_shape[1] * whole.image_shape[2]
    every = np.arange(whole.n_inputs).reshape(len(whole.levels), len(whole.filters), area)
    circuit = rewired(model.circuit, every[:, planes].reshape(-1), whole.n_inputs)
    return replace(model, circuit=circuit, encoder=whole, convolution=None)
