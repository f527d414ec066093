"""The part of a .gg file that holds a model's convolution: a JSON object and arrays."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gategrad.circuit import Circuit, Convolution, Kernels, Pool, Readout
from gategrad.circuit.convolution import Stage
from gategrad.circuit.kernels import Shape, sizes
from gategrad.model.container import Arrays, ContainerError, check_dtypes
from gategrad.model.errors import ModelError

KEY = "convolution"
_PREFIX = "convolution."
_TAIL: dict[str, type] = {
    "tail.fanin": np.uint32,
    "tail.table": np.uint64,
    "tail.outputs": np.uint32,
    "readout.indptr": np.int64,
    "readout.index": np.uint32,
    "readout.weight": np.int32,
    "readout.bias": np.int32,
}
_KERNELS: dict[str, type] = {"leaves": np.uint32, "table": np.uint64}
# What a stage says of itself, by its kind; of kernels also their two arrays.
_FIELDS = {
    "kernels": ("kernel_size", "stride", "padding", "depth", "inputs"),
    "pool": ("size", "stride"),
}


def names(arrays: Iterable[str]) -> list[str]:
    """Those of `arrays` that are of this part."""
    return [name for name in arrays if name.startswith(_PREFIX)]


def to_state(convolution: Convolution) -> tuple[dict[str, Any], Arrays]:
    """JSON values and arrays; scale, offset and kind of the readout are the model's."""
    tail, readout = convolution.tail, convolution.readout
    parts = {"tail": tail, "readout": readout}
    arrays = {name: getattr(parts[name.split(".")[0]], name.split(".")[1]) for name in _TAIL}
    stages = []
    for i, stage in enumerate(convolution.stages):
        kind = "pool" if isinstance(stage, Pool) else "kernels"
        stages.append({"kind": kind} | {name: getattr(stage, name) for name in _FIELDS[kind]})
        if isinstance(stage, Kernels):
            arrays |= {f"stages.{i}.{name}": getattr(stage, name) for name in _KERNELS}
    state = {"in_shape": convolution.in_shape, "stages": stages}
    return state, {_PREFIX + name: array for name, array in arrays.items()}


def from_state(state: Any, arrays: Arrays, readout: Readout) -> Convolution:
    """The convolution that `to_state` gave, of a model with this readout.

    Raises:
        ContainerError: anything else.
    """
    arrays = {name.removeprefix(_PREFIX): array for name, array in arrays.items()}
    if not isinstance(state, dict) or set(state) != {"in_shape", "stages"}:
        raise _malformed("it is no object of in_shape and stages")
    if not isinstance(state["stages"], list):
        raise _malformed("its stages are no list")
    expected = dict(_TAIL)
    for i, stage in enumerate(state["stages"]):
        if _kind(stage) == "kernels":
            expected |= {f"stages.{i}.{name}": dtype for name, dtype in _KERNELS.items()}
    if set(arrays) != set(expected):
        missing, unknown = sorted(set(expected) - set(arrays)), sorted(set(arrays) - set(expected))
        raise _malformed(f"arrays {missing} missing, {unknown} unknown")
    check_dtypes(arrays, expected)
    try:
        stages = tuple(_stage(stage, i, arrays) for i, stage in enumerate(state["stages"]))
        in_shape = sizes("in_shape", state["in_shape"], 3)
        tail = Circuit(_n_inputs(in_shape, stages), *_of(arrays, "tail.", _TAIL))
        indptr, index, weight, bias = _of(arrays, "readout.", _TAIL)
        sums = (indptr, index, weight, bias, readout.scale, readout.offset)
        own = Readout(readout.kind, *sums)
        return Convolution(in_shape, stages, tail, own)
    except (ValueError, TypeError) as error:
        raise _malformed(str(error)) from error


def check_convolution(convolution: Convolution, circuit: Circuit, readout: Readout) -> None:
    """Raise ModelError where a model's convolution can't be its circuit and readout."""
    if not isinstance(convolution, Convolution):
        raise ModelError(
            f"convolution is a {type(convolution).__name__}; expected a circuit.Convolution"
        )
    if convolution.n_inputs != circuit.n_inputs:
        raise ModelError(
            f"the convolution reads {convolution.n_inputs} bits, but the circuit takes "
            f"{circuit.n_inputs}; expected the same function"
        )
    own = convolution.readout
    same = all(
        np.array_equal(getattr(own, name), getattr(readout, name)) for name in ("scale", "offset")
    )
    if own.kind != readout.kind or not same:
        raise ModelError(
            "the convolution's readout has another kind, scale or offset than the model's; "
            "expected the same function"
        )


def _n_inputs(shape: Shape, stages: tuple[Stage, ...]) -> int:
    """Values of the last maps."""
    for stage in stages:
        shape = stage.out_shape(shape)
    return math.prod(shape)


def _kind(stage: Any) -> str:
    kind = stage.get("kind") if isinstance(stage, dict) else None
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise _malformed(f"a stage has kind {kind!r}; known: {', '.join(_FIELDS)}")
    if set(stage) != {"kind", *_FIELDS[kind]}:
        raise _malformed(f"a stage has the keys {sorted(stage)}")
    return kind


def _stage(stage: dict[str, Any], i: int, arrays: Arrays) -> Stage:
    fields = {name: stage[name] for name in _FIELDS[stage["kind"]]}
    if stage["kind"] == "pool":
        return Pool(**fields)
    return Kernels(arrays[f"stages.{i}.leaves"], arrays[f"stages.{i}.table"], **fields)


def _of(arrays: Arrays, prefix: str, order: Iterable[str]) -> list[NDArray]:
    """The arrays of that prefix in this order, which need not be the file's."""
    return [arrays[name] for name in order if name.startswith(prefix)]


def _malformed(why: str) -> ContainerError:
    return ContainerError(f"its convolution: {why}; pass a file that Model.save wrote")
