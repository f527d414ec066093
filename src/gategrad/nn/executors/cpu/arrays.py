"""Tensors as the native core takes them: checked, and memory that is used again."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor

from gategrad import _core

# From this size on, C libraries may take fresh pages from the system for every allocation.
_POOLED_BYTES = 1 << 17
_PLAIN = (Tensor, torch.nn.Parameter)
_TYPES = {
    torch.float32: _core.ScalarType.float32,
    torch.float64: _core.ScalarType.float64,
    torch.int32: _core.ScalarType.int32,
    torch.int64: _core.ScalarType.int64,
    torch.uint8: _core.ScalarType.uint8,
    torch.bool: _core.ScalarType.uint8,
}


def checked(
    tensor: Tensor, what: str, dtype: torch.dtype, shape: tuple[int, ...], *, rows: bool = False
) -> _core.Array:
    """A tensor's memory for the core, which computes with addresses.

    Called anew in the backward pass: what autograd saved may be converted or replaced since.

    Args:
        tensor: a plain one, on the CPU, contiguous, with its storage there; not a fake one or
            another subclass.
        what: its name in messages.
        dtype: expected.
        shape: expected.
        rows: only rows are contiguous, and may lie apart.

    Raises:
        RuntimeError: the tensor is none of that.
    """
    if (
        type(tensor) not in _PLAIN
        or tensor.dtype is not dtype
        or tensor.shape != shape
        or not tensor.is_cpu
        or not (rows or tensor.is_contiguous())
        or tensor.untyped_storage().nbytes() < tensor.nbytes
    ):
        raise RuntimeError(
            f"{what} is {_named(tensor)}; the native core expects a dense tensor {tuple(shape)}, "
            f"{dtype}, on the CPU; convert or replace tensors before the forward or after the "
            "backward pass, not between them"
        )
    return _core.Array(tensor.data_ptr(), _TYPES[dtype], shape)


def own(tensor: Tensor) -> _core.Array:
    """The memory of a tensor that nobody else has seen, made for the core by `pooled`."""
    return _core.Array(tensor.data_ptr(), _TYPES[tensor.dtype], tensor.shape)


def addresses(tensors: Iterable[Tensor]) -> list[int]:
    """Where tensors lie; 0 for those that have lost their memory."""
    return [tensor.data_ptr() for tensor in tensors]


def _named(tensor: Tensor) -> str:
    if type(tensor) not in _PLAIN:
        return f"a {type(tensor).__name__}"
    if tensor.layout is not torch.strided:
        return f"{tensor.layout}"
    alive = tensor.untyped_storage().nbytes() >= tensor.nbytes
    dense = "" if tensor.is_contiguous() else ", not contiguous"
    return (
        f"{tuple(tensor.shape)}, {tensor.dtype}, on {tensor.device}{dense}"
        f"{'' if alive else ', without its storage'}"
    )


def pooled(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """An uninitialized CPU tensor whose memory is used again once no tensor refers to it.

    It has floats or signed integers. Small ones are left to torch.
    """
    if math.prod(shape) * dtype.itemsize < _POOLED_BYTES:
        return torch.empty(shape, dtype=dtype, device="cpu")
    return torch.from_numpy(_core.borrow(shape, dtype.is_floating_point, dtype.itemsize))
