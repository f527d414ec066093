"""A model from its JSON form, which strangers may have written. `docs/model-json.md` specifies it.

Nothing of it is trusted: every key, type and range is checked here, and all that arrays must obey
by `Circuit`, `Readout`, the encoder and `Model`, as for a .gg file.
"""

import json
import re
import struct
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import MAX_WIDTH, Circuit, Readout
from gategrad.encoding import Encoder, from_state
from gategrad.model.file import Parts, failure
from gategrad.model.labels import is_unicode

VERSION = 1
KEYS = {
    "gategrad", "kind", "labels", "neurons", "meta", "encoder", "inputs", "gates", "outputs",
    "sums",
}  # fmt: skip
SUM_KEYS = {"bias", "scale", "offset", "terms"}
# Products of an array's other dimensions where one is 0, which no value backs.
_MOST_EMPTY = 1 << 10
_MOST_DIMENSIONS = 4
_TABLE = re.compile(r"0|[1-9a-f][0-9a-f]{0,15}")
_NAN = re.compile(r"nan:([0-9a-f]{16})")


class JsonError(ValueError):
    """Why a text is no model; the caller adds what was tried."""


def from_json(text: str | bytes) -> Parts:
    """The parts of the model that a JSON text holds.

    Raises:
        ModelFileError: anything but what the specification allows; says what and where.
    """
    try:
        return _parts(_parsed(text))
    except (ValueError, RecursionError) as error:
        raise failure("read a model from JSON", error) from error


def _parsed(text: str | bytes) -> dict[str, Any]:
    if isinstance(text, bytes):
        text = text.decode("utf-8")
    value = json.loads(text, object_pairs_hook=_distinct, parse_constant=_no_constant)
    if not isinstance(value, dict):
        raise JsonError("it is no JSON object; pass a text that gategrad.export wrote")
    version = value.get("gategrad", VERSION)
    if type(version) is not int or version != VERSION:
        raise JsonError(
            f"it has version {_short(version)}, and this gategrad reads {VERSION}: "
            "upgrade with pip install --upgrade gategrad"
        )
    _check_keys("it", value, KEYS)
    texts = json.dumps([value["labels"], value["meta"], value["encoder"]], ensure_ascii=False)
    if not is_unicode(texts):
        raise JsonError("a text in it has half a surrogate pair")
    return value


def _parts(value: dict[str, Any]) -> Parts:
    circuit = Circuit(
        _integer("inputs", value["inputs"]),
        *_gates(_list("gates", value["gates"])),
        _integers("outputs", value["outputs"]),
    )
    readout = _readout(value["kind"], _list("sums", value["sums"]))
    neurons = _integer("neurons", value["neurons"])
    labels, meta = value["labels"], value["meta"]
    if not isinstance(meta, dict):
        raise JsonError(f"meta is a {type(meta).__name__}; expected an object of text")
    labels = None if labels is None else _list("labels", labels)
    return Parts(circuit, readout, _encoder(value["encoder"]), labels, neurons, meta)  # type: ignore[arg-type]


