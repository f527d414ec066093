"""A model as JSON, a gate a line, for programs of others; `gategrad.Model.from_json` reads it.

`docs/model-json.md` is the specification.
"""

import math
import struct
from collections.abc import Iterable, Iterator
from json import dumps

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import Circuit, Readout, arity
from gategrad.encoding import Encoder
from gategrad.export.artifact import Artifact
from gategrad.export.errors import ExportError
from gategrad.export.source import Source, checked_name

VERSION = 1


def json(model: Source, *, name: str = "model") -> Artifact:
    """Write all of a model as JSON: gates, readout, encoder, labels and provenance.

    Args:
        model: a `gategrad.Model`, optimized or not.
        name: of the file.

    Returns:
        NAME.json. `gategrad.Model.from_json` gives a model whose file has the same bytes.

    Raises:
        ExportError: a name that is none, or an encoder with arrays of other than float64.
    """
    return Artifact({f"{checked_name(name)}.json": "".join(_lines(model))})


def _lines(model: Source) -> Iterator[str]:
    labels = None if model.labels is None else list(model.labels)
    yield "{\n"
    yield f'"gategrad": {VERSION},\n'
    yield f'"kind": {_value(model.readout.kind)},\n'
    yield f'"labels": {_value(labels)},\n'
    yield f'"neurons": {_value(model.neurons)},\n'
    yield f'"meta": {_value(dict(model.meta or {}))},\n'
    yield f'"encoder": {_value(_encoder(model.encoder))},\n'
    yield f'"inputs": {model.circuit.n_inputs},\n'
    yield from _listed("gates", _gates(model.circuit))
    yield ",\n"
    yield f'"outputs": {_value(model.circuit.outputs.tolist())},\n'
    yield from _listed("sums", _sums(model.readout))
    yield "\n}\n"


def _listed(key: str, values: Iterable[object]) -> Iterator[str]:
    """A list, an element a line."""
    yield f'"{key}": ['
    before = "\n"
    for value in values:
        yield before + _value(value)
        before = ",\n"
    yield "\n]"


def _gates(circuit: Circuit) -> Iterator[list[object]]:
    """The truth table in hexadecimal, as it may have 64 bits, and then the operands."""
    for operands, n, table in zip(
        circuit.fanin.tolist(), arity(circuit.fanin).tolist(), circuit.table.tolist(), strict=True
    ):
        yield [f"{table:x}", *operands[:n]]


def _sums(readout: Readout) -> Iterator[dict[str, object]]:
    terms = np.stack([readout.index.astype(np.int64), readout.weight.astype(np.int64)], 1).tolist()
    for c in range(readout.n_classes):
        yield {
            "bias": int(readout.bias[c]),
            "scale": number(float(readout.scale[c])),
            "offset": number(float(readout.offset[c])),
            "terms": terms[int(readout.indptr[c]) : int(readout.indptr[c + 1])],
        }


def _encoder(encoder: Encoder | None) -> dict[str, object] | None:
    if encoder is None:
        return None
    config, arrays = encoder.to_state()
    return {
        "config": config,
        "arrays": {key: _array(key, arrays[key]) for key in sorted(arrays)},
    }


def _array(key: str, array: NDArray) -> dict[str, object]:
    if array.dtype != np.float64:
        raise ExportError(f"encoder array {key!r} is {array.dtype}; JSON holds float64 only")
    values = [number(v) for v in array.reshape(-1).tolist()]
    return {"shape": list(array.shape), "values": values}


def number(value: float) -> float | str:
    """A JSON number that reads back as the same bits; text where JSON has none for it."""
    if math.isfinite(value):
        return value
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return f"nan:{struct.unpack('<Q', struct.pack('<d', value))[0]:016x}"


def _value(value: object) -> str:
    return dumps(value, sort_keys=True, ensure_ascii=True, allow_nan=False)
