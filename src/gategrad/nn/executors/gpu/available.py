"""Whether the Triton kernels can compute a layer, and if not, why."""

import os
from importlib.util import find_spec

import torch
from torch import Tensor

from gategrad.nn.checks import are_plain
from gategrad.nn.executors.gpu.run import run_convolution, run_layer
from gategrad.nn.executors.plan import Executor, Run
from gategrad.nn.executors.training_variable import VARIABLE, wanted_backend
from gategrad.nn.gates.parametrization import TableParametrization

DTYPES = (torch.float32, torch.bfloat16, torch.float16)
# Triton compiles for Turing and later.
_LEAST_CAPABILITY = (7, 5)
# Looked up once; nothing is imported by it.
_HAS_TRITON = find_spec("triton") is not None
# Pins and their candidates are numbered in 32 bits.
MOST_PINS = 1 << 31


class _Triton(Executor):
    name = "triton"

    def meant_for(self, device: torch.device) -> bool:
        return device.type == "cuda" or wanted_backend() == "triton"

    def label(self, device: torch.device) -> str:
        return f"triton ({device})"


class _Dense(_Triton):
    """One `LogicDense` layer, in `.eval()` too, on CUDA or in Triton's interpreter."""

    def reason(self, run: Run) -> str | None:
        """What keeps the layer from the kernels, or None.

        Raises:
            ValueError: GATEGRAD_TRAINING names no backend, or asks for Triton on the CPU without
                its interpreter.
        """
        if (backend := wanted_backend()) == "torch":
            return f"{VARIABLE} is {backend}"
        (layer,) = run.layers
        if (reason := why_not_here(run.x.device, layer.weight.device)) is not None:
            return reason
        if isinstance(layer.kind, TableParametrization):
            return "gates are interpolated tables"
        if layer.logic != "probabilistic":
            return f"logic={layer.logic!r} is no polynomial"
        if layer.weight.dtype not in DTYPES:
            return f"the weights are {layer.weight.dtype}"
        wires = 2 * layer.out_dim if layer.wiring is None else layer.wiring.candidates.numel()
        if wires >= MOST_PINS:
            return f"{wires} pins and candidates are more than 2**31 - 1"
        return None

    def run(self, run: Run) -> Tensor:
        (layer,) = run.layers
        return run_layer(layer, run.x)


class _Convolution(_Triton):
    """One `LogicConv2d`, likewise."""

    def reason(self, run: Run) -> str | None:
        """As `_Dense`."""
        if (backend := wanted_backend()) == "torch":
            return f"{VARIABLE} is {backend}"
        (layer,) = run.layers
        if (reason := why_not_here(run.x.device, layer.weight.device)) is not None:
            return reason
        if isinstance(layer.kind, TableParametrization):
            return "gates of a convolution are interpolated tables"
        if layer.wiring is not None and run.trains(layer) and not layer.frozen:
            return "a layer learns its wiring"
        if layer.weight.dtype not in DTYPES:
            return f"the weights are {layer.weight.dtype}"
        if not are_plain(run.x, layer.weight):
            return "tensors are no plain ones"
        about = layer.describe()
        if max(about.n_in, about.positions * about.n_gates) >= MOST_PINS:
            return "a map has more than 2**31 - 1 values"
        return None

    def run(self, run: Run) -> Tensor:
        (layer,) = run.layers
        return run_convolution(layer, run.x)


TRITON, TRITON_CONV = _Dense(), _Convolution()


def why_not_here(*devices: torch.device) -> str | None:
    """What keeps values on these devices from Triton, or None; ValueError as above."""
    if all(device.type == "cpu" for device in devices) and wanted_backend() == "triton":
        if not _HAS_TRITON or os.environ.get("TRITON_INTERPRET") != "1":
            raise ValueError(
                f"{VARIABLE}=triton on the CPU is Triton's interpreter, for tests; it needs triton "
                "and TRITON_INTERPRET=1 before Python starts"
            )
        return None
    for device in devices:
        if device.type != "cuda":
            return f"a tensor is on {device}"
    if devices[0] != devices[-1]:
        return f"tensors are on {devices[0]} and {devices[-1]}"
    if not _HAS_TRITON:
        return "triton is not installed: pip install triton"
    if torch.cuda.get_device_capability(devices[0]) < _LEAST_CAPABILITY:
        return f"{devices[0]} is older than Triton supports"
    return None
