"""The .gg file of a model: what its header and arrays hold. `docs/model-file.md` specifies it."""

import io
import os
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import Circuit, Convolution, Readout
from gategrad.encoding import Encoder, from_state
from gategrad.model import convolution_part
from gategrad.model.atomic import write_atomic
from gategrad.model.container import ContainerError, check_dtypes, pack, unpack
from gategrad.model.errors import ModelFileError

HEADER = {"encoder", "kind", "labels", "meta", "n_inputs", "n_state", "neurons"}
ARRAYS: dict[str, type] = {
    "circuit.fanin": np.uint32,
    "circuit.table": np.uint64,
    "circuit.outputs": np.uint32,
    "readout.indptr": np.int64,
    "readout.index": np.uint32,
    "readout.weight": np.int32,
    "readout.bias": np.int32,
    "readout.scale": np.float32,
    "readout.offset": np.float32,
}
ENCODER = "encoder."
# Characters at each end of a message that may quote a whole header.
MOST_QUOTED = 400

Path = str | os.PathLike


class Parts(NamedTuple):
    """What a model consists of, in the order of `Model`'s arguments."""

    circuit: Circuit
    readout: Readout
    encoder: Encoder | None
    labels: tuple[str, ...] | tuple[int, ...] | None
    neurons: int
    meta: dict[str, str]
    convolution: Convolution | None = None


def write(path: Path, parts: Parts) -> None:
    """Save the parts of a model at `path`, replacing the file whole.

    Raises:
        ModelFileError: the file can't be written there, or the encoder couldn't be read back.
    """
    try:
        write_atomic(path, to_bytes(parts))
    except (ValueError, OSError) as error:
        raise failure(f"save {_name(path)}", _why(path, error)) from error


def read(path: Path) -> Parts:
    """The parts of the model at `path`.

    Raises:
        ModelFileError: no file, no permission, or anything but the bytes that `write` wrote.
    """
    try:
        with open(path, "rb") as file:
            return _parts(*unpack(file))
    except (ValueError, OSError) as error:
        raise failure(f"load {_name(path)}", _why(path, error)) from error


def from_bytes(content: bytes) -> Parts:
    """The parts of the model that `to_bytes` gave.

    Raises:
        ModelFileError: anything but the bytes that `to_bytes` gave.
    """
    try:
        return _parts(*unpack(io.BytesIO(content)))
    except ValueError as error:
        raise failure("read a model from bytes", error) from error


def failure(attempt: str, why: object) -> ModelFileError:
    """The error that says what was tried and why it failed, however much of a file `why` quotes."""
    text = str(why)
    if len(text) > 2 * MOST_QUOTED:
        text = f"{text[:MOST_QUOTED]} ... {text[-MOST_QUOTED:]}"
    return ModelFileError(f"can't {attempt}: {text}")


def to_bytes(parts: Parts) -> bytes:
    """The file's content: equal parts give equal bytes, in every process.

    Raises:
        ContainerError: an encoder of a kind that `gategrad.encoding` doesn't know.
    """
    circuit, readout, encoder, labels, neurons, meta, convolution = parts
    config, state = (None, {}) if encoder is None else encoder.to_state()
    if encoder is not None:
        _encoder(config, state)
    header = {
        "encoder": config,
        "kind": readout.kind,
        "labels": None if labels is None else list(labels),
        "meta": dict(meta),
        "n_inputs": circuit.n_inputs,
        "n_state": 0,
        "neurons": neurons,
    }
    arrays = {name: _part_array(circuit, readout, name) for name in ARRAYS}
    arrays |= {ENCODER + name: array for name, array in state.items()}
    if convolution is not None:
        header[convolution_part.KEY], more = convolution_part.to_state(convolution)
        arrays |= more
    return pack(header, arrays)


def _parts(header: dict[str, Any], arrays: dict[str, NDArray]) -> Parts:
    _check_names("header", set(header) - {convolution_part.KEY}, HEADER)
    state = {name.removeprefix(ENCODER): arrays.pop(name) for name in _encoder_names(arrays)}
    by_kernels = {name: arrays.pop(name) for name in convolution_part.names(arrays)}
    _check_names("arrays", set(arrays), set(ARRAYS))
    check_dtypes(arrays, ARRAYS)
    if type(header["n_state"]) is not int or header["n_state"] != 0:
        raise ContainerError("its circuit has state: upgrade with pip install --upgrade gategrad")
    if type(header["neurons"]) is not int or not isinstance(header["meta"], dict):
        raise ContainerError("its neurons or meta are malformed; pass a file that Model.save wrote")
    if header["encoder"] is None and state:
        raise ContainerError(f"it has encoder arrays {sorted(state)} but no encoder")
    try:
        circuit = Circuit(header["n_inputs"], *(arrays[name] for name in list(ARRAYS)[:3]))
        readout = Readout(header["kind"], *(arrays[name] for name in list(ARRAYS)[3:]))
    except ValueError as error:
        raise ContainerError(str(error)) from error
    encoder = None if header["encoder"] is None else _encoder(header["encoder"], state)
    convolution = None
    if convolution_part.KEY in header or by_kernels:
        stages = header.get(convolution_part.KEY)
        convolution = convolution_part.from_state(stages, by_kernels, readout)
    rest = (header["labels"], header["neurons"], header["meta"], convolution)
    return Parts(circuit, readout, encoder, *rest)


def _encoder(config: Any, state: dict[str, NDArray]) -> Encoder:
    try:
        return from_state(config, state)
    except ValueError as error:
        raise ContainerError(str(error)) from error


def _encoder_names(arrays: dict[str, NDArray]) -> list[str]:
    return [name for name in arrays if name.startswith(ENCODER)]


def _part_array(circuit: Circuit, readout: Readout, name: str) -> NDArray:
    part, _, attribute = name.partition(".")
    return getattr(circuit if part == "circuit" else readout, attribute)


def _check_names(what: str, found: set[str], expected: set[str]) -> None:
    if found != expected:
        raise ContainerError(
            f"its {what}: {sorted(expected - found)} missing, {sorted(found - expected)} unknown; "
            "pass a file that Model.save wrote"
        )


def _name(path: Path) -> str:
    return repr(os.fspath(path))


def _why(path: Path, error: Exception) -> str:
    """The cause for people, with what to do about it."""
    if not isinstance(error, OSError):
        return str(error)
    directory = os.path.dirname(os.path.realpath(path))
    if isinstance(error, FileNotFoundError):
        if not os.path.isdir(directory):
            return f"there is no directory {directory!r}; create it first"
        return "there is no such file; check the name"
    reason = error.strerror or str(error)
    if isinstance(error, PermissionError):
        return f"{reason}; choose a place that you may use"
    return reason
