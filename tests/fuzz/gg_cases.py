"""`.gg` files whose fields were changed and whose checksum is right, loaded and then run."""

import hashlib
import io
import json
import struct
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

import gategrad as gg
from gategrad.circuit import function_histogram
from gategrad.encoding import EncodingError
from gategrad.engine import BackendError, InputError
from gategrad.model import container, whole_count
from tests.fuzz import mutate
from tests.model.examples import all_models
from tests.random_circuits import random_circuit, random_readout

DOCUMENTED = (gg.ModelFileError, InputError, BackendError, EncodingError)
# Wider rows than these are only refused, and of more columns no program is made: a case is to take
# milliseconds.
WIDEST, MOST_INPUTS = 5_000, 1 << 20


def warm_up(folder: Path) -> None:
    """Load and run each sound model once, so that the limit counts what cases take."""
    for model in models():
        use(model, Random(0))


def run(rng: Random, folder: Path) -> None:
    """Change a model's file, and use what loads."""
    use(gg.Model.from_bytes(changed(rng)), rng)


@cache
def models() -> list[gg.Model]:
    """One of every kind, and some of many gates."""
    wide = random_circuit(n_inputs=40, n_gates=300, n_outputs=60, width=6)
    narrow = random_circuit(n_inputs=300, n_gates=2_000, n_outputs=64)
    return [
        *all_models(),
        gg.Model(wide, random_readout(60, 4)),
        gg.Model(narrow, random_readout(64, 2, kind="multilabel", seed=1)),
        gg.Model(narrow, gg.Readout.group_sum(64, 8)),
    ]


@cache
def parts(i: int) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Header and arrays of a model's file."""
    return container.unpack(io.BytesIO(models()[i].to_bytes()))


def changed(rng: Random) -> bytes:
    """A file with one to three changes; now and then in its bytes, with no right checksum."""
    header, arrays = parts(rng.randrange(len(models())))
    arrays = dict(arrays)
    if rng.random() < 0.5:
        for _ in range(rng.choice((1, 5, 50))):
            header, arrays = plausible(rng, header, arrays)
        return container.pack(header, arrays)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        kind = rng.randrange(10)
        if kind < 4:
            header = mutate.json_value(rng, header)
        elif kind < 9:
            name = rng.choice(sorted(arrays))
            arrays[name] = change_array(rng, arrays[name])
        elif rng.random() < 0.5:
            arrays.pop(rng.choice(sorted(arrays)))
        else:
            arrays[rng.choice(("encoder.levels", "x", "encoder.0.levels"))] = np.zeros(3)
        if not isinstance(header, dict) or "sha256" in header or not arrays:
            header, arrays = dict(parts(0)[0]), dict(parts(0)[1])
    data = container.pack(header, arrays)
    if rng.random() < 0.25:
        data = change_layout(rng, data)
    return data if rng.random() < 0.95 else mutate.raw(rng, data)


def plausible(rng: Random, header: dict, arrays: dict) -> tuple[dict, dict]:
    """A change that leaves most models sound, so that what runs them meets odd ones."""
    name = rng.choice(("circuit.fanin", "circuit.table", "circuit.outputs", "readout.weight",
                       "readout.weight", "readout.bias", "readout.scale", "header"))  # fmt: skip
    if name == "header":
        kind = rng.choice(("argmax", "multilabel", "regression", header["kind"]))
        return header | {"kind": kind, "neurons": rng.randrange(2**40)}, arrays
    array = arrays[name].copy()
    if not array.size:
        return header, arrays
    at = rng.randrange(array.size)
    first = 2 + header["n_inputs"]
    fanin = arrays["circuit.fanin"]
    if name == "circuit.fanin":
        gate = at // fanin.shape[1]
        array.reshape(-1)[at] = rng.choice((rng.randrange(first + gate), 0, 1, first + gate - 1))
    elif name == "circuit.table":
        n_bits = 1 << int(np.count_nonzero(np.cumsum(fanin[at][::-1] != 0)))
        array[at] = rng.choice((rng.getrandbits(n_bits), 0, 2**n_bits - 1, 2 ** (n_bits - 1)))
    elif name == "circuit.outputs":
        array[at:] = rng.randrange(first + len(fanin))
    elif name == "readout.scale":
        array[at] = rng.choice((0.0, -1.0, 1e-45, 3e38))
    else:
        array[at] = rng.choice((0, -1, 1 << rng.randrange(31), -(1 << rng.randrange(31)), 77_777))
    return header, arrays | {name: array}


