"""The bytes of a .gg file: a safetensors container around arrays and one JSON header.

`docs/model-file.md` is the specification. Every byte counts: the SHA-256 at the end of the header
covers the whole file, with its own 64 digits read as zeros.
"""

import hashlib
import io
import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save as to_safetensors

FORMAT = 2
# Keys that came with a format; a file has the first one that knows all of its keys.
NEW_KEYS = {"convolution": 2}
KEY = "gategrad"
# Longer than the header of any model: the arrays hold what grows.
MAX_HEADER = 16 << 20
MAX_DIMENSIONS = 8
# Product of the other dimensions of an array without elements, which no byte backs.
MAX_EMPTY = 1 << 10
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
        header | {"format": _format_of(header), "sha256": "0" * DIGEST_LENGTH},
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
        file: the bytes of `pack`; what follows the header is read only where it is as long as that
            says. A stream that can't be measured beforehand is read whole.

    Raises:
        ContainerError: anything but the exact bytes that some version of `pack` made.
        OSError: reading fails.
    """
    head = _read_head(file)
    file, size = _measured(file)
    outer = _json_object(head[LENGTH.size :])
    metadata = outer.pop("__metadata__", None)
    if not isinstance(metadata, dict) or set(metadata) != {KEY}:
        raise ContainerError(
            "it is a safetensors file without a gategrad header; pass a file that Model.save wrote"
        )
    header = _inner_header(metadata[KEY])
    places = _places(outer, size)
    body = file.read(size)
    _check_digest(head, body, header.pop("sha256", None))
    return header, {name: place.of(body) for name, place in places.items()}


def check_dtypes(arrays: Arrays, expected: Mapping[str, type]) -> None:
    """Raise ContainerError for the first of the `expected` arrays that has another dtype."""
    for name, dtype in expected.items():
        if arrays[name].dtype != dtype:
            raise ContainerError(
                f"array {name!r} has dtype {arrays[name].dtype}; expected {np.dtype(dtype)}"
            )


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


def _measured(file: BinaryIO) -> tuple[BinaryIO, int]:
    """A file at the same place, and how many bytes follow."""
    if not file.seekable():
        file = io.BytesIO(file.read())
    here = file.tell()
    size = file.seek(0, io.SEEK_END) - here
    file.seek(here)
    return file, size


def _inner_header(text: object) -> dict[str, Any]:
    if not isinstance(text, str):
        raise _damaged("its gategrad header is no text")
    header = _json_object(text.encode("utf-8", "surrogatepass"))
    if "\\u" in text:
        _check_unicode(header)
    version = header.pop("format", None)
    if type(version) is not int or version < 1:
        raise _damaged(f"its format version is {version!r}")
    if version > FORMAT:
        raise ContainerError(
            f"it has format version {version}, and this gategrad reads up to {FORMAT}: "
            "upgrade with pip install --upgrade gategrad"
        )
    if version != _format_of(header):
        raise _damaged(f"its format version is {version}, with the keys of {_format_of(header)}")
    return header


def _format_of(header: dict[str, Any]) -> int:
    return max((version for key, version in NEW_KEYS.items() if key in header), default=1)


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


def _check_unicode(header: dict[str, Any]) -> None:
    try:
        json.dumps(header, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _damaged("its header has half a surrogate pair as text") from None


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


@dataclass(frozen=True)
class _Place:
    """Where an array lies in the bytes behind the header."""

    dtype: np.dtype
    shape: list[int]
    start: int

    @property
    def stop(self) -> int:
        return self.start + math.prod(self.shape) * self.dtype.itemsize

    def of(self, body: bytes) -> NDArray:
        count = math.prod(self.shape)
        values = (
            np.frombuffer(body, self.dtype, count, self.start) if count else np.empty(0, self.dtype)
        )
        return values.reshape(self.shape).astype(self.dtype.newbyteorder("="), copy=False)


def _places(entries: dict[str, Any], size: int) -> dict[str, _Place]:
    """Where arrays lie that fill `size` bytes, one behind the other."""
    places, position = {}, 0
    for name, entry in entries.items():
        places[name] = _place(name, entry, position, size)
        position = places[name].stop
    if position != size:
        raise _damaged(f"its arrays take {position} bytes, but {size} are there")
    return places


def _place(name: str, entry: object, start: int, size: int) -> _Place:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise _damaged(f"array {name!r} is not described by dtype, shape and data_offsets")
    if not isinstance(entry["dtype"], str) or entry["dtype"] not in DTYPES:
        raise _damaged(f"array {name!r} has the unknown dtype {entry['dtype']!r}")
    shape, offsets = (_integers(name, entry[key]) for key in ("shape", "data_offsets"))
    if 0 in shape and math.prod(max(n, 1) for n in shape) > MAX_EMPTY:
        raise _damaged(f"array {name!r} has the shape {shape}")
    place = _Place(np.dtype(DTYPES[entry["dtype"]]), shape, start)
    if offsets != [start, place.stop]:
        raise _damaged(f"array {name!r} does not lie where its shape says")
    if place.stop > size:
        raise _damaged(f"it is cut off in array {name!r}")
    return place


def _integers(name: str, value: object) -> list[int]:
    if not isinstance(value, list) or not all(type(n) is int and n >= 0 for n in value):
        raise _damaged(f"array {name!r} has {value!r} where sizes are expected")
    if len(value) > MAX_DIMENSIONS:
        raise _damaged(f"array {name!r} has {len(value)} dimensions")
    return value


def _damaged(what: str) -> ContainerError:
    return ContainerError(f"it is damaged: {what}; copy or train it again")
