"""Wires in 32 bits, and which pins read each wire; kept as long as the wiring does not change."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from gategrad.nn.constants import captured, traced

Made = TypeVar("Made")


class Readers(NamedTuple):
    """The pins that read each wire.

    Attributes:
        pins: int32 (pins,), positions in the flattened wires, those that read wire 0 first, rising
            within a wire.
        starts: int32 (n_wires + 1,), where in `pins` each wire begins.
    """

    pins: Tensor
    starts: Tensor


_kept_wires: WeakTensorKeyDictionary = WeakTensorKeyDictionary()
_kept_readers: WeakTensorKeyDictionary = WeakTensorKeyDictionary()
_identities: dict[tuple[int, torch.device], Tensor] = {}


def wires_of(wires: Tensor) -> Tensor:
    """Integer `wires` as contiguous int32."""
    if wires.dtype == torch.int32 and wires.is_contiguous():
        return wires
    return _kept(_kept_wires, wires, 0, lambda: wires.detach().to(torch.int32).contiguous())


def readers_of(wires: Tensor, n_wires: int) -> Readers:
    """Which pins read each of n_wires wires."""
    return _kept(_kept_readers, wires, n_wires, lambda: _readers(wires.detach(), n_wires))


def identity(n_pins: int, device: torch.device) -> Tensor:
    """Wires (2, n_pins / 2) int32 of gates whose pins were computed before, one row each."""
    key = n_pins, device
    if key in _identities and not traced():
        return _identities[key]
    with torch.inference_mode(False):
        made = torch.arange(n_pins, dtype=torch.int32, device=device).view(2, -1)
    if not (traced() or captured(device)):
        _identities[key] = made
    return made


def _readers(wires: Tensor, n_wires: int) -> Readers:
    ordered, pins = torch.sort(wires.reshape(-1), stable=True)
    borders = torch.arange(n_wires + 1, device=wires.device, dtype=wires.dtype)
    starts = torch.searchsorted(ordered, borders, out_int32=True)
    return Readers(pins.to(torch.int32), starts)


def _kept(
    store: WeakTensorKeyDictionary, wires: Tensor, n_wires: int, make: Callable[[], Made]
) -> Made:
    """What `make` gives, anew after a change of `wires` in place.

    No value is read by the host. What is made while a CUDA graph is captured is computed by the
    graph only, and so is not kept.
    """
    if wires.is_inference() or traced():
        return make()
    version = (wires._version, wires.data_ptr(), n_wires)
    found = store.get(wires)
    if found is not None and found[0] == version:
        return found[1]
    with torch.inference_mode(False), torch.no_grad():
        made = make()
    if not captured(wires.device):
        store[wires] = (version, made)
    return made
