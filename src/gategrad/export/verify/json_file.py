"""Exported JSON against the model, element by element, by a reader of its own."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gategrad.circuit import arity
from gategrad.export.source import Source
from gategrad.export.verify.verdict import Verdict

_KEYS = (
    "gategrad", "kind", "labels", "neurons", "meta", "encoder", "inputs", "gates", "outputs",
    "sums",
)  # fmt: skip


def verify_json(model: Source, path: Path) -> Verdict:
    """Compare all that NAME.json says with the model; numbers by their bits."""
    try:
        found = json.loads(path.read_bytes().decode("utf-8"), object_pairs_hook=_pairs)
    except (ValueError, RecursionError) as error:
        return Verdict(failed=(f"{path.name} is damaged: {error}",))
    if not isinstance(found, dict) or sorted(found) != sorted(_KEYS):
        return Verdict(failed=(f"{path.name} is no model: its keys are others",))
    if not all(isinstance(found[key], list) for key in ("gates", "outputs", "sums")):
        return Verdict(failed=(f"{path.name} is no model: its gates, outputs or sums are no list",))
    for what, given, expected in _compared(model, found):
        if not _same(given, expected):
            return Verdict(failed=(f"{what} of {path.name}: differs from the model",))
    return Verdict(proven=(f"all of {path.name}: each gate, weight and threshold is the model's",))


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key occurs twice")
    return dict(pairs)


def _compared(model: Source, found: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    circuit, readout = model.circuit, model.readout
    yield "version", found["gategrad"], 1
    yield "kind", found["kind"], readout.kind
    yield "labels", found["labels"], None if model.labels is None else list(model.labels)
    yield "neurons", found["neurons"], model.neurons
    yield "meta", found["meta"], dict(model.meta or {})
    yield "inputs", found["inputs"], circuit.n_inputs
    yield "number of gates", len(found["gates"]), circuit.n_gates
    counts, fanin, tables = (
        v.tolist() for v in (arity(circuit.fanin), circuit.fanin, circuit.table)
    )
    for g, gate in enumerate(found["gates"]):
        yield f"gate {g}", gate, [format(tables[g], "x"), *fanin[g][: counts[g]]]
    yield "outputs", found["outputs"], circuit.outputs.tolist()
    yield "number of sums", len(found["sums"]), readout.n_classes
    for c, own in enumerate(found["sums"]):
        entries = range(int(readout.indptr[c]), int(readout.indptr[c + 1]))
        yield (
            f"sum {c}",
            own,
            {
                "bias": int(readout.bias[c]),
                "scale": float(readout.scale[c]),
                "offset": float(readout.offset[c]),
                "terms": [[int(readout.index[i]), int(readout.weight[i])] for i in entries],
            },
        )
    yield "encoder", found["encoder"], _expected_encoder(model)


def _expected_encoder(model: Source) -> Any:
    if model.encoder is None:
        return None
    config, arrays = model.encoder.to_state()
    shown = {
        name: {"shape": list(a.shape), "values": [_shown(v) for v in a.ravel().tolist()]}
        for name, a in arrays.items()
    }
    # As JSON has it: lists for tuples.
    return {"config": json.loads(json.dumps(config)), "arrays": shown}


def _shown(value: float) -> float | str:
    if value != value:
        return "nan:" + struct.pack(">d", value).hex()
    return {float("inf"): "inf", float("-inf"): "-inf"}.get(value, value)


def _same(given: Any, expected: Any) -> bool:
    """Equal values of equal types; numbers have the same bits, so -0.0 is not 0.0."""
    if type(given) is not type(expected):
        return False
    if isinstance(given, dict):
        return given.keys() == expected.keys() and all(_same(given[k], expected[k]) for k in given)
    if isinstance(given, list):
        return len(given) == len(expected) and all(map(_same, given, expected))
    if isinstance(given, float):
        return struct.pack("<d", given) == struct.pack("<d", expected)
    return bool(given == expected)
