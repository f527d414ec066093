"""The bytes of a .gg file: a safetensors container around arrays and one JSON header.

`docs/model-file.md` is the specification. Every byte counts: the SHA-256 at the end of the header
covers the whole file, with its own 64 digits read as zeros.
"""

import hashlib
import json
import math
import struct
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save as to_safetensors

FORMAT = 1
KEY = "gategrad"
# Longer than the header of any model: the arrays hold what grows.
MAX_HEADER = 16 << 20
MAX_ITEMS = 1 << 48
MAX_DIMENSIONS = 8
LENGTH = struct.Struct("<Q")
DIGEST_MARK = rb"\"sha256\":\""
DIGEST_LENGTH = 64
DTYPES = {
    "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4",
    "U64": "<u8", "I64": "<i8", "F32": "<f4", "F64": "<f8",
}  # fmt: skip

Arrays = dict[str, NDArray]


class ContainerError(ValueError):
    """Why bytes are no .gg file, and what to do; the path is the caller's to add."""


def pack(header: dict[str, Any], arrays: Arrays) -> bytes:
    """Bytes of a file with these JSON values and arrays; the same for equal ones.

    Raises:
        ContainerError: the JSON values are more than a header may hold.
    """
    canonical = json.dumps(
        header | {"format": FORMAT, "sha256": "0" * DIGEST_LENGTH},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=True,
        allow_nan=False,
    )
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    data = to_safetensors(contiguous, {KEY: canonical})
    (length,) = LENGTH.unpack_from(data)
    if length > MAX_HEADER:
        raise ContainerError(
            f"its header would take {length} bytes, and {MAX_HEADER} are possible; "
            "shorten the labels, meta or categories"
        )
    start = LENGTH.size + length
    place = _digest_place(data[:start])
    digest = hashlib.sha256(data).hexdigest().encode()
    return b"".join((data[: place.start], digest, memoryview(data)[place.stop :]))


def unpack(file: BinaryIO) -> tuple[dict[str, Any], Arrays]:
    """The header, without "format" and "sha256", and the arrays that `pack` was given.

    Args:
        file: the bytes of `pack`; what follows the header is read only if that is sound.

    Raises:
        ContainerError: anything but the exact bytes that some version of `pack` made.
        OSError: reading fails.
    """
    head = _read_head(file)
    outer = _json_object(head[LENGTH.size :])
    metadata = outer.pop("__metadata__", None)
    if not isinstance(metadata, dict) or set(metadata) != {KEY}:
        raise ContainerError(
            "it is a safetensors file without a gategrad header; pass a file that Model.save wrote"
        )
    header = _inner_header(metadata[KEY])
    body = file.read()
    arrays = _arrays(outer, body)
    _check_digest(head, body, header.pop("sha256", None))
    return header, arrays


def _read_head(file: BinaryIO) -> bytes:
    start = file.read(LENGTH.size)
    if len(start) < LENGTH.size:
        raise ContainerError(f"it has only {len(start)} bytes; copy or train it again")
    (length,) = LENGTH.unpack(start)
    header = file.read(length) if 2 <= length <= MAX_HEADER else b""
    if not header.startswith(b"{"):
        raise ContainerError("it is no model file; pass a file that Model.save wrote")
    if len(header) < length:
        raise _damaged(f"it is cut off after {len(header)} bytes of a header of {length}")
    return start + header


def _inner_header(text: object) -> dict[str, Any]:
    if not isinstance(text, str):
        raise _damaged("its gategrad header is no text")
    header = _json_object(text.encode("utf-8", "surrogatepass"))
    version = header.pop("format", None)
    if type(version) is not int or version < 1:
        raise _damaged(f"its format version is {version!r}")
    if version > FORMAT:
        raise ContainerError(
            f"it has format version {version}, and this gategrad reads up to {FORMAT}: "
            "upgrade with pip install --upgrade gategrad"
        )
    return header


def _json_object(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(
            text.decode("utf-8"), object_pairs_hook=_distinct_keys, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        raise _damaged(f"its header can't be parsed ({error})") from None
    if not isinstance(value, dict):
        raise _damaged("its header is no JSON object")
    return value


def _distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key occurs twice")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _digest_place(head: bytes) -> slice:
    """Where the digits of the digest are: behind the last mark in the header."""
    start = head.rfind(DIGEST_MARK) + len(DIGEST_MARK)
    return slice(start, start + DIGEST_LENGTH)


def _check_digest(head: bytes, body: bytes, stored: object) -> None:
    place = _digest_place(head)
    actual = hashlib.sha256(head[: place.start] + b"0" * DIGEST_LENGTH + head[place.stop :])
    actual.update(body)
    # The digits left out of the hash must be exactly the ones that the JSON holds.
    if not head[place] == str(stored).encode() == actual.hexdigest().encode():
        raise _damaged("its checksum does not match its content")


def _arrays(entries: dict[str, Any], body: bytes) -> Arrays:
    arrays, position = {}, 0
    for name, entry in entries.items():
        arrays[name] = _array(name, entry, body, position)
        position += arrays[name].nbytes
    if position != len(body):
        raise _damaged(f"its arrays take {position} bytes, but {len(body)} are there")
    return arrays


def _array(name: str, entry: object, body: bytes, start: int) -> NDArray:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise _damaged(f"array {name!r} is not described by dtype, shape and data_offsets")
    if not isinstance(entry["dtype"], str) or entry["dtype"] not in DTYPES:
        raise _damaged(f"array {name!r} has the unknown dtype {entry['dtype']!r}")
    dtype = np.dtype(DTYPES[entry["dtype"]])
    shape, offsets = (_integers(name, entry[key]) for key in ("shape", "data_offsets"))
    if math.prod(max(n, 1) for n in shape) > MAX_ITEMS:
        raise _damaged(f"array {name!r} has the shape {shape}")
    count = math.prod(shape)
    stop = start + count * dtype.itemsize
    if offsets != [start, stop]:
        raise _damaged(f"array {name!r} does not lie where its shape says")
    if stop > len(body):
        raise _damaged(f"it is cut off in array {name!r}")
    values = np.frombuffer(body, dtype, count, start) if count else np.empty(0, dtype)
    return values.reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _integers(name: str, value: object) -> list[int]:
    if not isinstance(value, list) or not all(type(n) is int and n >= 0 for n in value):
        raise _damaged(f"array {name!r} has {value!r} where sizes are expected")
    if len(value) > MAX_DIMENSIONS:
        raise _damaged(f"array {name!r} has {len(value)} dimensions")
    return value


def _damaged(what: str) -> ContainerError:
    return ContainerError(f"it is damaged: {what}; copy or train it again")