def change_array(rng: Random, array: np.ndarray) -> np.ndarray:
    """Other values, more or fewer of them, another shape or dtype."""
    kind = rng.randrange(6)
    if kind <= 2 and array.size:
        new = array.copy()
        for _ in range(rng.choice((1, 1, 4))):
            at = rng.randrange(new.size)
            width = 8 * new.itemsize
            word = (mutate.number(rng) % 2**width).to_bytes(new.itemsize, "little")
            new.reshape(-1)[at] = np.frombuffer(word, new.dtype)[0]
        return new
    if kind == 3:
        times = rng.choice((0, 1, 2, 50, 2_000))
        return np.concatenate([array[: rng.randrange(len(array) + 1)], *[array] * times])
    if kind == 4:
        return array.reshape(rng.choice(((-1,), (1, -1), (-1, 1), (array.size, 1, 1))))
    return array.astype(rng.choice(list(container.DTYPES.values())))


def change_layout(rng: Random, data: bytes) -> bytes:
    """Another shape, dtype or place in the container's own header, or a longer or shorter body."""
    (length,) = struct.unpack("<Q", data[:8])
    outer, body = json.loads(data[8 : 8 + length]), data[8 + length :]
    name = rng.choice([key for key in outer if key != "__metadata__"])
    field = rng.choice(("shape", "shape", "data_offsets", "dtype"))
    outer[name][field] = mutate.json_value(rng, outer[name][field])
    if field == "shape" and isinstance(outer[name]["shape"], list) and rng.random() < 0.5:
        outer[name]["shape"] = [
            rng.choice((0, mutate.number(rng))) for _ in range(rng.choice((1, 2, 3)))
        ]
    body = rng.choice((body, body, body[:-1], body + b"\0", b""))
    text = json.dumps(outer, separators=(",", ":")).encode()
    return resealed(struct.pack("<Q", len(text)) + text + body)


def resealed(data: bytes) -> bytes:
    """The same with the checksum made right."""
    (length,) = struct.unpack("<Q", data[:8])
    place = container._digest_place(data[: 8 + length])
    blank = data[: place.start] + b"0" * 64 + data[place.stop :]
    digest = hashlib.sha256(blank).hexdigest().encode()
    return blank[: place.start] + digest + blank[place.stop :]


def use(model: gg.Model, rng: Random) -> None:
    """What a server or a person does with a model; the engines must agree."""
    data = model.to_bytes()
    assert gg.Model.from_bytes(data) == model
    small = model.optimize()
    assert whole_count(small.circuit, small.readout, small.encoder).gates >= 0
    function_histogram(small.circuit)
    str(model.labels).encode(errors="backslashreplace")
    n_features = model.circuit.n_inputs if model.encoder is None else model.encoder.n_features
    n_rows = rng.choice((0, 1, 3, 70))
    if n_features > MOST_INPUTS:
        return
    if n_features > WIDEST or model.readout.n_classes > WIDEST:
        model.predict(np.zeros((n_rows, 2), bool), threads=1)
        return
    rows = np.random.default_rng(rng.randrange(2**32)).integers(0, 2, (n_rows, n_features))
    rows = rows.astype(bool if model.encoder is None else np.float64)
    native, numpy = (model.sums(rows, threads=1, backend=b) for b in ("native", "numpy"))
    optimized = small.sums(rows, threads=1)
    assert np.array_equal(native, numpy), "engines differ"
    assert np.array_equal(native, optimized), "optimize changed the sums"
    model.predict(rows, threads=1)
