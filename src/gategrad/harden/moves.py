"""Wires as a tensor that can be moved and nothing else: what a forward pass is traced with."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from gategrad.harden.errors import DiscretizeError


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What only changes where values are.
MOVES = _names(
    "cat concat concatenate stack hstack dstack split split_with_sizes tensor_split hsplit chunk "
    "unbind __getitem__ index_select select narrow take_along_dim gather flatten unflatten ravel "
    "reshape reshape_as view view_as permute transpose swapaxes swapdims movedim moveaxis t T mT "
    "squeeze unsqueeze expand expand_as broadcast_to repeat tile repeat_interleave flip fliplr "
    "flipud roll rot90 unfold diagonal pad pixel_shuffle pixel_unshuffle channel_shuffle where "
    "contiguous clone __iter__ atleast_2d"
)
# What leaves bits as they are.
SAME = _names("float double half bfloat16 bool int long to type type_as cpu cuda detach")
# What says something of a tensor, and not of its values.
_ASKS = _names(
    "shape size ndim dim ndimension numel nelement __len__ stride is_contiguous layout names "
    "requires_grad is_cuda is_meta is_sparse is_quantized is_nested is_leaf grad_fn grad "
    "is_floating_point is_complex device storage_offset __hash__ __repr__"
)
# New tensors of 0s and 1s, in the shape of wires or beside them.
_NEW = _names("zeros_like ones_like new_zeros new_ones new_full full_like")
# Their further tensors say where, and are no wires.
_INDEXED = _names("__getitem__ index_select take_along_dim gather")


class Wires(Tensor):
    """Signals as numbers, int64, in the shape that the values have."""

    @classmethod
    def of(cls, numbers: Tensor) -> "Wires":
        """The tensor of int64 `numbers`."""
        return numbers.as_subclass(cls)

    def numbers(self) -> Tensor:
        """The plain tensor."""
        return self.as_subclass(Tensor)

    @classmethod
    def __torch_function__(
        cls,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Move wires; DiscretizeError for whatever computes."""
        name, kwargs = _name(func), kwargs or {}
        if name in ("as_subclass", "data_ptr"):
            return super().__torch_function__(func, types, args, kwargs)
        if name in SAME or (name == "dropout" and not _trains(args, kwargs)):
            return args[0]
        if name == "dtype":
            return torch.get_default_dtype()
        with torch._C.DisableTorchFunctionSubclass():
            if name in _ASKS:
                return func(*tree_map(_plain, args), **tree_map(_plain, kwargs))
            if name in _NEW:
                # As float: what is filled in may be no whole number.
                return func(_plain(args[0]).float(), *args[1:], **kwargs)
            if name not in MOVES:
                raise NotAMove(name.strip("_"))
            _check_fill(name, args, kwargs)
            strict = _plain if name in _INDEXED else _as_numbers
            first = 1 if name == "where" else 0
            args = (*tree_map(_plain, args[:first]), *tree_map(strict, args[first:]))
            moved = func(*args, **tree_map(_plain, kwargs))
        return tree_map(lambda part: cls.of(part) if isinstance(part, Tensor) else part, moved)


class NotAMove(Exception):
    """An operation that computes; its name."""


def constants(values: Tensor) -> Tensor:
    """Numbers of the signals of a tensor of 0s and 1s: false is 0 and true is 1.

    Raises:
        DiscretizeError: other values.
    """
    if not ((values == 0) | (values == 1)).all():
        raise DiscretizeError(
            "a tensor with values other than 0 and 1 is put beside wires; a circuit has no such "
            "constants"
        )
    return values.detach().cpu().to(torch.int64)


def _name(func: Callable[..., Any]) -> str:
    """Of a function or method of torch, or of the property that is read."""
    name = getattr(func, "__name__", str(func))
    return getattr(func.__self__, "__name__", name) if name == "__get__" else name


def _trains(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    return bool(kwargs.get("training", args[2] if len(args) > 2 else True))


def _check_fill(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Raise for numbers that are put among the wires, unless they are constants."""
    fills: tuple[Any, ...] = ()
    if name == "pad":
        fills = (kwargs.get("value", args[3] if len(args) > 3 else None),)
    elif name == "where":
        fills = tuple(value for value in args[1:] if not isinstance(value, Tensor))
    if any(fill not in (None, 0, 1) for fill in fills):
        raise DiscretizeError(f"{name} puts {fills[-1]} among wires; a circuit has only 0 and 1")


def _plain(part: Any) -> Any:
    return part.as_subclass(Tensor) if isinstance(part, Wires) else part


def _as_numbers(part: Any) -> Any:
    if isinstance(part, Wires):
        return part.as_subclass(Tensor)
    return constants(part) if isinstance(part, Tensor) else part