def _gates(gates: list[Any]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Operands (G, K) and tables (G,)."""
    for g, gate in enumerate(gates):
        sound = isinstance(gate, list) and 1 <= len(gate) <= 1 + MAX_WIDTH
        if not sound or not isinstance(gate[0], str) or not _TABLE.fullmatch(gate[0]):
            raise JsonError(
                f"gate {g} is {_short(gate)}; expected a list of its truth table in lower-case "
                f"hexadecimal digits and up to {MAX_WIDTH} signals"
            )
        if gate[1:] and gate[-1] == 0:
            raise JsonError(f"gate {g} ends with signal 0, which means nothing; leave it out")
    counts = np.array([len(gate) - 1 for gate in gates], np.int64)
    flat = _integers("operands of gates", list(chain.from_iterable(gate[1:] for gate in gates)))
    fanin = np.zeros((len(gates), int(counts.max(initial=0))), np.int64)
    fanin[np.arange(fanin.shape[1]) < counts[:, None]] = flat
    return fanin, np.array([int(gate[0], 16) for gate in gates], np.uint64)


def _readout(kind: object, sums: list[Any]) -> Readout:
    if not isinstance(kind, str):
        raise JsonError(f"kind is {_short(kind)}; expected text")
    for c, own in enumerate(sums):
        if not isinstance(own, dict):
            raise JsonError(f"sum {c} is {_short(own)}; expected an object")
        _check_keys(f"sum {c}", own, SUM_KEYS)
        for i, term in enumerate(_list(f"terms of sum {c}", own["terms"])):
            if not isinstance(term, list) or len(term) != 2:
                raise JsonError(
                    f"term {i} of sum {c} is {_short(term)}; expected an output and a weight"
                )
    terms = list(chain.from_iterable(own["terms"] for own in sums))
    return Readout(
        kind=kind,  # type: ignore[arg-type]
        indptr=np.cumsum([0, *(len(own["terms"]) for own in sums)]),
        index=_integers("outputs of terms", [term[0] for term in terms]),
        weight=_integers("weights of terms", [term[1] for term in terms], signed=True),
        bias=_integers("biases", [own["bias"] for own in sums], signed=True),
        scale=_singles("scale", sums),
        offset=_singles("offset", sums),
    )


def _singles(key: str, sums: list[Any]) -> NDArray[np.float32]:
    values = np.array([_number(f"{key} of sum {c}", own[key]) for c, own in enumerate(sums)])
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    if not np.array_equal(single, values):
        c = int(np.argmax(single != values))
        raise JsonError(f"{key} of sum {c} is {values[c]}, which is no single-precision number")
    return single


def _encoder(value: Any) -> Encoder | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise JsonError(f"encoder is {_short(value)}; expected an object or null")
    _check_keys("encoder", value, {"config", "arrays"})
    for key in ("config", "arrays"):
        if not isinstance(value[key], dict):
            raise JsonError(f"encoder {key} is {_short(value[key])}; expected an object")
    arrays = {name: _array(name, array) for name, array in value["arrays"].items()}
    return from_state(value["config"], arrays)


def _array(name: str, value: Any) -> NDArray[np.float64]:
    where = f"encoder array {_short(name)}"
    if not isinstance(value, dict):
        raise JsonError(f"{where} is {_short(value)}; expected an object")
    _check_keys(where, value, {"shape", "values"})
    shape = [_integer(f"shape of {where}", n) for n in _list(f"shape of {where}", value["shape"])]
    values = [_number(where, v) for v in _list(f"values of {where}", value["values"])]
    size, others = 1, 1
    for n in shape:
        size, others = size * n, others * max(n, 1)
    if size != len(values) or len(shape) > _MOST_DIMENSIONS or (not size and others > _MOST_EMPTY):
        raise JsonError(f"{where} has {len(values)} values, but the shape {_short(shape)}")
    return np.array(values, np.float64).reshape(shape)


def _number(where: str, value: Any) -> float:
    """A JSON number as float64, or one of the texts for those that JSON has no number for."""
    if type(value) in (int, float):
        # Beyond the largest float64 an integer has no float; no text of that is let through.
        number = float(value) if abs(value) < 2**1024 - 2**970 else float("inf")
        if abs(number) != float("inf"):
            return number
    elif value in ("inf", "-inf"):
        return float(value)
    elif isinstance(value, str) and (found := _NAN.fullmatch(value)):
        number = struct.unpack("<d", struct.pack("<Q", int(found[1], 16)))[0]
        if number != number:
            return number
    raise JsonError(
        f'{where} holds {_short(value)}; expected a number of float64, "inf", "-inf", or "nan:" '
        "and 16 hexadecimal digits"
    )


def _integer(where: str, value: Any) -> int:
    if type(value) is not int or value < 0:
        raise JsonError(f"{where} is {_short(value)}; expected an integer of at least 0")
    return value


def _integers(where: str, value: Any, *, signed: bool = False) -> NDArray[Any]:
    """A list of integers of 64 bits; `Circuit` and `Readout` know how large each may be."""
    low = -(2**63) if signed else 0
    for i, entry in enumerate(_list(where, value)):
        if type(entry) is not int or not low <= entry < 2**63:
            raise JsonError(f"{where}: entry {i} is {_short(entry)}; expected an integer")
    return np.array(value, np.int64)


def _list(where: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise JsonError(f"{where} is {_short(value)}; expected a list")
    return value


def _check_keys(where: str, value: dict[str, Any], expected: set[str]) -> None:
    if missing := sorted(expected - set(value)):
        raise JsonError(f"{where} lacks {missing}; pass a text that gategrad.export wrote")
    if unknown := sorted(set(value) - expected):
        raise JsonError(f"{where} has {_short(unknown)}, which means nothing; remove it")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise JsonError("a key occurs twice in an object")
    return value


def _no_constant(name: str) -> None:
    raise JsonError(f"{name} is no JSON")


def _short(value: object) -> str:
    """A value for a message, without making the whole text of a large one."""
    if isinstance(value, (list, dict)):
        return f"a {type(value).__name__} of {len(value)}"
    text = repr(value[:60] if isinstance(value, str) else value)
    return text if len(text) <= 80 else f"{text[:80]}..."
